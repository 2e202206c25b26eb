"""The text encoder `cnn`: a TextCNN, which reads words in order, as far as they fit its windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
import numpy as np
from gluonnlp import Vocab
from numpy.typing import NDArray

from common.job.files import write_atomically
from common.job.pretrained import Pretrained
from common.job.tables import TextHyperparameters
from common.models.fine_tuning import freeze_all_but, go_on_from, outputs_first
from common.models.length_batches import forward_by_length, padded_length
from common.models.text_cnn_network import MARGIN, TextCNN, WordBatch
from common.models.text_encoder import Heads, TextExamples
from common.models.text_in_order import fit_in_order
from common.models.token_votes import Votes, gradient_times_input, strongest
from common.models.word_vectors import word_vectors
from common.pages.ngrams import ZONE
from common.pages.words import LONGEST, head_and_tail, trigrams_of, words_of
from common.training.devices import on_device
from common.training.history import History
from common.training.run import Run

_PREDICT = 64  # pages of one forward pass
_VOCABULARY, _WEIGHTS = "vocabulary.json", "weights.params"
_HEAD, _FOOT, _BODY = 1, 2, 3  # zones


@dataclass(frozen=True)
class CnnEncoder:
    """A trained TextCNN and the words that it knows; of a page it reads `max_tokens` words."""

    vocabulary: Vocab
    net: TextCNN
    max_tokens: int

    @on_device
    def forward(self, texts: Sequence[str]) -> Heads:
        pages = read_pages(texts, self.vocabulary, self.max_tokens)
        return forward_by_length(self.net, pages, _PREDICT)

    @on_device
    def explain(self, text: str, label: int, k: int) -> Votes:
        """The `k` words of a page that spoke most for class `label`.

        A word counts where it spoke loudest: of a repeated word each place is credited with the
        one maximum that all of them share.
        """
        page = read_pages([text], self.vocabulary, self.max_tokens)
        votes = gradient_times_input(self.net, page.batch(np.array([0])), label)[:, 0]
        loudest: dict[str, float] = {}
        for at, vote in zip(page.places[0], votes[MARGIN:], strict=False):
            if at:
                word = page.spelling[at]
                loudest[word] = max(float(vote), loudest.get(word, -np.inf))
        return strongest(loudest.items(), k)

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / _WEIGHTS))
        write_atomically(folder / _VOCABULARY, self.vocabulary.to_json().encode())


@on_device
def load(folder: Path, classes: int, hyperparameters: TextHyperparameters) -> CnnEncoder:
    """Load what `CnnEncoder.save` wrote."""
    vocabulary = Vocab.from_json((folder / _VOCABULARY).read_text(encoding="utf-8"))
    weights = mx.nd.load(str(folder / _WEIGHTS))
    net = _network(len(vocabulary), classes, weights["words.weight"].shape[1], hyperparameters)
    net.load_parameters(str(folder / _WEIGHTS), ctx=mx.context.current_context())
    return CnnEncoder(vocabulary, net, hyperparameters.max_tokens)


def _network(words: int, classes: int, width: int, hyperparameters: TextHyperparameters) -> TextCNN:
    hp = hyperparameters
    return TextCNN(
        words,
        classes,
        width=width,
        trigrams=hp.embedding,
        filters=hp.filters,
        dropout=hp.dropout,
    )


@on_device
def fit(
    train: TextExamples,
    validation: TextExamples,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[CnnEncoder, History]:
    """Train on words of a vocabulary made of the training pages'; see `fit_in_order`.

    Args:
        run: its `pretrained` holds an earlier encoder, whose vocabulary is kept, or one file of
            word vectors; None begins with random ones.
    """
    hp = hyperparameters
    vocabulary, net = _start(train.texts, classes, hp, run.pretrained)
    history = fit_in_order(
        net,
        "adam",
        {},
        lambda texts: read_pages(texts, vocabulary, hp.max_tokens),
        train,
        validation,
        hp,
        run,
        predict=_PREDICT,
    )
    return CnnEncoder(vocabulary, net, hp.max_tokens), history


def _start(
    texts: Sequence[str],
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    pretrained: Pretrained[CnnEncoder] | None,
) -> tuple[Vocab, TextCNN]:
    hp = hyperparameters
    mx.random.seed(hp.seed)
    if pretrained and pretrained.earlier:
        vocabulary, earlier = pretrained.earlier.vocabulary, pretrained.earlier.net
        net = _network(len(vocabulary), len(classes), earlier.words.weight.shape[1], hp)
        net.initialize(mx.init.Xavier())
        heads = outputs_first(net.heads)
        go_on_from(earlier, pretrained.classes, net, classes, heads)
        if hp.freeze:
            freeze_all_but(net, heads)
        return vocabulary, net
    vocabulary = _vocabulary(texts, hp)
    vectors = word_vectors(pretrained.folder, vocabulary.idx_to_token) if pretrained else None
    width = hp.embedding if vectors is None else vectors.shape[1]
    net = _network(len(vocabulary), len(classes), width, hp)
    net.initialize(mx.init.Xavier())
    if vectors is not None:
        random = net.words.weight.data().asnumpy()
        net.words.weight.set_data(np.where(np.isnan(vectors), random, vectors))
    return vocabulary, net


def _vocabulary(texts: Sequence[str], hyperparameters: TextHyperparameters) -> Vocab:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text))
    return Vocab(
        counts,
        max_size=hyperparameters.max_features,
        min_freq=hyperparameters.min_frequency,
        bos_token=None,
        eos_token=None,
    )


@dataclass(frozen=True)
class Pages:
    """Pages as words: `spelling`, `word` and `trigrams` of each distinct one, as in `WordBatch`.

    `places` int32 [words of the page] points into these and `zones` has its zone; row 0 of them is
    for places without a word.
    """

    spelling: list[str]
    word: NDArray[np.int32]
    trigrams: NDArray[np.int32]
    places: list[NDArray[np.int32]]
    zones: list[NDArray[np.int32]]

    @property
    def lengths(self) -> list[int]:
        return [len(places) + 2 * MARGIN for places in self.places]

    def batch(self, rows: NDArray[np.intp]) -> WordBatch:
        length = padded_length(max(len(self.places[row]) for row in rows) + 2 * MARGIN)
        place, zone = np.zeros((2, len(rows), length), np.int32)
        for at, row in enumerate(rows):
            end = MARGIN + len(self.places[row])
            place[at, MARGIN:end], zone[at, MARGIN:end] = self.places[row], self.zones[row]
        types, place = np.unique(np.r_[0, place.ravel()], return_inverse=True)
        place = place[1:].reshape(zone.shape).astype(np.int32)
        return WordBatch(self.word[types], self.trigrams[types], place, zone)


def read_pages(texts: Sequence[str], vocabulary: Vocab, max_tokens: int) -> Pages:
    """Of a long page the first and the last words, with a gap of MARGIN places between."""
    types: dict[str, int] = {"": 0}
    places, zones = [], []
    for text in texts:
        head, tail = head_and_tail(words_of(text), max_tokens)
        gap = [""] * MARGIN if tail else []
        words = [*head, *gap, *tail]
        places.append(np.array([types.setdefault(w, len(types)) for w in words], np.int32))
        zones.append(_zones(places[-1]))
    trigrams = np.zeros((len(types), LONGEST), np.int32)
    for row, spelling in enumerate(types):
        found = trigrams_of(spelling)
        trigrams[row, : len(found)] = found
    word = np.array(vocabulary[list(types)], np.int32)
    return Pages(list(types), word, trigrams, places, zones)


def _zones(places: NDArray[np.int32]) -> NDArray[np.int32]:
    zones = np.full(len(places), _BODY, np.int32)
    zones[-ZONE:] = _FOOT
    zones[:ZONE] = _HEAD
    zones[places == 0] = 0
    return zones
