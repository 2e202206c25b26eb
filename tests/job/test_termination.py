import os
import signal
import time
from collections.abc import Iterator

import pytest

from common.job.termination import deferred_termination, terminate


@pytest.fixture(autouse=True)
def handled() -> Iterator[None]:
    """SIGTERM as a job has it, before, and found again after each test."""
    before = signal.signal(signal.SIGTERM, terminate)
    yield
    assert signal.getsignal(signal.SIGTERM) is terminate
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    signal.signal(signal.SIGTERM, before)


def ask():
    os.kill(os.getpid(), signal.SIGTERM)


def ended(action):
    """Run `action`, which is ended by the platform."""
    with pytest.raises(KeyboardInterrupt, match=r"the platform ended the job \(SIGTERM\)"):
        action()


def test_outside_it_ends_the_job_at_once():
    def action():
        ask()
        time.sleep(600)

    ended(action)


def test_within_it_waits_until_the_end():
    told = []

    def action():
        with deferred_termination() as asked_to_end:
            told.append(asked_to_end())
            ask()
            told.append(asked_to_end())

    ended(action)
    assert told == [False, True]


def test_who_was_not_asked_goes_on():
    with deferred_termination() as asked_to_end:
        assert not asked_to_end()


def test_asked_once_more_it_ends_at_once():
    reached = []

    def action():
        with deferred_termination():
            ask()
            reached.append("after the first")
            ask()
            reached.append("after the second")

    ended(action)
    assert reached == ["after the first"]


def test_it_does_not_wait_for_ever():
    def action():
        with deferred_termination(grace=0.05):
            ask()
            time.sleep(600)

    ended(action)


def test_a_failure_meanwhile_is_the_failure():
    def action():
        with deferred_termination():
            ask()
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        action()
