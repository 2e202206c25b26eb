"""GPUs that the container's MXNet has no compiled kernels for, refused before anything is read."""

from __future__ import annotations

import ctypes
import subprocess
from importlib import metadata

from common.job.errors import ClientError

# Of the wheel mxnet-cu117 1.9.1: these generations, and no PTX to compile for others from.
_COMPILED = {"5.0", "6.0", "7.0", "8.0", "8.6"}
_DRIVER = "libcuda.so.1"
_WORKING = "V100 (p3), T4 (g4dn), A100 (p4d), A10G (g5), L4 and L40S (g6, g6e)"


def refuse_missing_driver() -> None:
    """Check that MXNet for GPUs finds the driver's library, without which it cannot be imported.

    Raises:
        ClientError: it does not.
    """
    try:
        metadata.version("mxnet-cu117")
        ctypes.CDLL(_DRIVER)
    except metadata.PackageNotFoundError:
        return
    except OSError as error:
        raise ClientError(
            f"there is no NVIDIA driver here ({_DRIVER}), and this image is the variant for GPUs. "
            f"Take an instance with one of {_WORKING}, or the image's cpu variant."
        ) from error


def refuse_unsupported_gpus() -> None:
    """Check the GPUs that the driver tells of.

    Raises:
        ClientError: one of them cannot be used; it names those that can.
    """
    problems = [
        f"{name} (compute capability {capability})"
        for name, capability in _gpus()
        if not _runs(capability)
    ]
    if problems:
        raise ClientError(
            f"no kernels for {', '.join(sorted(set(problems)))}: MXNet 1.9.1 has none that run "
            f"there. Take an instance with one of {_WORKING}."
        )


def _runs(capability: str) -> bool:
    """Kernels run on later GPUs of the same major generation."""
    major, minor = (int(part) for part in capability.split("."))
    compiled = [tuple(map(int, one.split("."))) for one in _COMPILED]
    return any(major == known and minor >= least for known, least in compiled)


def _gpus() -> list[tuple[str, str]]:
    """(name, compute capability) of each GPU; none without a driver."""
    query = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = (line.rpartition(",")[::2] for line in told.stdout.splitlines() if "," in line)
    return [(name.strip(), capability.strip()) for name, capability in pairs]
