"""Who is asked, with workers that are played by objects of this process."""

from dataclasses import dataclass, field
from time import monotonic
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event

from common.job.errors import AlgorithmError, ClientError
from common.serving import workers as module
from common.serving.exchange import Question, Reply
from common.serving.problems import Problem
from common.serving.settings import read_settings
from common.serving.workers import ModelWorkers


@dataclass
class Played:
    """A worker that replies with what it was sent, or dies of b"deadly"."""

    may_answer: Event
    asked: list[list[bytes]]
    lives: bool = True
    end: str = "played"
    process: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(pid=1))

    def ask(self, questions, seconds):
        bodies = [question.body for question in questions]
        self.asked.append(bodies)
        self.may_answer.wait()
        if b"deadly" in bodies:
            raise EOFError
        return [Reply(body) for body in bodies]

    def kill(self):
        self.lives = False


@pytest.fixture
def may_answer():
    event = Event()
    event.set()
    return event


@pytest.fixture
def asked():
    return []


@pytest.fixture
def crew(monkeypatch, may_answer, asked):
    """One worker at a time."""
    monkeypatch.setattr(module, "start_worker", lambda *_: Played(may_answer, asked))
    monkeypatch.setattr(module, "_SLOWEST_START", 0.01)
    crew = ModelWorkers(read_settings("", ["--workers", "1", "--timeout", "20"], {}))
    crew.start()
    yield crew
    crew.stop()


def question(body):
    return Question(body, "application/json", "application/json", pages=False, n_best=1)


def ask(crew, body):
    reply, _ = crew.ask(question(body), monotonic() + 20)
    return reply.problem.code if reply.problem else reply.body


def test_what_waits_while_a_worker_is_busy_goes_through_it_together(crew, may_answer, asked):
    may_answer.clear()
    first = gevent.spawn(ask, crew, b"0")
    gevent.sleep(0.05)
    others = [gevent.spawn(ask, crew, b"%d" % number) for number in range(1, 40)]
    gevent.sleep(0.05)
    may_answer.set()
    assert [one.get() for one in (first, *others)] == [b"%d" % number for number in range(40)]
    assert list(map(len, asked)) == [1, 16, 16, 7]


def test_large_requests_do_not_pile_up_in_one_worker(crew, may_answer, asked):
    may_answer.clear()
    large = bytes(5 << 20)
    first = gevent.spawn(ask, crew, b"0")
    gevent.sleep(0.05)
    waiting = [gevent.spawn(ask, crew, large) for _ in range(4)]
    gevent.sleep(0.05)
    may_answer.set()
    gevent.joinall([first, *waiting])
    assert list(map(len, asked)) == [1, 2, 2]


def test_what_was_there_when_a_worker_died_is_tried_again_alone(crew, may_answer, asked):
    may_answer.clear()
    first = gevent.spawn(ask, crew, b"first")
    gevent.sleep(0.05)
    bodies = [b"a", b"deadly", b"b"]
    others = [gevent.spawn(ask, crew, body) for body in bodies]
    gevent.sleep(0.05)
    may_answer.set()
    assert first.get() == b"first"
    assert [one.get() for one in others] == [b"a", "worker_died", b"b"]
    assert asked == [[b"first"], bodies, [b"a"], [b"deadly"], [b"b"]]


def test_nobody_works_for_a_client_that_has_given_up(crew, may_answer, asked):
    may_answer.clear()
    first = gevent.spawn(ask, crew, b"first")
    gevent.sleep(0.05)
    with pytest.raises(Problem, match="no answer within") as caught:
        crew.ask(question(b"late"), monotonic() + 0.05)
    assert (caught.value.status, caught.value.code) == (503, "too_slow")
    may_answer.set()
    assert first.get() == b"first"
    assert ask(crew, b"next") == b"next"
    assert asked == [[b"first"], [b"next"]]


def test_a_worker_that_died_in_its_sleep_costs_a_request_no_try(monkeypatch, asked, may_answer):
    """Else the second such death would refuse it."""
    dead = iter([False, False, True])  # lives when fed, is dead when its first request comes

    class Sleeper(Played):
        @property
        def lives(self):
            return next(dead, True)

        @lives.setter
        def lives(self, value):
            pass

    monkeypatch.setattr(module, "start_worker", lambda *_: Sleeper(may_answer, asked))
    crew = ModelWorkers(read_settings("", ["--workers", "1"], {}))
    crew.start()
    try:
        reply, ticket = crew.ask(question(b"a"), monotonic() + 20)
    finally:
        crew.stop()
    assert (reply.body, ticket.tries) == (b"a", 0)


def test_only_workers_that_have_loaded_the_models_are_ready(monkeypatch, may_answer, asked):
    loaded = Event()

    def start(*_):
        loaded.wait()
        return Played(may_answer, asked)

    monkeypatch.setattr(module, "start_worker", start)
    crew = ModelWorkers(read_settings("", ["--workers", "2"], {}))
    crew.start()
    try:
        gevent.sleep(0.05)
        assert crew.ready == 0
        loaded.set()
        crew.first.get(timeout=10)
        gevent.sleep(0.05)
        assert crew.ready == 2
    finally:
        crew.stop()


@pytest.mark.parametrize("kind", [ClientError, AlgorithmError])
def test_a_worker_that_cannot_start_says_why(monkeypatch, kind):
    def start(*_):
        raise kind("no model")

    monkeypatch.setattr(module, "start_worker", start)
    crew = ModelWorkers(read_settings("", ["--workers", "1"], {}))
    crew.start()
    try:
        with pytest.raises(kind, match="no model"):
            crew.first.get(timeout=10)
    finally:
        crew.stop()
