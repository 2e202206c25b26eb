"""The text encoder `bert`: a pretrained BERT (Devlin et al. 2019), fine-tuned on pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
import numpy as np
from gluonnlp.data import BERTSentenceTransform, BERTTokenizer
from gluonnlp.vocab import BERTVocab
from numpy.typing import NDArray

from common.job.files import write_atomically, write_json
from common.job.pretrained import Pretrained
from common.job.tables import TextHyperparameters
from common.models.bert_channel import (
    CONFIG,
    BertConfig,
    load_pretrained,
    read_config,
    read_vocabulary,
    required,
)
from common.models.fine_tuning import freeze_all_but, go_on_from, outputs_first
from common.models.length_batches import forward_by_length, padded_length
from common.models.text_bert_network import PageBERT, WindowBatch, set_rates, wake
from common.models.text_encoder import Heads, TextExamples
from common.models.text_in_order import fit_in_order
from common.models.token_votes import Votes, gradient_times_input, strongest
from common.pages.words import head_and_tail
from common.training.devices import on_device
from common.training.history import History
from common.training.run import Run

_PREDICT = 16  # pages of one forward pass
_VOCABULARY, _WEIGHTS = "vocabulary.json", "weights.params"
_WEIGHT_DECAY = 0.01  # as in BERT's own training
_CACHE = 1 << 16  # words whose pieces the tokenizer remembers


@dataclass(frozen=True)
class BertEncoder:
    """A fine-tuned BERT with its vocabulary; of a page it reads `max_tokens` word pieces."""

    config: BertConfig
    vocabulary: BERTVocab
    net: PageBERT
    max_tokens: int

    @on_device
    def forward(self, texts: Sequence[str]) -> Heads:
        pages = read_pages(texts, self.config, self.vocabulary, self.max_tokens)
        return forward_by_length(self.net, pages, _PREDICT)

    @on_device
    def explain(self, text: str, label: int, k: int) -> Votes:
        """The `k` words of a page that spoke most for class `label`."""
        page = read_pages([text], self.config, self.vocabulary, self.max_tokens)
        votes = gradient_times_input(self.net, page.batch(np.array([0])), label)
        words = (
            word
            for window, of_window in zip(page.windows[0], votes, strict=True)
            for word in _words(self.vocabulary, window.tolist(), of_window)
        )
        return strongest(words, k)

    def save(self, folder: Path) -> None:
        self.net.save_parameters(str(folder / _WEIGHTS))
        write_atomically(folder / _VOCABULARY, self.vocabulary.to_json().encode())
        write_json(folder / CONFIG, self.config.model_dump())


@on_device
def load(folder: Path, classes: int, hyperparameters: TextHyperparameters) -> BertEncoder:
    """Load what `BertEncoder.save` wrote."""
    config = BertConfig.model_validate_json((folder / CONFIG).read_bytes())
    vocabulary = BERTVocab.from_json((folder / _VOCABULARY).read_text(encoding="utf-8"))
    net = PageBERT(config, len(vocabulary), classes, hyperparameters.dropout)
    net.load_parameters(str(folder / _WEIGHTS), ctx=mx.context.current_context())
    return BertEncoder(config, vocabulary, net, hyperparameters.max_tokens)


@on_device
def fit(
    train: TextExamples,
    validation: TextExamples,
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    run: Run,
) -> tuple[BertEncoder, History]:
    """Fine-tune an earlier encoder or a BERT, layers from the top down; see `fit_in_order`.

    Raises:
        ClientError: `run.pretrained` is neither.
    """
    hp = hyperparameters
    config, vocabulary, net = _start(classes, hp, run.pretrained)
    set_rates(net, hp.layer_decay)
    history = fit_in_order(
        net,
        "bertadam",
        {"wd": _WEIGHT_DECAY},
        lambda texts: read_pages(texts, config, vocabulary, hp.max_tokens),
        train,
        validation,
        hp,
        run,
        predict=_PREDICT,
        before_epoch=lambda epoch: None if hp.freeze else wake(net, epoch, hp.unfreeze),
    )
    return BertEncoder(config, vocabulary, net, hp.max_tokens), history


def _start(
    classes: Sequence[str],
    hyperparameters: TextHyperparameters,
    pretrained: Pretrained[BertEncoder] | None,
) -> tuple[BertConfig, BERTVocab, PageBERT]:
    hp = hyperparameters
    earlier = pretrained.earlier if pretrained else None
    if earlier:
        config, vocabulary = earlier.config, earlier.vocabulary
    else:
        folder = required(pretrained.folder if pretrained else None)
        config, vocabulary = read_config(folder), read_vocabulary(folder)
    mx.random.seed(hp.seed)
    net = PageBERT(config, len(vocabulary), len(classes), hp.dropout)
    net.initialize(mx.init.Normal(0.02))
    heads = outputs_first(net.heads)
    if pretrained and earlier:
        go_on_from(earlier.net, pretrained.classes, net, classes, heads)
    else:
        load_pretrained(net.bert, folder)
    if hp.freeze:
        freeze_all_but(net, heads)
    return config, vocabulary, net


@dataclass(frozen=True)
class Pages:
    """`windows`: of each page the indices of its windows' word pieces, int32 [pieces] each."""

    windows: list[list[NDArray[np.int32]]]
    padding: int
    max_length: int

    @property
    def lengths(self) -> list[int]:
        return [max(len(window) for window in windows) for windows in self.windows]

    def batch(self, rows: NDArray[np.intp]) -> WindowBatch:
        owned = [(at, window) for at, row in enumerate(rows) for window in self.windows[row]]
        valid = np.array([len(window) for _, window in owned], np.float32)
        length = min(padded_length(int(valid.max())), self.max_length)
        pieces = np.full((len(owned), length), self.padding, np.int32)
        share = np.zeros((len(rows), len(owned)), np.float32)
        for at, (page, window) in enumerate(owned):
            pieces[at, : len(window)] = window
            share[page, at] = 1 / len(self.windows[rows[page]])
        return WindowBatch(pieces, valid, share)


