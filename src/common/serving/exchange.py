"""What the front asks a model worker, and what it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.serving.messages import Wire, receive, send
from common.serving.problems import Problem


@dataclass(frozen=True)
class Question:
    """A request as a worker sees it: `media_type` is the answer's."""

    body: bytes
    content_type: str
    media_type: str
    pages: bool
    n_best: int


@dataclass(frozen=True)
class Reply:
    """Segments in `body`, or a problem; `seconds` by stage, and how much was read."""

    body: bytes = b""
    problem: Problem | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    pages: int = 0
    streams: int = 0


def send_questions(wire: Wire, questions: Sequence[Question]) -> None:
    heads = [
        {
            "content_type": one.content_type,
            "media_type": one.media_type,
            "pages": one.pages,
            "n_best": one.n_best,
        }
        for one in questions
    ]
    send(wire, {"questions": heads}, [one.body for one in questions])


def receive_questions(wire: Wire) -> list[Question]:
    head, bodies = receive(wire)
    return [Question(body, **one) for one, body in zip(head["questions"], bodies, strict=True)]


def send_replies(wire: Wire, replies: Sequence[Reply]) -> None:
    heads = [
        {
            "problem": vars(one.problem) if one.problem else None,
            "seconds": dict(one.seconds),
            "pages": one.pages,
            "streams": one.streams,
        }
        for one in replies
    ]
    send(wire, {"replies": heads}, [one.body for one in replies])


def receive_replies(wire: Wire) -> list[Reply]:
    head, bodies = receive(wire)
    replies = []
    for one, body in zip(head["replies"], bodies, strict=True):
        problem = one.pop("problem")
        replies.append(Reply(body, problem=Problem(**problem) if problem else None, **one))
    return replies
