"""What may end a job, in the words of the people who have to act on it.

`ClientError`: the user's data or parameters; says which place and what to do.
`AlgorithmError`: ours. SageMaker shows the first 1,024 characters of the failure file,
so every message puts its cause first.
"""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 10  # problems listed one by one; the rest is counted, so that a message fits a screen


class JobError(Exception):
    """A failure whose message is complete without a traceback."""


class ClientError(JobError):
    """The user's data or parameters are at fault."""


class AlgorithmError(JobError):
    """The container is at fault."""


def refuse(problems: Sequence[str], *, remedy: str) -> None:
    """Raise one ClientError that names every problem, or return if there is none.

    The first problem and the remedy share the first line: it is all that some screens show.
    """
    if not problems:
        return
    first = f"{problems[0]} {remedy}"
    if len(problems) == 1:
        raise ClientError(first)
    others = [f"  {number}. {text}" for number, text in enumerate(problems[1:SHOWN], start=2)]
    if len(problems) > SHOWN:
        others.append(f"  … and {len(problems) - SHOWN} more")
    raise ClientError("\n".join([f"{first} (1 of {len(problems)} problems)", *others]))
