"""Where an execution keeps what it reads and writes, and what its jobs are called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

CHANNELS = ("train", "validation", "test")
RUNS = "runs"


@dataclass(frozen=True)
class Run:
    """One execution's own place: `root` is an S3 URI without a slash at its end."""

    run_id: str
    root: str

    def below(self, *parts: str) -> str:
        return "/".join((self.root, *parts))

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
    run_id = run_id_of(execution, started)
    return Run(run_id, f"s3://{bucket}/{RUNS}/{run_id}")
