import pytest

from common.job.processor import multiplies_bfloat16


@pytest.mark.parametrize(
    ("flags", "can"),
    [("fpu avx2 avx512f", False), ("avx512f avx512_bf16", True), ("amx_bf16 fpu", True)],
)
def test_it_is_told_by_the_flags(tmp_path, flags, can):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(
        f"processor\t: 0\nmodel name\t: avx512_bf16 look-alike\nflags\t\t: {flags}\n"
    )
    assert multiplies_bfloat16(tmp_path) == can


def test_who_tells_nothing_has_nothing(tmp_path):
    assert not multiplies_bfloat16(tmp_path)
