"""Page outputs: what a base model says of each page, and what the sequence model reads.

One `.npz` a channel, without pickle. Descriptors are what two pages can be compared by later,
whichever streams they end up in.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.job.files import write_atomically
from common.pages.channel import Channel
from common.pages.page import PageKey

OUT_OF_FOLD, HELD_OUT = "out-of-fold", "held-out"
PAGE_OUTPUTS = "page_outputs"  # the folder of these files
_DESCRIPTOR = "descriptor/"


@dataclass(frozen=True)
class PageOutputs:
    """What one base model says of each page, judged from that page alone.

    Shapes: probabilities float32 [pages, classes], rows sum to 1; first_page and last_page
    float32 [pages], the probability that a document starts, ends, with this page; present bool
    [pages], False where the page had nothing for this model to read; embedding float16
    [pages, width]; each descriptor [pages, …].
    """

    kind: str  # "text" or "image"
    how: str  # OUT_OF_FOLD or HELD_OUT
    classes: tuple[str, ...]
    stream: NDArray[np.str_]
    page: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    first_page: NDArray[np.float32]
    last_page: NDArray[np.float32]
    present: NDArray[np.bool_]
    embedding: NDArray[np.float16]
    descriptors: dict[str, NDArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pages, classes = len(self.stream), len(self.classes)
        if self.how not in (OUT_OF_FOLD, HELD_OUT):
            raise ValueError(f"how must be '{OUT_OF_FOLD}' or '{HELD_OUT}', got {self.how!r}")
        shapes = {
            "page": (pages,),
            "probabilities": (pages, classes),
            "first_page": (pages,),
            "last_page": (pages,),
            "present": (pages,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: shape {getattr(self, name).shape}, expected {shape}")
        for name, array in {"embedding": self.embedding, **self.descriptors}.items():
            if len(array) != pages:
                raise ValueError(f"{name}: {len(array)} rows, expected {pages}")

    def __len__(self) -> int:
        return len(self.stream)

    @property
    def keys(self) -> list[PageKey]:
        return list(zip(self.stream.tolist(), self.page.tolist(), strict=True))

    @cached_property
    def _row_of(self) -> dict[PageKey, int]:
        return {key: row for row, key in enumerate(self.keys)}

    def lacking(self, keys: Sequence[PageKey]) -> list[PageKey]:
        """Those of the given pages that have no output."""
        return [key for key in keys if key not in self._row_of]

    def of_pages(self, keys: Sequence[PageKey]) -> PageOutputs:
        """The outputs of the given pages, in that order; raises KeyError where one has none."""
        return self.take(np.array([self._row_of[key] for key in keys], dtype=np.intp))

    def take(self, rows: NDArray[np.intp]) -> PageOutputs:
        """The outputs of the given rows, in that order."""
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
            descriptors={name: array[rows] for name, array in self.descriptors.items()},
        )

    def placed(self, rows: NDArray[np.intp], keys: Sequence[PageKey]) -> PageOutputs:
        """The outputs of the given rows as those of the pages `keys`, where they come to lie."""
        return replace(
            self.take(rows),
            stream=np.array([stream for stream, _ in keys], dtype=np.str_),
            page=np.array([page for _, page in keys], dtype=np.int32),
        )


_ARRAYS = (
    "stream",
    "page",
    "probabilities",
    "first_page",
    "last_page",
    "present",
    "embedding",
)


def page_outputs(
    channel: Channel,
    *,
    probabilities: NDArray,
    first_page: NDArray,
    last_page: NDArray,
    embedding: NDArray,
    **others: Any,
) -> PageOutputs:
    """Page outputs of a channel's pages, in its order; the arrays are brought to their types."""
    return PageOutputs(
        stream=np.array([page.stream for page in channel.pages], dtype=np.str_),
        page=np.array([page.page for page in channel.pages], dtype=np.int32),
        probabilities=probabilities.astype(np.float32),
        first_page=first_page.astype(np.float32),
        last_page=last_page.astype(np.float32),
        embedding=embedding.astype(np.float16),
        **others,
    )


def join_descriptors(parts: Sequence[Mapping[str, NDArray]]) -> dict[str, NDArray]:
    """The descriptors of pages that were described a few at a time."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def join_page_outputs(parts: Sequence[PageOutputs], keys: Sequence[PageKey]) -> PageOutputs:
    """Parts of one channel, made by the same kind of model, in the order of `keys`."""
    together = replace(
        parts[0],
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS},
        descriptors=join_descriptors([part.descriptors for part in parts]),
    )
    return together.of_pages(keys)


def pack_page_outputs(outputs: PageOutputs) -> bytes:
    metadata = {"kind": outputs.kind, "how": outputs.how, "classes": list(outputs.classes)}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        metadata=np.array(json.dumps(metadata)),
        **{name: getattr(outputs, name) for name in _ARRAYS},
        **{_DESCRIPTOR + name: array for name, array in sorted(outputs.descriptors.items())},
    )
    return buffer.getvalue()


def unpack_page_outputs(content: bytes) -> PageOutputs:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        metadata = json.loads(str(arrays["metadata"]))
        return PageOutputs(
            kind=metadata["kind"],
            how=metadata["how"],
            classes=tuple(metadata["classes"]),
            **{name: arrays[name] for name in _ARRAYS},
            descriptors={
                name.removeprefix(_DESCRIPTOR): arrays[name]
                for name in arrays.files
                if name.startswith(_DESCRIPTOR)
            },
        )


def write_page_outputs(path: Path, outputs: PageOutputs) -> None:
    write_atomically(path, pack_page_outputs(outputs))


def read_page_outputs(path: Path) -> PageOutputs:
    """Read page outputs; raises ClientError on a file that is not what was written."""
    try:
        return unpack_page_outputs(path.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ClientError(
            f"{path}: cannot be read as page outputs ({error}). "
            "Use the output.tar.gz that a base model's job of this version wrote."
        ) from error
