"""One line of JSON a request: what came, what went, and how long each stage took."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from time import perf_counter
from typing import Any

from common.job.log import logger
from common.serving.problems import Problem

_QUOTED = 1000  # bytes of a body that a log may quote


@dataclass
class RequestRecord:
    """What is known of a request while it is answered.

    Nothing of what was sent or said goes into the log but sizes and numbers, unless `quotes`.
    """

    request_id: str
    path: str
    quotes: bool
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    _began: float = field(default_factory=perf_counter)

    def took(self, stage: str, since: float) -> None:
        """A stage that began at `since` has ended."""
        self.seconds[stage] = perf_counter() - since

    def quote(self, body: bytes) -> None:
        if self.quotes:
            self.facts["content"] = body[:_QUOTED].decode("utf-8", "replace")

    def refused(self, problem: Problem) -> None:
        self.facts["error"] = problem.code
        if self.quotes:
            self.facts["detail"] = problem.detail

    def write(self, status: int, sent: int) -> None:
        """Write the line; `sent` are the bytes of the answer."""
        self.took("total", self._began)
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "request": self.request_id,
            "path": self.path,
            "status": status,
            "bytes_out": sent,
            **self.facts,
            "ms": {stage: round(1000 * taken, 1) for stage, taken in self.seconds.items()},
        }
        logger.info("%s", json.dumps(line, ensure_ascii=False))
