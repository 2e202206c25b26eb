"""One model worker, as the front holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gevent
from gevent import socket, subprocess

from common.job.errors import AlgorithmError, ClientError
from common.serving.exchange import Question, Reply, receive_replies, send_questions
from common.serving.messages import receive, send
from common.serving.settings import Settings

_SOURCES = Path(__file__).resolve().parents[2]
_LOADING = 300.0  # seconds


@dataclass(frozen=True)
class WorkerProcess:
    """A process that has loaded the models, and the socket to it."""

    process: subprocess.Popen
    wire: socket.socket

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    @property
    def end(self) -> str:
        """How it ended."""
        status = self.process.poll()
        return f"signal {-status}" if status is not None and status < 0 else f"status {status}"

    def ask(self, questions: Sequence[Question], seconds: float) -> list[Reply]:
        """Its replies; raises gevent.Timeout, or EOFError or OSError where it has died."""
        with gevent.Timeout(seconds):
            send_questions(self.wire, questions)
            return receive_replies(self.wire)

    def kill(self) -> None:
        """End it, if it still lives, and wait for that."""
        self.wire.close()
        if self.lives:
            self.process.kill()
        self.process.wait()


def start_worker(settings: Settings) -> WorkerProcess:
    """Start one and wait until it has loaded the models.

    Raises:
        ClientError: the model cannot be used.
        AlgorithmError: it died, or takes too long.
    """
    ours, its = socket.socketpair()
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "common.serving.worker", str(its.fileno())],
            env={**_threads(settings), **os.environ, "PYTHONPATH": _python_path()},
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
        )
    worker = WorkerProcess(process, ours)
    told = {
        "model": str(settings.model),
        "limits": asdict(settings.limits),
        "log_content": settings.log_content,
    }
    try:
        with gevent.Timeout(_LOADING):
            send(ours, told)
            head, _ = receive(ours)
    except (EOFError, OSError, gevent.Timeout) as error:
        worker.kill()
        raise AlgorithmError(f"a model worker ended before it was ready ({worker.end})") from error
    except BaseException:
        worker.kill()
        raise
    if head["failed"] is not None:
        worker.kill()
        raise _said(head["failed"])
    return worker


def _said(failure: str) -> ClientError | AlgorithmError:
    kind, _, message = failure.partition(": ")
    return ClientError(message) if kind == "ClientError" else AlgorithmError(failure)


def _threads(settings: Settings) -> dict[str, str]:
    """The processors are shared out: more threads than there are would wait for each other."""
    each = max(1, len(os.sched_getaffinity(0)) // settings.workers)
    return {"OMP_NUM_THREADS": str(each)}


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(_SOURCES), os.environ.get("PYTHONPATH")]))
