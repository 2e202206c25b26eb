import threading

import pytest

from common.training.prefetch import Prefetched


def test_it_is_the_sequence_of_what_is_made():
    squares = Prefetched(lambda n: n * n, range(7))
    assert len(squares) == 7
    assert list(squares) == list(squares) == [0, 1, 4, 9, 16, 25, 36]
    assert squares[3] == 9
    assert list(squares[5:]) == [25, 36]
    assert not list(Prefetched(lambda n: n, []))


def test_what_comes_next_is_made_while_the_first_is_used_and_no_more():
    """The second is made though nobody asks for it; the fourth waits until somebody does."""
    made = [threading.Event() for _ in range(9)]
    using = iter(Prefetched(lambda n: made[n].set(), range(9)))
    next(using)
    assert made[2].wait(timeout=30)
    using.close()  # waits for what is under way
    assert not any(event.is_set() for event in made[3:])


def test_a_failure_comes_when_its_turn_comes():
    def make(n):
        return 1 // (2 - n)

    using = iter(Prefetched(make, range(5)))
    assert next(using) == 0
    assert next(using) == 1
    with pytest.raises(ZeroDivisionError):
        next(using)


def test_no_thread_is_left():
    before = threading.active_count()
    for number in Prefetched(lambda n: n, range(5)):
        if number == 2:
            break
    del number
    assert threading.active_count() == before
