"""The GPU variant where there is no GPU: all that it needs is there but the driver."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.container.engine import run
from tests.container.jobs import lay_out, run_job
from tests.contract.ensembles import CHANNELS, SMALL
from tests.contract.programs import files_below

pytestmark = pytest.mark.slow
LDD = "ldd /opt/venv/lib/python3*/site-packages/mxnet/libmxnet.so"
REPORT = """
import ctypes, glob
from common.training import devices
import mxnet
has = mxnet.runtime.Features().is_enabled
major, minor = ctypes.c_int(), ctypes.c_int()
# The run-time library asks the driver before it tells its version; the compiler does not.
ctypes.CDLL("libnvrtc.so.11.2").nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
cudnn = ctypes.CDLL("libcudnn.so.8").cudnnGetVersion()
print("SAYS", has("CUDA"), has("CUDNN"), major.value, minor.value, cudnn)
print("GPUS", mxnet.context.num_gpus())
"""


@pytest.fixture(scope="session")
def stub(tmp_path_factory) -> list[str]:
    """Flags that give a container the driver of tests."""
    folder = tmp_path_factory.mktemp("driver")
    source, library = Path(__file__).with_name("stub_cuda.c"), folder / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    return ["-v", f"{folder}:/driver:ro", "-e", "LD_LIBRARY_PATH=/driver"]


def test_every_library_resolves_but_the_drivers(gpu_image):
    ended = run(gpu_image, ["--network", "none"], ["sh", "-c", LDD])
    lines = ended.log.splitlines()
    assert [line.split()[0] for line in lines if "not found" in line] == ["libcuda.so.1"]
    for name in ("libcublas.so.11", "libcudnn.so.8", "libcufft.so.10", "libnccl.so.2"):
        assert any(name in line and "/opt/venv/" in line for line in lines)


def test_with_a_driver_it_reports_cuda_and_cudnn(gpu_image, stub):
    ended = run(gpu_image, ["--network", "none", *stub], ["python", "-c", REPORT])
    assert "SAYS True True 11 7 8500" in ended.log
    assert "GPUS 0" in ended.log


def test_with_a_driver_that_knows_no_gpu_it_trains_on_the_cpu(gpu_image, stub, tmp_path):
    base = lay_out(tmp_path, "image", CHANNELS, **SMALL["image"])
    ended = run_job(gpu_image, base, CHANNELS, stub)
    assert ended.status == 0, ended.log
    assert "manifest.json" in files_below(base / "model")
    assert "mxnet-cu117 1.9.1" in ended.log


def test_without_a_driver_a_job_says_that_it_is_the_wrong_image(gpu_image, tmp_path):
    base = lay_out(tmp_path, "text", CHANNELS, **SMALL["text"])
    ended = run_job(gpu_image, base, CHANNELS)
    assert ended.status == 1
    first = (base / "output/failure").read_text().splitlines()[0]
    assert first.startswith("ClientError: there is no NVIDIA driver here (libcuda.so.1)")
    assert files_below(base / "model") == {}


def test_no_driver_is_shipped(gpu_image):
    script = "find / -xdev -name 'libcuda.so*' -o -xdev -name 'libnvidia-ml*'"
    ended = run(gpu_image, ["--network", "none"], ["sh", "-c", script])
    assert ended.log == ""
