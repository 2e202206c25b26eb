"""Word vectors from the channel `pretrained`, in gluonnlp's text format for TokenEmbedding."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from gluonnlp.embedding import TokenEmbedding
from numpy.typing import NDArray

from common.job.errors import ClientError

_SUFFIXES = (".txt", ".vec")
_REMEDY = (
    "For encoder 'cnn' the channel must hold one file of word vectors, .txt or .vec: on each line "
    "a word and its numbers, separated by single spaces; or the artifact of an earlier such model. "
    "Leave the channel out to start without."
)


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
    try:
        vectors = _read(files[0], {form for three in forms for form in three})
    except (AssertionError, ValueError) as error:
        raise ClientError(
            f"channel 'pretrained': cannot read {files[0]}: {error} {_REMEDY}"
        ) from error
    known = vectors.idx_to_vec.asnumpy()
    table = np.full((len(words), known.shape[1]), np.nan, np.float32)
    for row, three in enumerate(forms):
        form = next((form for form in three if form in vectors.token_to_idx), None)
        if form is not None:
            table[row] = known[vectors.token_to_idx[form]]
    return table


def _read(file: Path, wanted: set[str]) -> TokenEmbedding:
    """The vectors of the wanted words; of the others, mostly millions, gluonnlp need not know."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as kept, file.open("rb") as lines:
        count = 0
        for line in lines:
            if line.split(b" ", 1)[0].decode(errors="replace") in wanted:
                kept.write(line)
                count += 1
        if not count:
            raise ValueError("no word of the training pages is in it.")
        kept.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of words that occur twice
            return TokenEmbedding.from_file(kept.name, unknown_token=None)
