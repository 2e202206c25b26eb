"""What this machine's processor can do."""

from __future__ import annotations

from pathlib import Path

_BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def multiplies_bfloat16(root: Path = Path("/")) -> bool:
    """Whether it has instructions for bfloat16; without them it would be slower than float32.

    Args:
        root: where `proc` is.
    """
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16.isdisjoint(flags.split())
