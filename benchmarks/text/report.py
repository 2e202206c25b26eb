"""The benchmark's Markdown: a table for each size, the targets, and how cost grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.text.outcomes import Outcome, Size
from benchmarks.text.systems import FASTTEXT, HASHING, OURS, TFIDF

_MEGA = 1e6
_SKLEARN = (TFIDF, HASHING)


class Target(NamedTuple):
    """What was aimed at: `ratio` of ours to a peer's, at most or at least `wanted`."""

    what: str
    ratio: float | None
    wanted: float
    at_most: bool

    @property
    def met(self) -> bool:
        if self.ratio is None:
            return False
        return self.ratio <= self.wanted if self.at_most else self.ratio >= self.wanted


def report(sizes: Sequence[Size]) -> str:
    parts = [line for size in sizes for line in (*_table(size), "", *_targets_table(size), "")]
    return "\n".join([*parts, *_growth(sizes)]) + "\n"


def _table(size: Size) -> Iterator[str]:
    yield f"### {size.pages:,} training pages"
    yield ""
    yield _row(["", *_titles(size)])
    yield _row(["---"] * (len(size.outcomes) + 1))
    rows = {
        f"to validation accuracy {size.bar:.3f}, s": [
            _seconds(o.typical("to_bar")) for o in size.outcomes
        ],
        "the same without start and imports, s": [
            _seconds(o.to_bar_after_start) for o in size.outcomes
        ],
        "training, s": [_seconds(o.typical("trained")) for o in size.outcomes],
        "whole job, s": [_seconds(o.typical("whole")) for o in size.outcomes],
        f"inference on {size.predicted:,} pages, pages/s": [
            f"{_speed(size, o):,.0f}" for o in size.outcomes
        ],
        "peak memory of training, MB": [f"{o.peak / _MEGA:,.0f}" for o in size.outcomes],
        "peak memory of inference, MB": [
            f"{(o.typical('predict_peak') or 0) / _MEGA:,.0f}" for o in size.outcomes
        ],
    }
    for name, values in rows.items():
        yield _row([name, *values])
    for name in size.outcomes[0].scores:
        yield _row([name, *(f"{outcome.scores[name]:.3f}" for outcome in size.outcomes)])
    yield ""
    for title, outcome in zip(_titles(size), size.outcomes, strict=True):
        if outcome.system.flags:
            yield f"- {title}: `{' '.join(outcome.system.flags)}`"


def _titles(size: Size) -> list[str]:
    """Of two configurations of fastText the first is the better, the second the cheaper one."""
    names = [outcome.system.name for outcome in size.outcomes]
    if names.count(FASTTEXT) == 1:
        return names
    first = names.index(FASTTEXT)
    names[first : first + 2] = [f"{FASTTEXT}, best", f"{FASTTEXT}, cheapest"]
    return names


def targets(size: Size) -> list[Target]:
    """The targets at one size, against every peer that they name."""
    ours = size.of(OURS)[0]
    found = []
    for title, peer in zip(_titles(size), size.outcomes, strict=True):
        faster = _speed(size, ours) / _speed(size, peer)
        memory = ours.peak / peer.peak
        if peer.system.name == FASTTEXT:
            time = _ratio(ours.typical("to_bar"), peer.typical("to_bar"))
            found.append(Target(f"time to {size.bar:.3f} / {title}'s", time, 0.2, True))
            found.append(Target(f"inference / {title}'s", faster, 1.5, False))
            allowed = 2 + size.mxnet / peer.peak
            found.append(
                Target(
                    f"memory / {title}'s; two times, and what MXNet costs", memory, allowed, True
                )
            )
            found += _quality_targets(ours, peer, title)
        elif peer.system.name in _SKLEARN:
            found.append(Target(f"inference / {title}'s", faster, 10, False))
            found.append(Target(f"memory / {title}'s", memory, 0.5, True))
    return found


def _quality_targets(ours: Outcome, peer: Outcome, title: str) -> Iterator[Target]:
    for name, value in ours.scores.items():
        if name.endswith("test macro-F1"):
            yield Target(f"{name} / {title}'s", _ratio(value, peer.scores[name]), 1, False)


def _targets_table(size: Size) -> Iterator[str]:
    yield _row(["target, ours / theirs", "measured", "wanted", ""])
    yield _row(["---"] * 4)
    for target in targets(size):
        measured = "never" if target.ratio is None else f"{target.ratio:.3f}"
        wanted = f"{'≤' if target.at_most else '≥'} {target.wanted:.2f}"
        yield _row([target.what, measured, wanted, "met" if target.met else "**missed**"])


def _growth(sizes: Sequence[Size]) -> Iterator[str]:
    yield "### Growth of cost with the number of pages"
    yield ""
    systems = (OURS, FASTTEXT, TFIDF, HASHING)
    yield _row(["training pages", *systems])
    yield _row(["---"] * (len(systems) + 1))
    for size in sizes:
        firsts = [size.of(name)[0] for name in systems]
        cells = [
            f"{1000 * (one.typical('trained') or 0) / size.pages:.2f} s, {one.peak / _MEGA:,.0f} MB"
            for one in firsts
        ]
        yield _row([f"{size.pages:,}", *cells])
    yield ""
    yield "Seconds of training for 1,000 pages, and its peak memory; of fastText the best."


def _speed(size: Size, outcome: Outcome) -> float:
    """Pages a second, from the channel's file to classes."""
    return size.predicted / (outcome.typical("predict") or 1e-9)


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours / max(theirs, 1e-9)


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
