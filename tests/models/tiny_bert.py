"""A BERT small enough to train in a test, written as the channel `pretrained`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import mxnet as mx
from gluonnlp.model import BERTEncoder, BERTModel
from gluonnlp.vocab import BERTVocab

SIZES = {"num_layers": 2, "units": 32, "hidden_size": 64, "num_heads": 2, "max_length": 48}


def write_tiny_bert(folder: Path, texts: Sequence[str]) -> None:
    """Random parameters; the vocabulary has the commonest words and all letters as pieces."""
    words = Counter(word for text in texts for word in text.lower().split() if word.isalpha())
    letters = sorted({letter for word in words for letter in word})
    pieces = [word for word, _ in words.most_common(800)]
    pieces += [*letters, *(f"##{letter}" for letter in letters)]
    vocabulary = BERTVocab(Counter(dict.fromkeys(pieces, 1)))
    mx.random.seed(7)
    bert = BERTModel(  # with the heads of BERT's own training, as gluonnlp's files have them
        BERTEncoder(**SIZES, layer_norm_eps=1e-12),
        len(vocabulary),
        token_type_vocab_size=2,
        units=32,
        embed_size=32,
    )
    bert.initialize(mx.init.Normal(0.1))
    ones = mx.nd.ones((1, 4))
    bert(ones, ones, mx.nd.array([4]), mx.nd.array([[1]]))
    folder.mkdir(parents=True, exist_ok=True)
    bert.save_parameters(str(folder / "tiny.params"))
    (folder / "tiny.vocab").write_text(vocabulary.to_json(), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({**SIZES, "dropout": 0.1, "lower": True}))