def read_pages(
    texts: Sequence[str], config: BertConfig, vocabulary: BERTVocab, max_tokens: int
) -> Pages:
    """Of a long page the first and the last word pieces, [SEP] between them.

    What does not fit one window goes into several that overlap.
    """
    tokenizer = BERTTokenizer(vocabulary, lower=config.lower, lru_cache_size=_CACHE)
    # list: the text comes to it as pieces already, of which there are not too many.
    frame = BERTSentenceTransform(list, config.max_length, vocabulary, pad=False, pair=False)
    windows = []
    for text in texts:
        # A word has a piece at least, so words further inside cannot count.
        words = head_and_tail(text.split(), 2 * max_tokens)
        pieces = tokenizer(" ".join([*words[0], *words[1]]))
        if len(pieces) > max_tokens:
            head, tail = head_and_tail(pieces, max_tokens - 1)
            pieces = [*head, vocabulary.sep_token, *tail]
        spans = window_spans(len(pieces), config.max_length - 2)
        windows.append([frame((pieces[start:stop],))[0] for start, stop in spans])
    padding = vocabulary[vocabulary.padding_token]
    return Pages(windows, padding, config.max_length)


def window_spans(pieces: int, width: int) -> list[tuple[int, int]]:
    """(start, stop) of windows that cover all pieces, neighbours sharing a quarter or more."""
    if pieces <= width:
        return [(0, pieces)]
    count = 1 + -(-(pieces - width) // max(1, width * 3 // 4))
    starts = np.linspace(0, pieces - width, count).astype(int).tolist()
    return [(start, start + width) for start in starts]


def _words(
    vocabulary: BERTVocab, window: list[int], votes: NDArray[np.float32]
) -> Iterator[tuple[str, float]]:
    """Words put together from a window's pieces, with the sums of their votes."""
    word, total = "", 0.0
    pieces = vocabulary.to_tokens(window)[1:]  # without [CLS]; [SEP] ends the last word
    for piece, vote in zip(pieces, votes[1:], strict=False):
        if word and not piece.startswith("##"):
            yield word, total
            word, total = "", 0.0
        if piece != vocabulary.sep_token:
            word, total = word + piece.removeprefix("##"), total + float(vote)
