"""Predictions: a folder with `pages.jsonl`, `segments.jsonl` and `streams.jsonl`, a record a line.

Reading checks every record and reports all problems at once, each with file, line and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from common.job.errors import ClientError, refuse
from common.job.files import write_atomically
from common.pages.channel import Channel
from common.pages.outputs import PAGE_OUTPUTS, PageOutputs, read_page_outputs, write_page_outputs
from common.pages.page import PageKey
from common.results.readings import StreamPrediction, contradictions
from common.results.segments import Name, Position, Probability, Segment, segment_of_pages

PAGES_FILE = "pages.jsonl"
SEGMENTS_FILE = "segments.jsonl"
STREAMS_FILE = "streams.jsonl"
BASE_MODELS = ("text", "image")
REMEDY = "Write the predictions anew with src/predict.py."

Record = TypeVar("Record")


@dataclass(frozen=True)
class Voice:
    """A piece of a page's text, and what it added to the logit of the page's label."""

    text: str
    vote: float


@dataclass(frozen=True)
class PagePrediction:
    """What is said of one page once its stream has been taken apart.

    `confidence` is the probability of `label`, `first_page` that a document starts here,
    `probabilities` those of every class that the model knows. `because`, where it was asked for,
    is what in the text spoke most for the label, the loudest first. `novelty` is the share of known
    pages that are less unlike the training pages.
    """

    stream: Name
    page: Position
    document: Position  # 1, 2, … within the stream
    label: Name
    confidence: Probability
    first_page: Probability
    probabilities: dict[Name, Probability]
    because: tuple[Voice, ...] = ()
    novelty: Probability = 0.0

    @property
    def key(self) -> PageKey:
        return self.stream, self.page


class Predictions(NamedTuple):
    """Pages, segments and whole streams, each in the order of its file."""

    pages: list[PagePrediction]
    segments: list[Segment]
    streams: list[StreamPrediction]  # none where nobody said how sure it is


_PAGES = TypeAdapter(PagePrediction)
_SEGMENTS = TypeAdapter(Segment)
_STREAMS = TypeAdapter(StreamPrediction)


def write_predictions(
    folder: Path,
    pages: Iterable[PagePrediction],
    segments: Iterable[Segment],
    streams: Iterable[StreamPrediction] = (),
) -> None:
    """Write `pages.jsonl`, `segments.jsonl` and `streams.jsonl`, each whole or not at all."""
    write_atomically(folder / PAGES_FILE, _lines(_PAGES, pages))
    write_atomically(folder / SEGMENTS_FILE, _lines(_SEGMENTS, segments))
    write_atomically(folder / STREAMS_FILE, _lines(_STREAMS, streams))


def _lines(adapter: TypeAdapter[Record], records: Iterable[Record]) -> bytes:
    return b"".join(adapter.dump_json(record) + b"\n" for record in records)


def explained(
    predictions: Predictions, votes: Sequence[Sequence[tuple[str, float]]]
) -> Predictions:
    """The predictions, each page with what in its text spoke for its label."""
    pages = [
        replace(page, because=tuple(Voice(text, vote) for text, vote in of_page))
        for page, of_page in zip(predictions.pages, votes, strict=True)
    ]
    return predictions._replace(pages=pages)


def read_predictions(folder: Path) -> Predictions:
    """Read and check predictions; those of another program may lack `streams.jsonl`.

    Raises:
        ClientError: naming every missing file, broken line, wrong field and duplicate page, and
            the first place where the pages and the segments contradict each other.
    """
    problems: list[str] = []
    pages = list(_read(folder / PAGES_FILE, _PAGES, problems))
    segments = list(_read(folder / SEGMENTS_FILE, _SEGMENTS, problems))
    streams: list[tuple[int, StreamPrediction]] = []
    if (folder / STREAMS_FILE).is_file():
        streams = list(_read(folder / STREAMS_FILE, _STREAMS, problems))
    problems += _duplicates(folder / PAGES_FILE, pages)
    refuse(problems, remedy=REMEDY)
    predictions = Predictions(
        [page for _, page in pages],
        [segment for _, segment in segments],
        [stream for _, stream in streams],
    )
    try:
        _check_agreement(predictions)
    except ValueError as error:
        raise ClientError(f"{folder / SEGMENTS_FILE}: {error}. {REMEDY}") from error
    unlike = contradictions(predictions.streams, predictions.segments)
    refuse([f"{folder / STREAMS_FILE}: {problem}." for problem in unlike], remedy=REMEDY)
    return predictions


def _read(
    file: Path, adapter: TypeAdapter[Record], problems: list[str]
) -> Iterator[tuple[int, Record]]:
    """(line number, record) of every good line; what is wrong with the others is a problem."""
    if not file.is_file():
        problems.append(f"There is no {file}.")
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip():
                    yield number, adapter.validate_json(line, strict=True)
            except ValidationError as error:
                problems += _explain(f"{file} line {number}", error)


def _explain(where: str, error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        field = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{where}{f', field {field!r}' if field else ''}: {message}."


def _duplicates(file: Path, pages: Sequence[tuple[int, PagePrediction]]) -> Iterator[str]:
    first_line: dict[PageKey, int] = {}
    for number, page in pages:
        earlier = first_line.setdefault(page.key, number)
        if earlier != number:
            yield (
                f"{file} line {number}, field 'page': page {page.page} of stream "
                f"'{page.stream}' was already on line {earlier}."
            )


def _check_agreement(predictions: Predictions) -> None:
    """Raises ValueError where a page's document is not that of the segment it lies in."""
    keys = [page.key for page in predictions.pages]
    positions = segment_of_pages(keys, predictions.segments)
    for page, position in zip(predictions.pages, positions, strict=True):
        segment = predictions.segments[position]
        if page.document != segment.document:
            raise ValueError(
                f"page {page.page} of stream '{page.stream}' lies in document "
                f"{segment.document}, but {PAGES_FILE} says {page.document}"
            )


