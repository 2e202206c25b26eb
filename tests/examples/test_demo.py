import json
import runpy
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "examples/demo.py"


def test_help_explains_and_runs_nothing():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0
    assert "The whole way, once" in done.stdout
    assert "train the text model" not in done.stdout


def test_a_figure_that_is_undefined_is_a_dash(tmp_path):
    demo = runpy.run_path(str(SCRIPT))
    found = {name: {"value": 0.5, "interval": [0.25, 0.75]} for name in demo["FIGURES"]}
    found["pq"] = {"value": None, "interval": None}
    (tmp_path / "metrics.json").write_text(json.dumps({"metrics": found}))
    lines = demo["figures"](tmp_path / "metrics.json").splitlines()
    assert "panoptic quality                        –" in lines[3]
    assert lines[0].endswith("0.500  (0.250 – 0.750)")
