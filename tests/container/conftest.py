"""The image under test, and the table of faults that its tests fill."""

from pathlib import Path

import pytest
from tests.container.faults import FAULTS

ROWS = pytest.StashKey[dict]()
HEAD = ("fault", "exit", "first line of the failure file", "left behind", "seconds to end")
BEGIN, END = "<!-- table: make test-container -->", "<!-- end of table -->"


@pytest.fixture(scope="session")
def image(request) -> str:
    return request.config.getoption("--image")


@pytest.fixture(scope="session")
def gpu_image(request) -> str:
    return request.config.getoption("--gpu-image")


def pytest_ignore_collect(collection_path, config):
    if collection_path.name == "test_gpu.py" and not config.getoption("--gpu-image"):
        return True
    return None


@pytest.fixture
def record_fault(request):
    """Takes down how a fault ended, for the table."""
    rows = request.config.stash.setdefault(ROWS, {})
    return lambda name, outcome: rows.__setitem__(name, outcome.cells)


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(ROWS, {})
    if not rows:
        return
    terminalreporter.write_line(as_markdown(rows))
    if file := config.getoption("--write-table"):
        put_between_marks(file, rows)


def as_markdown(rows) -> str:
    lines = [HEAD, ("---",) * len(HEAD)]
    lines += [(name, *(cell.replace("|", "/") for cell in cells)) for name, cells in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def put_between_marks(file: Path, rows) -> None:
    """Renew the rows of a file's table, and leave those of faults that were not tried."""
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    cells = [line.strip("| ").split(" | ") for line in old.splitlines() if line.startswith("|")]
    merged = {name: tuple(others) for name, *others in cells[2:]} | rows
    ordered = {name: merged[name] for name in FAULTS if name in merged}
    file.write_text(f"{before}{BEGIN}\n{as_markdown(ordered)}\n{END}{after}", encoding="utf-8")
