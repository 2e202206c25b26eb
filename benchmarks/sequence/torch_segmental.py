"""A semi-Markov CRF in PyTorch (Sarawagi and Cohen 2004), its gradient by autograd.

All lengths and classes of the documents that end at a position are summed at once, over all
streams; there is one step a position.
"""

from __future__ import annotations

import sys

import torch
from benchmarks.sequence.work import LIMIT, make_work, setting_of, take_turns


class SemiMarkov:
    """Scores of all documents, by last page: [streams, pages, LIMIT, classes], the longest first.

    Those that would begin before the stream have none.
    """

    def __init__(
        self,
        first: torch.Tensor,
        continuation: torch.Tensor,
        document: torch.Tensor,
        length: torch.Tensor,
    ) -> None:
        streams, pages, classes = first.shape
        start = torch.zeros(streams, 1, classes, dtype=first.dtype)
        through = torch.cat([start, continuation.cumsum(dim=1)], dim=1)
        ends = []
        for length_ in range(LIMIT, 0, -1):
            many = max(0, pages - length_ + 1)
            inside = through[:, length_ : length_ + many] - through[:, 1 : many + 1]
            own = first[:, :many] + inside + document[:, :many, length_ - 1] + length[length_ - 1]
            none = own.new_full((streams, pages - many, classes), -torch.inf)
            ends.append(torch.cat([none, own], dim=1))
        self.by_end = torch.stack(ends, dim=2)

    def log_partition(self) -> torch.Tensor:
        """[streams]"""
        streams, pages = self.by_end.shape[:2]
        window = self.by_end.new_full((streams, LIMIT), -torch.inf)
        reached = torch.cat([window[:, 1:], window.new_zeros(streams, 1)], dim=1)
        for page in range(pages):
            ways = reached[:, :, None] + self.by_end[:, page]
            here = torch.logsumexp(ways.flatten(1), dim=1, keepdim=True)
            reached = torch.cat([reached[:, 1:], here], dim=1)
        return reached[:, -1]

    def score(self, labels: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """Of the given segmentations [streams, pages], [streams]."""
        streams, pages = labels.shape
        ends = torch.cat([starts[:, 1:], torch.ones(streams, 1, dtype=torch.bool)], dim=1)
        page = torch.arange(pages).expand(streams, pages)
        begun = torch.where(starts, page, 0).cummax(dim=1).values
        stream, end = ends.nonzero(as_tuple=True)
        place = LIMIT - 1 - (end - begun[stream, end])
        of_document = self.by_end[stream, end, place, labels[stream, end]]
        return of_document.new_zeros(streams).index_add(0, stream, of_document)

    def viterbi(self) -> tuple[list[list[tuple[int, int, int]]], torch.Tensor]:
        """(first page, page after the last, class) of each document, and each stream's score."""
        streams, pages, _, classes = self.by_end.shape
        reached = self.by_end.new_full((streams, LIMIT), -torch.inf)
        reached[:, -1] = 0
        pointers = []
        for page in range(pages):
            ways = (reached[:, :, None] + self.by_end[:, page]).flatten(1)
            here, pointer = ways.max(dim=1, keepdim=True)
            reached = torch.cat([reached[:, 1:], here], dim=1)
            pointers.append(pointer)
        chosen = torch.cat(pointers, dim=1).tolist()
        found = []
        for stream in range(streams):
            stop, documents = pages, []
            while stop:
                place, label = divmod(chosen[stream][stop - 1], classes)
                documents.append((stop - LIMIT + place, stop, label))
                stop = documents[-1][0]
            found.append(documents[::-1])
        return found, reached[:, -1]


class Weights(torch.nn.Module):
    """The scalars that this project learns too, from where it starts."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.shared = torch.nn.Parameter(torch.tensor([1.0, 0.0, 0.4, 1.5]))
        self.label = torch.nn.Parameter(torch.zeros(classes))

    def forward(
        self,
        boundary: torch.Tensor,
        document: torch.Tensor,
        length: torch.Tensor,
    ) -> SemiMarkov:
        of_boundary, start, of_length, of_document = self.shared
        first = (of_boundary * boundary + start)[:, :, None] + self.label
        return SemiMarkov(
            first, torch.zeros_like(first), of_document * document, of_length * length
        )


def main() -> None:
    setting = setting_of(sys.argv[1:])
    work = make_work(setting)
    names = ("first", "continuation", "document", "length")
    given = {name: torch.from_numpy(getattr(work, name)) for name in names}
    parts = (given["first"][:, :, 0], given["document"], given["length"])
    labels, starts = torch.from_numpy(work.labels), torch.from_numpy(work.starts)
    weights = Weights(setting.classes)

    def train() -> None:
        weights.zero_grad()
        crf = weights(*parts)
        (crf.log_partition() - crf.score(labels, starts)).sum().backward()

    @torch.inference_mode()
    def decode() -> None:
        boundary, document, length = parts
        for one in zip(boundary.split(1), document.split(1), strict=True):
            weights(*one, length).viterbi()

    def check() -> list[float]:
        crf = SemiMarkov(*(each.double() for each in given.values()))
        return torch.stack([crf.log_partition(), crf.viterbi()[1]], dim=1).flatten().tolist()

    take_turns({"train": train, "decode": decode}, check)


if __name__ == "__main__":
    main()
