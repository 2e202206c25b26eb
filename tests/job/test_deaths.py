import re
import signal

import pytest

from common.job import deaths
from common.job.deaths import cause_of_death, kills_for_memory
from common.job.failure import told_as


def test_the_kernels_count_is_read_from_either_kind_of_group(tmp_path, monkeypatch):
    newer, older = tmp_path / "memory.events", tmp_path / "memory.oom_control"
    monkeypatch.setattr(deaths, "_EVENTS", (newer, older))
    assert kills_for_memory() is None
    older.write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n")
    assert kills_for_memory() == 4
    newer.write_text("low 0\nmax 9\noom 3\noom_kill 2\n")
    assert kills_for_memory() == 2


@pytest.mark.parametrize(
    ("status", "before", "after", "told"),
    [
        (-signal.SIGKILL, 1, 2, "ClientError: x.py ran out of memory: .*512 MB.*smaller batch"),
        (-signal.SIGKILL, None, None, r"ClientError: x.py was killed, most likely .*memory"),
        (-signal.SIGKILL, 1, 1, r"AlgorithmError: x.py was killed from outside .*checkpoint"),
        (
            -signal.SIGTERM,
            0,
            0,
            r"AlgorithmError: interrupted: .*SIGTERM.* while x.py was starting or ending",
        ),
        (-signal.SIGSEGV, 0, 0, r"AlgorithmError: x.py crashed \(SIGSEGV\)"),
        (3, 0, 0, r"AlgorithmError: x.py ended with status 3"),
    ],
)
def test_each_death_has_its_cause_and_remedy(monkeypatch, status, before, after, told):
    monkeypatch.setattr(deaths, "memory_limit", lambda: 512 << 20)
    message = told_as(cause_of_death("x.py", status, before, after))
    assert re.match(told, message)
    assert "\n" not in message
