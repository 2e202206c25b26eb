"""None of them hangs, none lies, none loses a finished checkpoint."""

from __future__ import annotations

import re

import pytest
from tests.container.bench import Bench
from tests.container.faults import EPOCH, FAULTS, Fault

pytestmark = pytest.mark.slow


def pytest_generate_tests(metafunc):
    every = metafunc.config.getoption("--all-faults")
    names = [name for name, fault in FAULTS.items() if every or fault.quick]
    metafunc.parametrize("name", names)


@pytest.fixture(scope="module")
def bench(image, tmp_path_factory):
    made = Bench(image, tmp_path_factory.mktemp("faults"))
    yield made
    made.close()


def test_a_fault_ends_as_it_has_to(bench, name, tmp_path, record_fault):
    fault = FAULTS[name]
    outcome = bench.happen(fault, tmp_path / "ml")
    record_fault(name, outcome)
    statuses = [one.status for one in outcome.ended]
    log = "\n\n".join(one.log for one in outcome.ended)
    assert None not in statuses, f"it hung: {log}"
    for status in statuses:
        assert status in fault.status or (fault.hosts > 1 and status in (1, 137)), log
    if 0 in statuses:
        assert re.match("artifact(,|;|$)", outcome.left), log
        assert outcome.failure == ""
    else:
        refuse_untold(fault, outcome.failure, log)
        if fault.act is None:  # else it may have come when all was written
            assert "artifact" not in outcome.left
        assert "PART" not in outcome.left
    if fault.checkpoints:
        assert "checkpoint" in outcome.left
    if fault.resumes and 0 not in statuses:
        refuse_lost_work(bench, fault, tmp_path / "ml", log)


def refuse_untold(fault: Fault, failure: str, log: str) -> None:
    """The file says the cause in its first line, the log all, also where there can be no file."""
    if fault.tells:
        assert failure.startswith(f"{fault.cause}: "), log
        assert len(failure) <= 1024
    if 137 not in fault.status or fault.tells:
        assert not fault.tells or fault.says[0] in failure, log
        for part in fault.says:  # the file has an end
            assert part in log, log


def refuse_lost_work(bench: Bench, fault: Fault, base, log: str) -> None:
    """Started again, the job goes on where it was, and leaves what it would have left."""
    told = len(re.findall(EPOCH, log, flags=re.MULTILINE))
    again, model = bench.start_again(fault, base)
    assert again.status == 0, again.log
    if told > 1:
        resumed = re.search(r"resumed after epoch (\d+)", again.log)
        assert resumed, again.log
        assert int(resumed[1]) >= told - 1
    assert model == bench.undisturbed(fault)
