from importlib import metadata

import pytest

from common.job import gpus
from common.job.errors import ClientError
from common.job.gpus import _gpus, refuse_missing_driver, refuse_unsupported_gpus


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """An `nvidia-smi` that tells of the GPUs it is given."""

    def tells(*lines):
        program = tmp_path / "nvidia-smi"
        program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return tells


def test_the_variant_for_gpus_alone_needs_the_driver(monkeypatch):
    monkeypatch.setattr(gpus, "_DRIVER", "libnothing-of-the-kind.so.1")
    refuse_missing_driver()  # mxnet for the CPU is installed
    monkeypatch.setattr(metadata, "version", lambda name: "1.9.1")
    with pytest.raises(ClientError, match=r"no NVIDIA driver here \(libnothing.*cpu variant"):
        refuse_missing_driver()
    monkeypatch.setattr(gpus, "_DRIVER", "libc.so.6")
    refuse_missing_driver()


def test_without_a_driver_there_is_nothing_to_refuse(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _gpus() == []
    refuse_unsupported_gpus()


@pytest.mark.parametrize(
    "gpu", ["Tesla V100-SXM2-16GB, 7.0", "Tesla T4, 7.5", "NVIDIA A10G, 8.6", "NVIDIA L4, 8.9"]
)
def test_gpus_with_kernels_are_taken(driver, gpu):
    driver(gpu, gpu)
    assert _gpus() == [tuple(gpu.split(", "))] * 2
    refuse_unsupported_gpus()


@pytest.mark.parametrize("gpu", ["Tesla K80, 3.7", "NVIDIA H100 80GB HBM3, 9.0"])
def test_gpus_without_are_refused_by_name(driver, gpu):
    driver(gpu, gpu, "Tesla T4, 7.5")
    name = gpu.split(",")[0]
    with pytest.raises(ClientError, match=f"^no kernels for {name} .*T4 .g4dn") as refused:
        refuse_unsupported_gpus()
    assert str(refused.value).count(name) == 1


def test_a_driver_that_fails_is_mxnets_to_complain_of(driver, tmp_path):
    driver()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho broken\nexit 9\n")
    assert _gpus() == []
    refuse_unsupported_gpus()
