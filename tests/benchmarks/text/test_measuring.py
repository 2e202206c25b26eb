import sys

import pytest
from benchmarks.text.measuring import run

TALKS = """
import os, sys, time
print("up", flush=True)
time.sleep(0.3)
print(os.environ["WORD"], file=sys.stderr, flush=True)
"""
GROWS = "block = b'x' * 900_000_000; del block"
GOES_ON = """
import time
print("one", flush=True); print("two", flush=True)
time.sleep(60)
"""


def test_lines_have_the_times_at_which_they_came():
    found = run([sys.executable, "-c", TALKS], {"WORD": "later"})
    assert [line for _, line in found.lines] == ["up", "later"]
    (first, _), (second, _) = found.lines
    assert 0 < found.start == first <= second - 0.25
    assert second <= found.seconds


def test_the_peak_is_the_most_that_was_ever_held():
    peak = run([sys.executable, "-c", GROWS], {}).peak_bytes
    assert 900e6 < peak < 930e6  # the block, and an interpreter


def test_processor_time_does_not_count_sleep():
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    idle = "import time\ntime.sleep(0.5)"
    waits, works = (
        run([sys.executable, "-c", f"{code}\nprint()"], {}, clock="processor")
        for code in (idle, busy)
    )
    assert waits.seconds < 0.4
    assert 0.48 <= works.lines[0][0] <= works.seconds + 0.02  # the kernel counts ticks
    assert waits.lines[0][0] < 0.4


def test_a_failure_is_told_with_its_last_lines():
    with pytest.raises(RuntimeError, match=r"exit status 3\nwhy$"):
        run([sys.executable, "-c", "print('why'); raise SystemExit(3)"], {})
