"""What went wrong in a stream, page by page and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.pages.page import Page
from common.results.segments import Segment


@dataclass(frozen=True)
class StreamView:
    """The pages of one stream in order, with the true and the predicted segment of each."""

    pages: Sequence[Page]
    truth: Sequence[Segment]
    prediction: Sequence[Segment]

    def __len__(self) -> int:
        return len(self.pages)

    def missed_split(self, row: int) -> bool:
        """Truth starts a document here, the prediction does not."""
        return _starts(self.truth, row) and not _starts(self.prediction, row)

    def extra_split(self, row: int) -> bool:
        """The prediction starts a document here, truth does not."""
        return _starts(self.prediction, row) and not _starts(self.truth, row)

    def instead_of(self, row: int) -> str | None:
        """The true label of a page that was given another one, else None."""
        true = self.truth[row].label
        return true if self.prediction[row].label != true else None


def _starts(segments: Sequence[Segment], row: int) -> bool:
    return row == 0 or segments[row] is not segments[row - 1]


def errors_in_words(view: StreamView) -> Iterator[str]:
    """One sentence for each wrong boundary and each run of pages with a wrong label."""
    for row, page in enumerate(view.pages):
        if view.missed_split(row):
            before, after = view.truth[row - 1].label, view.truth[row].label
            yield f"page {page.page}: missed the split between {before} and {after}"
        if view.extra_split(row):
            yield f"page {page.page}: extra split inside one {view.truth[row].label}"
        if view.instead_of(row) and _begins_run(view, row):
            yield _mislabelled(view, row)


def _begins_run(view: StreamView, row: int) -> bool:
    """Does the page differ from the one before in predicted segment or in verdict?"""
    return _starts(view.prediction, row) or view.instead_of(row) != view.instead_of(row - 1)


def _mislabelled(view: StreamView, first: int) -> str:
    last = first
    while last + 1 < len(view) and not _begins_run(view, last + 1):
        last += 1
    begin, end = view.pages[first].page, view.pages[last].page
    where = f"page {begin}" if first == last else f"pages {begin}–{end}"
    return f"{where}: {view.prediction[first].label} instead of {view.truth[first].label}"
