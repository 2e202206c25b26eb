"""Results for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from common.results.segments import Segment

_HEADER = ("stream", "pages", "label", "confidence", "status", "why")


def segment_table(segments: Sequence[Segment]) -> str:
    """One line a segment, columns aligned."""
    rows = [_HEADER, *map(_row, segments)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(segment: Segment) -> tuple[str, ...]:
    pages = f"{segment.first_page}"
    if segment.last_page != segment.first_page:
        pages += f"–{segment.last_page}"
    return (
        segment.stream,
        pages,
        segment.label,
        f"{segment.confidence:.3f}",
        segment.status,
        "; ".join(segment.reasons),
    )
