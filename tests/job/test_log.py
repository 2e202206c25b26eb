import io
import json
import logging
import sys
from importlib import metadata

import numpy as np
import pytest

from common.job import log
from common.job.hyperparameters import Hyperparameters


@pytest.fixture(autouse=True)
def handlers_as_they_were():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_versions_come_first_and_then_the_hyperparameters(capsys):
    log.start(Hyperparameters(seed=7))
    versions, hyperparameters = capsys.readouterr().err.splitlines()
    assert versions.startswith("python 3.")
    assert f"numpy {np.__version__}" in versions
    assert json.loads(hyperparameters.removeprefix("hyperparameters ")) == {"seed": 7}


def test_the_log_leaves_standard_output_to_the_metrics(capsys):
    log.configure()
    log.logger.info("said")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "said\n")


def test_a_package_that_is_not_there_is_left_out(monkeypatch):
    def version(name: str) -> str:
        if name == "mxnet-cu117":
            raise metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    assert set(log.package_versions()) == {"python", *log.PACKAGES} - {"mxnet-cu117"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "drawn"), [(io.StringIO, False), (Terminal, True)])
def test_a_progress_bar_is_drawn_on_a_terminal_only(monkeypatch, stream, drawn):
    monkeypatch.setattr(sys, "stderr", stream())
    assert list(log.progress([1, 2], what="pages", unit="page")) == [1, 2]
    assert ("pages" in sys.stderr.getvalue()) == drawn