def write_base_outputs(folder: Path, outputs: Iterable[PageOutputs]) -> None:
    """Write what each base model says to `page_outputs/`; no model's earlier answer stays."""
    of_kind = {each.kind: each for each in outputs}
    for kind in BASE_MODELS:
        file = _base_file(folder, kind)
        if kind in of_kind:
            write_page_outputs(file, of_kind[kind])
        else:
            file.unlink(missing_ok=True)


def _base_file(folder: Path, kind: str) -> Path:
    return folder / PAGE_OUTPUTS / f"{kind}.npz"


def read_base_outputs(folder: Path) -> list[PageOutputs]:
    """What the base models said of the same pages, as far as it lies in `page_outputs/`.

    Raises:
        ClientError: a file cannot be read.
    """
    files = [_base_file(folder, kind) for kind in BASE_MODELS]
    return [read_page_outputs(file) for file in files if file.is_file()]


def in_channel_order(channel: Channel, pages: Iterable[PagePrediction]) -> list[PagePrediction]:
    """The prediction of each page of the channel, in reading order.

    Raises:
        ClientError: pages without a prediction, or predictions without a page: how many, which.
    """
    by_key = {page.key: page for page in pages}
    known = set(channel.keys)
    problems = [
        f"{what}: {len(left)} ({_some(left)})."
        for what, left in (
            ("pages without a prediction", [key for key in channel.keys if key not in by_key]),
            ("predictions without a page", [key for key in by_key if key not in known]),
        )
        if left
    ]
    refuse(
        problems,
        remedy=f"Predict the pages of channel '{channel.name}' ({channel.folder}) with "
        "src/predict.py, or name the channel that the predictions were made for.",
    )
    return [by_key[key] for key in channel.keys]


def _some(keys: Sequence[PageKey], shown: int = 3) -> str:
    names = [f"page {page} of stream '{stream}'" for stream, page in keys[:shown]]
    return ", ".join(names) + (", …" if len(keys) > shown else "")
