"""Requests through the models: the pages of several at once, each answered as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from common.models.artifacts import Ensemble
from common.pages.bitmaps import Bitmap, HeldBitmaps
from common.pages.channel import Channel
from common.pages.evidence import Evidence
from common.pages.page import Page
from common.results.acceptance import acceptance_of
from common.results.decisions import decided
from common.serving.answers import stream_answers, written
from common.serving.content import JSON, Content, Reader
from common.serving.exchange import Question, Reply
from common.serving.failures import own_fault
from common.serving.problems import Problem
from common.serving.settings import Limits


@dataclass(frozen=True)
class _Read:
    """A question whose pages are there; `seconds` that this took."""

    question: Question
    content: Content
    seconds: float


class Judge:
    """An ensemble, and what it takes to answer questions by it."""

    def __init__(self, ensemble: Ensemble, limits: Limits, *, log_content: bool) -> None:
        hp = ensemble.image.hyperparameters if ensemble.image else None
        self._ensemble = ensemble
        self._acceptance = acceptance_of(ensemble.decision)
        self._reader = Reader(limits, (hp.height, hp.width) if hp else None)
        self._log_content = log_content

    def warm_up(self) -> None:
        """Let the networks be compiled before anybody waits for that."""
        self.answer([Question(b'{"pages": [{}]}', JSON, JSON, pages=False, n_best=1)])

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        """A reply to each question; what is wrong with one does not touch the others."""
        read = [self._read(question) for question in questions]
        judged = iter(self._judged([one for one in read if isinstance(one, _Read)]))
        return [next(judged) if isinstance(one, _Read) else one for one in read]

    def _read(self, question: Question) -> _Read | Reply:
        start = perf_counter()
        try:
            content = self._reader.read(question.content_type, question.body)
        except Problem as problem:
            return Reply(problem=problem, seconds={"read": perf_counter() - start})
        except Exception as error:
            return Reply(problem=self._own_fault(error))
        return _Read(question, content, perf_counter() - start)

    def _judged(self, read: Sequence[_Read]) -> list[Reply]:
        """Together if that goes well, else each alone, so that one cannot spoil the others."""
        if not read:
            return []
        start = perf_counter()
        try:
            evidence = self._evidence([one.content for one in read])
        except Exception as error:
            if len(read) == 1:
                return [Reply(problem=self._own_fault(error))]
            return [reply for one in read for reply in self._judged([one])]
        models = perf_counter() - start
        replies, first = [], 0
        for one in read:
            rows = np.arange(first, first + len(one.content.channel))
            replies.append(self._decided(one, evidence.take(rows), models))
            first += len(rows)
        return replies

    def _evidence(self, contents: Sequence[Content]) -> Evidence:
        """What the base models say of the pages of all, one content after another."""
        channel, bitmaps = _together(contents)
        shape = self._reader.shape
        return self._ensemble.evidence(channel, HeldBitmaps(*shape, bitmaps) if shape else None)

    def _decided(self, read: _Read, evidence: Evidence, models: float) -> Reply:
        """What `predict` says of the same pages."""
        start, channel, question = perf_counter(), read.content.channel, read.question
        try:
            posteriors = self._ensemble.posteriors(channel, evidence, question.n_best)
            predictions = decided(
                channel, self._ensemble.classes, evidence, posteriors, self._acceptance
            )
            answers = stream_answers(predictions, pages=question.pages)
            body = written(answers, question.media_type)
        except Exception as error:
            return Reply(problem=self._own_fault(error))
        seconds = {"read": read.seconds, "models": models, "decide": perf_counter() - start}
        return Reply(body, seconds=seconds, pages=len(channel), streams=len(answers))

    def _own_fault(self, error: Exception) -> Problem:
        return own_fault(error, quote=self._log_content)


def _together(contents: Sequence[Content]) -> tuple[Channel, dict[str, Bitmap]]:
    """The pages of all as one channel, and their bitmaps.

    Streams of the same name are not kept apart: who reads page after page does not mind.
    """
    pages: list[Page] = []
    bitmaps: dict[str, Bitmap] = {}
    for number, content in enumerate(contents):
        for page in content.channel.pages:
            pages.append(replace(page, image=page.image and f"{number}/{page.image}"))
        bitmaps |= {f"{number}/{name}": bitmap for name, bitmap in content.bitmaps.items()}
    return Channel("requests", Path(), tuple(pages)), bitmaps
