import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements/check_python.py"


def check(monkeypatch, version: tuple[int, ...], implementation: str = "cpython") -> int:
    monkeypatch.setattr(sys, "version_info", version)
    own = {**vars(sys.implementation), "name": implementation}
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(**own))
    found = runpy.run_path(str(SCRIPT))
    found["main"].__globals__["lacking"] = lambda: ()
    return found["main"]()


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 10, 20), (3, 11, 2), (3, 11, 13)])
def test_what_can_run_the_project_is_let_through(monkeypatch, capsys, version):
    assert check(monkeypatch, version) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("version", [(3, 9, 20), (3, 12, 1)])
def test_another_python_is_refused(monkeypatch, capsys, version):
    assert check(monkeypatch, version) == 1
    assert "CPython 3.10 or 3.11" in capsys.readouterr().err


def test_another_implementation_is_refused(monkeypatch, capsys):
    assert check(monkeypatch, (3, 11, 9), "pypy") == 1
    assert "CPython 3.10 or 3.11" in capsys.readouterr().err
