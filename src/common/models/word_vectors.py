"""Word vectors from the channel `pretrained`, in gluonnlp's formats for TokenEmbedding."""

from __future__ import annotations

import pickle
import tempfile
import warnings
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gluonnlp.embedding import TokenEmbedding
from numpy.typing import NDArray

from common.job.errors import ClientError

_SUFFIXES = (".txt", ".vec", ".npz")
_REMEDY = (
    "For encoder 'cnn' the channel must hold one file of word vectors: .txt or .vec, on each line "
    "a word and its numbers, separated by single spaces; or .npz, as gluonnlp's TokenEmbedding "
    "writes it; or the artifact of an earlier such model. Leave the channel out to start without."
)
# What the pickle of an array of strings names, and all that is looked up for one.
_ARRAY_OF_STRINGS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


def word_vectors(folder: Path, words: Sequence[str]) -> NDArray[np.float32]:
    """[words, width]; a row of NaN where a word has none.

    Our words are lower-case. Many vectors, German ones above all, have nouns with a capital, so
    `vertrag` takes the vector of `Vertrag` where there is none of its own.

    Raises:
        ClientError: there is not one file of vectors, it cannot be read, or has none of the words.
    """
    files = sorted(file for file in folder.glob("*") if file.suffix in _SUFFIXES)
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise ClientError(
            f"channel 'pretrained': files of word vectors in {folder}: {found}. {_REMEDY}"
        )
    forms = [(word, word.capitalize(), word.upper()) for word in words]
    wanted = {form for three in forms for form in three}
    read = _serialized if files[0].suffix == ".npz" else _lines
    try:
        tokens, known = read(files[0], wanted)
    except (AssertionError, ValueError, EOFError, pickle.PickleError, zipfile.BadZipFile) as error:
        raise ClientError(
            f"channel 'pretrained': cannot read {files[0]}: {error} {_REMEDY}"
        ) from error
    row_of = {token: row for row, token in enumerate(tokens)}
    table = np.full((len(words), known.shape[1]), np.nan, np.float32)
    for row, three in enumerate(forms):
        form = next((form for form in three if form in row_of), None)
        if form is not None:
            table[row] = known[row_of[form]]
    return table


def _lines(file: Path, wanted: Collection[str]) -> tuple[list[str], NDArray[np.float32]]:
    """The wanted words and their vectors; gluonnlp need not know of millions of others."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as kept, file.open("rb") as lines:
        count = 0
        for line in lines:
            if line.split(b" ", 1)[0].decode(errors="replace") in wanted:
                kept.write(line)
                count += 1
        _must_hold_some(count)
        kept.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of words that occur twice
            vectors = TokenEmbedding.from_file(kept.name, unknown_token=None)
    return vectors.idx_to_token, vectors.idx_to_vec.asnumpy()


def _serialized(file: Path, wanted: Collection[str]) -> tuple[list[str], NDArray[np.float32]]:
    """The same of what `TokenEmbedding.serialize` wrote, whose words are pickled."""
    npy: Any = np.lib.format  # untyped
    with zipfile.ZipFile(file) as archive:
        missing = {"idx_to_token.npy", "idx_to_vec.npy"} - set(archive.namelist())
        if missing:
            raise ValueError(f"it has no {', '.join(sorted(missing))}.")
        with archive.open("idx_to_token.npy") as member:
            npy.read_magic(member)
            npy.read_array_header_1_0(member)
            tokens = _Strings(member).load()
        with archive.open("idx_to_vec.npy") as member:
            vectors = npy.read_array(member, allow_pickle=False)
    if not isinstance(tokens, np.ndarray) or not all(isinstance(token, str) for token in tokens):
        raise ValueError("idx_to_token is no array of words.")
    if vectors.ndim != 2 or len(vectors) != len(tokens):
        raise ValueError(f"idx_to_vec is of shape {vectors.shape}, for {len(tokens)} words.")
    rows = [row for row, token in enumerate(tokens) if token in wanted]
    _must_hold_some(len(rows))
    return [tokens[row] for row in rows], vectors[rows].astype(np.float32)


class _Strings(pickle.Unpickler):
    """Reads the pickle of an array of strings; one that names anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        known = module.replace("numpy._core", "numpy.core")  # as numpy 2 writes it
        if (known, name) not in _ARRAY_OF_STRINGS:
            raise pickle.UnpicklingError(f"its words are no plain strings, but {module}.{name}.")
        return super().find_class(known, name)


def _must_hold_some(count: int) -> None:
    if not count:
        raise ValueError("no word of the training pages is in it.")
