"""What docs/container.md says of an image in figures: how soon a job learns, what serving holds.

PYTHONPATH=src:. .venv/bin/python -m tests.container.figures document-ensemble:cpu
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.container.engine import Container
from tests.container.faults import EPOCH
from tests.container.jobs import lay_out, run_job, start_job
from tests.contract.ensembles import CHANNELS, SMALL
from tests.contract.faulty import setting, sound_job
from tests.contract.test_toolkit import as_sagemaker_uploads
from tests.sample import SAMPLE

PAGES = 25
ASK = """
import urllib.request as r
q = r.Request("http://127.0.0.1:8080/invocations", open("/pages.json", "rb").read(),
              {"Content-Type": "application/json"})
r.urlopen("http://127.0.0.1:8080/ping"), r.urlopen(q).read()
"""
# Of each Python, the resident set, and its share of pages that processes have in common.
HELD = """
import pathlib
for p in sorted(pathlib.Path("/proc").glob("[0-9]*"), key=lambda p: int(p.name)):
    if (p / "exe").resolve().name.startswith("python") and p.name != "self":
        name = (p / "cmdline").read_bytes().replace(bytes(1), b" ").decode()[:60]
        sizes = (line.split() for line in (p / "smaps_rollup").read_text().splitlines()[1:])
        held = {words[0]: int(words[1]) * 1024 / 1e6 for words in sizes}
        print(f"{held['Rss:']:.0f} MB resident, its share {held['Pss:']:.0f} MB: {name}")
"""


def seconds_to_first_epoch(image: str, kind: str, root: Path, times: int) -> list[float]:
    """From `docker run` to the end of an epoch that is one batch of 16 pages."""
    seconds = []
    for turn in range(times):
        job = sound_job(root / f"{kind}-{turn}", kind, {})
        program = {"sagemaker_program": f"train_{kind}.py"}
        setting(**program, folds="0", batch_size="16", epochs="1000")(job)
        job.finish()
        (job.base / "checkpoints").mkdir()
        container = start_job(image, job.base)
        container.wait_for(EPOCH)
        seconds.append(time.monotonic() - container.begun)
        container.remove()
        container.wait()
    return seconds


def trained_ensemble(image: str, root: Path) -> Path:
    """The model folder of the sample's three jobs."""
    channels = dict(CHANNELS)
    for kind in ("text", "image", "sequence"):
        base = lay_out(root / kind, kind, channels, **SMALL[kind])
        ended = run_job(image, base, channels)
        if ended.status != 0:
            raise SystemExit(ended.log)
        channels[kind] = as_sagemaker_uploads(base, root / "s3" / kind)
    return root / "sequence/model"


def held_by_serving(image: str, ensemble: Path, root: Path) -> list[str]:
    """Each process and its memory, once pages of the sample have been judged."""
    pages = [json.loads(line) for line in (SAMPLE / "test/pages.jsonl").open(encoding="utf-8")]
    for page in pages:
        page["image"] = base64.b64encode((SAMPLE / "test" / page["image"]).read_bytes()).decode()
    asked = root / "pages.json"
    asked.write_text(json.dumps({"pages": pages[:PAGES]}), encoding="utf-8")
    flags = ["--network", "none", "-e", "OMP_NUM_THREADS=1"]
    flags += ["-v", f"{ensemble}:/opt/ml/model:ro", "-v", f"{asked}:/pages.json:ro"]
    server = Container(image, flags, ["serve"])
    try:
        server.ask(["python", "-c", ASK])
        told = server.ask(["python", "-c", HELD]).splitlines()
        return [line for line in told if "opt/" in line]
    finally:
        server.remove()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        for kind in ("text", "image"):
            seconds = seconds_to_first_epoch(arguments.image, kind, root, arguments.times)
            least, middle = min(seconds), statistics.median(seconds)
            print(f"train_{kind}.py: first batch after {least:.1f} s, median {middle:.1f} s")
        ensemble = trained_ensemble(arguments.image, root / "ensemble")
        print(*held_by_serving(arguments.image, ensemble, root), sep="\n")


if __name__ == "__main__":
    main()
