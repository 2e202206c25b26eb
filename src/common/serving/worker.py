"""A model worker: a process that loads the ensemble and answers the front until that goes away."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from common.job import log
from common.job.errors import JobError
from common.models.artifacts import load_ensemble
from common.serving.exchange import receive_questions, send_replies
from common.serving.judging import Judge
from common.serving.messages import receive, send
from common.serving.settings import Limits

NICENESS = 5  # the front, and so /ping, goes first


def main() -> int:
    """Serve the socket whose descriptor is the only argument."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a terminal sends them to all: the front ends us
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    log.configure()
    with socket.socket(fileno=int(sys.argv[1])) as wire:
        wire.setblocking(True)  # gevent left it otherwise
        try:
            judge = _judge(wire)
            while judge is not None:
                send_replies(wire, judge.answer(receive_questions(wire)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return 0
    return 1


def _judge(wire: socket.socket) -> Judge | None:
    """What answers, once it is loaded; the front hears of it, or why there is none."""
    told, _ = receive(wire)
    try:
        ensemble = load_ensemble(Path(told["model"]))
        judge = Judge(ensemble, Limits(**told["limits"]), log_content=told["log_content"])
        judge.warm_up()
    except (JobError, OSError) as error:
        send(wire, {"failed": f"{type(error).__name__}: {error}"})
        return None
    send(wire, {"failed": None})
    return judge


if __name__ == "__main__":
    sys.exit(main())
