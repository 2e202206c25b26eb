"""The least that an image has to do before it is pushed: train, and answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.container.engine import Container, run
from tests.container.jobs import lay_out, run_job
from tests.contract.ensembles import CHANNELS, SMALL
from tests.contract.programs import SRC, files_below
from tests.contract.test_toolkit import as_sagemaker_uploads

pytestmark = pytest.mark.slow
ASK = (
    "import urllib.request as r;"
    "q = r.Request('http://127.0.0.1:8080/invocations', open('/page.json', 'rb').read(),"
    " {'Content-Type': 'application/json'});"
    "print(r.urlopen('http://127.0.0.1:8080/ping').status, r.urlopen(q).read().decode())"
)


@pytest.fixture(scope="module")
def ensemble(image, tmp_path_factory) -> Path:
    """The model folder of one-epoch jobs, text and sequence, trained with no network."""
    root = tmp_path_factory.mktemp("smoke")
    channels = dict(CHANNELS)
    for kind in ("text", "sequence"):
        settings = {**SMALL[kind], "epochs": 1}
        base = lay_out(root / kind, kind, channels, **settings)
        ended = run_job(image, base, channels)
        assert ended.status == 0, ended.log
        assert "manifest.json" in files_below(base / "model")
        channels["text"] = as_sagemaker_uploads(base, root / "s3")
    return root / "sequence/model"


def test_one_epoch_trains_with_no_network(ensemble):
    assert (ensemble / "sequence").is_dir()


def test_it_serves_where_there_is_a_server(image, ensemble, tmp_path):
    """A server in the sources and none on the PATH is a fault too."""
    has = run(image, ["--network", "none"], ["sh", "-c", "command -v serve"]).status == 0
    assert has == (SRC / "serve.py").exists()
    if not has:
        return
    page = tmp_path / "page.json"
    page.write_text('{"pages": [{"text": "Rechnung Nr. 17"}, {"text": "Kaufvertrag"}]}')
    mounted = ["-v", f"{ensemble}:/opt/ml/model:ro", "-v", f"{page}:/page.json:ro"]
    server = Container(image, ["--network", "none", *mounted], ["serve"])
    try:
        answer = server.ask(["python", "-c", ASK])
        assert answer.startswith("200 ")
        assert '"segments"' in answer
        server.signal("TERM")
        assert server.wait(60).status == 0
    finally:
        server.remove()
