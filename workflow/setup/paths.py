"""Where an execution keeps what it reads and writes, and what its jobs are called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

CHANNELS = ("train", "validation", "test")
RUNS = "runs"


@dataclass(frozen=True)
class Run:
    """One execution's own place."""

    bucket: str
    run_id: str

    @property
    def prefix(self) -> str:
        """Of its keys, without a slash at its end."""
        return f"{RUNS}/{self.run_id}"

    def below(self, *parts: str) -> str:
        return "/".join((f"s3://{self.bucket}", self.prefix, *parts))

    @property
    def converted(self) -> str:
        """Where the pages of files are that it has converted."""
        return self.below("converted", "")

    def results_prefix(self, model: str) -> str:
        """Below it each job of the model has a folder, one attempt one folder."""
        return self.below("models", model)


def run_id_of(execution: str, started: str) -> str:
    """The same for each attempt of one execution: 20260301-181500-5f0c3a.

    Args:
        execution: its ARN.
        started: RFC 3339, in UTC: 2026-03-01T18:15:00.123Z.
    """
    date, _, time = started.partition("T")
    digest = hashlib.sha256(execution.encode()).hexdigest()[:6]
    return f"{date.replace('-', '')}-{time[:8].replace(':', '')}-{digest}"


def run_of(bucket: str, execution: str, started: str) -> Run:
    return Run(bucket, run_id_of(execution, started))
