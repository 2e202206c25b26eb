"""The hyperparameters of the three models, one table each.

A field's declaration is all there is: type, default, range and description make the parser, the
command line's help, `docs/hyperparameters.md` and the JSON schemas.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from common.job.hyperparameters import Conflict, Hyperparameters


def _folds(default: int) -> Any:
    """Of a base model; see `_lonely_fold`."""
    return Field(
        default=default,
        ge=0,
        le=20,
        description="models that make the out-of-fold page outputs; 0: none, and the sequence "
        "model learns from validation alone",
    )


def _lonely_fold(folds: int) -> Iterator[Conflict]:
    if folds == 1:
        yield Conflict(("folds",), "folds must be 0, for none, or at least 2, not 1")


def _class_weighting() -> Any:
    """Of a base model, as `_choose_by` and `_patience`."""
    return Field(
        default=0.5,
        ge=0,
        le=1,
        description="how much more a page of a rare class counts: 1 gives all classes the same "
        "weight, 0 all pages",
    )


def _choose_by() -> Any:
    return Field(
        default="loss", description="figure on validation by which the epoch to keep is chosen"
    )


def _patience(more: str = "") -> Any:
    return Field(
        default=0,
        ge=0,
        le=1000,
        description=f"epochs without a better one after which training stops; 0: never{more}",
    )


Figure = Literal["loss", "accuracy", "macro_f1"]
# Of each encoder, what its parameters' shapes depend on besides its features or vocabulary.
_SIZES: dict[str, tuple[str, ...]] = {
    "ngram": ("hidden",),
    "cnn": ("embedding", "filters"),
    "bert": (),
}
LEARNING_RATES = {"cnn": 0.003, "bert": 0.0001}


class TextHyperparameters(Hyperparameters):
    """The OCR-text model."""

    encoder: Literal["ngram", "cnn", "bert"] = Field(
        default="ngram",
        description="hashed n-grams; TextCNN; BERT, which needs the channel pretrained",
    )
    epochs: int = Field(default=30, ge=1, le=1000, description="passes over the training pages")
    batch_size: int = Field(default=32, ge=1, le=4096, description="pages in one step")
    learning_rate: float = Field(
        default=0,
        ge=0,
        le=10,
        description="Adam's step size, at most; 0 takes the encoder's own: "
        + ", ".join(f"{rate:g} ({encoder})" for encoder, rate in LEARNING_RATES.items())
        + ", the smaller the more steps there are (ngram)",
    )
    max_features: int = Field(
        default=8192,
        ge=64,
        le=262144,
        description="ngram: n-gram buckets kept, by chi squared; cnn: words, by frequency",
    )
    hidden: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="ngram: width of the hidden layer; 0 for a linear model",
    )
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="share of the features dropped, of the words too (cnn)"
    )
    label_smoothing: float = Field(
        default=0.1, ge=0, lt=1, description="probability spread over all classes"
    )
    max_tokens: int = Field(
        default=500,  # with what frames them just within 512, to which they are padded
        ge=2,
        le=16384,
        description="words (cnn), word pieces (bert) read of a page, half of them at its foot",
    )
    min_frequency: int = Field(
        default=2, ge=1, le=1000, description="cnn: occurrences that put a word in the vocabulary"
    )
    embedding: int = Field(
        default=48, ge=1, le=1024, description="cnn: width of a word's vector and of its trigrams'"
    )
    filters: int = Field(
        default=64, ge=1, le=1024, description="cnn: filters for each length of a window"
    )
    unfreeze: int = Field(
        default=2,
        ge=0,
        le=1000,
        description="bert: epochs until all layers learn, from the top down; 0: all at once",
    )
    layer_decay: float = Field(
        default=0.9, gt=0, le=1, description="bert: a layer's rate beside that of the one above"
    )
    noise: float = Field(
        default=0.1,
        ge=0,
        le=0.5,
        description="largest character error rate put into half of the pages; 0: none",
    )
    class_weighting: float = _class_weighting()
    choose_by: Figure = _choose_by()
    patience: int = _patience()
    freeze: bool = Field(
        default=False,
        description="going on from an earlier artifact: its trunk stays, and the heads alone learn",
    )
    folds: int = _folds(5)

    def conflicts(self) -> Iterator[Conflict]:
        yield from _lonely_fold(self.folds)
        if self.freeze and self.encoder == "ngram" and not self.hidden:
            yield Conflict(
                ("freeze", "encoder", "hidden"),
                "without a hidden layer the n-grams have heads alone, and freeze would freeze "
                "nothing; leave it out",
            )

    @property
    def architecture(self) -> tuple[str, ...]:
        """What a model has in common with the earlier one that it goes on from."""
        return "encoder", *_SIZES[self.encoder]

    @property
    def peak_rate(self) -> float:
        """Of the encoders that read words in order."""
        return self.learning_rate or LEARNING_RATES[self.encoder]


class ImageHyperparameters(Hyperparameters):
    """The page-bitmap CNN."""

    epochs: int = Field(default=80, ge=1, le=10000, description="passes over the training pages")
    batch_size: int = Field(default=10, ge=2, le=4096, description="pages in one step")
    conv_block_length: int = Field(default=2, ge=1, le=8, description="convolutions in one block")
    cycle_length: int = Field(
        default=10, ge=2, le=10000, description="epochs of one full cycle of the learning rate"
    )
    depth: int = Field(default=5, ge=1, le=8, description="blocks, each of which halves the map")
    dropout: float = Field(default=0.5, ge=0, lt=1, description="before the last layer")
    max_lr: float = Field(default=0.1, gt=0, le=10, description="learning rate in mid-cycle")
    min_lr: float = Field(default=0.0001, gt=0, le=10, description="learning rate at its ends")
    start_filter: int = Field(
        default=4, ge=1, le=512, description="filters of the first block, doubled by each further"
    )
    worker: int = Field(default=4, ge=1, le=256, description="bitmaps decoded at a time")
    height: int = Field(default=256, ge=16, le=2048, description="of the network's input, pixels")
    width: int = Field(default=192, ge=16, le=2048, description="of the network's input, pixels")
    grid: int = Field(
        default=4, ge=1, le=16, description="cells a side that the last map is averaged over"
    )
    lr_range_test: bool = Field(
        default=False,
        description="train no model, but find min_lr and max_lr: a short run at a growing rate",
    )
    schedule: Literal["triangular", "triangular2", "cosine"] = Field(
        default="triangular",
        description="of the rate in a cycle: up and down; the same, half as high with every cycle; "
        "down along a cosine, then anew",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32",
        description="of the convolutions in training; bfloat16 takes a processor that has it, and "
        "pays from a start_filter of about 16 on; float16 takes GPUs",
    )
    snapshot_ensemble: int = Field(
        default=1,
        ge=1,
        le=100,
        description="networks, from the ends of the last cycles, whose predictions are averaged; "
        "1: that of the best epoch alone",
    )
    optimizer: Literal["sgd", "nag", "adam"] = Field(
        default="sgd",
        description="stochastic gradient descent; with Nesterov's momentum; Adam, "
        "for which the default max_lr is too high",
    )
    momentum: float = Field(
        default=0.0, ge=0, lt=1, description="of the optimizer; adam: its beta1, for which 0 is 0.9"
    )
    cycle_momentum: bool = Field(
        default=False,
        description="let momentum fall to min_momentum as the rate rises, and rise as it falls",
    )
    min_momentum: float = Field(
        default=0.85, gt=0, lt=1, description="cycle_momentum: momentum where the rate is max_lr"
    )
    weight_decay: float = Field(
        default=0.0001,
        ge=0,
        le=1,
        description="L2 penalty on the weights of convolutions and heads; not on biases and scales",
    )
    label_smoothing: float = Field(
        default=0.1, ge=0, lt=1, description="probability spread over all classes"
    )
    augmentation: float = Field(
        default=1.0, ge=0, le=3, description="strength of shift, scale, rotation and noise; 0: none"
    )
    class_weighting: float = _class_weighting()
    choose_by: Figure = _choose_by()
    patience: int = _patience("; less than a cycle_length may end it in mid-cycle")
    freeze: int = Field(
        default=0,
        ge=0,
        le=8,
        description="going on from an earlier artifact: blocks, from the first on, that stay as "
        "they are; 0: all learn",
    )
    folds: int = _folds(4)
    fold_ensemble: bool = Field(
        default=False,
        description="predict with the folds' networks, too: their opinions and that of the network "
        "that has learnt from all pages are averaged, which takes folds + 1 times as long",
    )

    @property
    def architecture(self) -> tuple[str, ...]:
        """What a model has in common with the earlier one that it goes on from."""
        return "height", "width", "depth", "conv_block_length", "start_filter", "grid"

    @property
    def peak_momentum(self) -> float:
        return self.momentum or (0.9 if self.optimizer == "adam" else 0.0)

    def conflicts(self) -> Iterator[Conflict]:
        yield from _lonely_fold(self.folds)
        if self.min_lr > self.max_lr:
            yield Conflict(
                ("min_lr", "max_lr"),
                f"min_lr ({self.min_lr:g}) must not exceed max_lr ({self.max_lr:g})",
            )
        if self.snapshot_ensemble > max(1, self.epochs // self.cycle_length):
            yield Conflict(
                ("snapshot_ensemble", "epochs", "cycle_length"),
                f"snapshot_ensemble {self.snapshot_ensemble} takes as many cycles, and epochs "
                f"({self.epochs}) / cycle_length ({self.cycle_length}) are "
                f"{self.epochs // self.cycle_length}",
            )
        if self.fold_ensemble and not self.folds:
            yield Conflict(
                ("fold_ensemble", "folds"),
                "fold_ensemble takes the networks of the folds, and folds is 0; set it, say to 4",
            )
        if self.optimizer == "nag" and self.momentum == 0:
            yield Conflict(
                ("optimizer", "momentum"), "without momentum nag is sgd; set momentum, say to 0.9"
            )
        if self.cycle_momentum and self.min_momentum > self.peak_momentum:
            yield Conflict(
                ("cycle_momentum", "momentum", "min_momentum", "optimizer"),
                f"cycle_momentum lets the momentum ({self.peak_momentum:g}) fall to min_momentum "
                f"({self.min_momentum:g}), which must not exceed it; set momentum, say to 0.95",
            )
        if self.freeze > self.depth:
            yield Conflict(
                ("freeze", "depth"),
                f"freeze ({self.freeze}) must not exceed depth ({self.depth}): so many blocks",
            )
        smallest = min(self.height, self.width)
        if smallest >> self.depth == 0:
            yield Conflict(
                ("depth", "height", "width"),
                f"depth {self.depth} halves the input's {self.height} × {self.width} pixels "
                f"{self.depth} times, and {smallest} / 2^{self.depth} is less than one pixel; "
                f"use a depth of at most {smallest.bit_length() - 1}",
            )


class SequenceHyperparameters(Hyperparameters):
    """The page-sequence model."""

    structure: Literal["segmental", "chain"] = Field(
        default="segmental", description="what is scored: whole documents, or page after page"
    )
    encoder: Literal["none", "lstm"] = Field(
        default="none",
        description="what a page's scores see besides it: its neighbours; a bidirectional LSTM "
        "over the whole stream, one voice more of where documents start (segmental), or in the "
        "neighbours' place (chain, which is better with it)",
    )
    learning: Literal["staged", "joint"] = Field(
        default="staged",
        description="segmental: one stage after the other, each weighed as a whole; joint: then "
        "also each class and each scorer of boundaries by itself, where that is better on "
        "validation by choose_by",
    )
    modality_dropout: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="how often text, or bitmap, is withheld: of a page, of a whole stream",
    )
    reshuffles: int = Field(
        default=6,
        ge=1,
        le=100,
        description="segmental: how often the training documents are put together anew",
    )
    folds: int = Field(
        default=5,
        ge=2,
        le=20,
        description="parts in turn left out for the weights (segmental) and the threshold",
    )
    epochs: int = Field(
        default=60, ge=1, le=10000, description="chain, lstm: passes over the training streams"
    )
    choose_by: Literal["segment_f1_with_label", "boundary_f1", "page_accuracy", "loss"] = Field(
        default="segment_f1_with_label",
        description="chain: figure on validation by which the epoch to keep is chosen; of equal "
        "ones that with the lowest loss; joint: the same of the step",
    )
    patience: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="chain: epochs without a better one after which training stops; 0: never",
    )
    batch_size: int = Field(
        default=8, ge=1, le=1024, description="chain, lstm: streams in one step"
    )
    learning_rate: float = Field(
        default=0.005, gt=0, le=1, description="chain, lstm: Adam's step size, at most"
    )
    weight_decay: float = Field(default=0.0001, ge=0, le=1, description="chain, lstm: L2 penalty")
    hidden: int = Field(default=24, ge=1, le=1024, description="lstm: its width, each direction")
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="chain, lstm: of the inputs, and of the LSTM's outputs"
    )
    recombine: float = Field(
        default=1.0, ge=0, le=1, description="chain: share of epochs on streams put together anew"
    )
    target_precision: float = Field(
        default=0.99,
        gt=0,
        le=1,
        description="share of right ones that the accepted segments can be counted on to have; "
        "0.99 takes 299 held-out segments without a fault, 0.9 takes 29",
    )
    compare: bool = Field(
        default=True,
        description="say by how much the model beats its parts and, if it is segmental, the linear "
        "chain, which is trained for that",
    )
    threshold_from: Literal["validation", "cross-validation"] = Field(
        default="validation",
        description="whose segments choose the threshold: those of validation, or those of train "
        "and validation, each held out once from a model of its own, which takes `folds` more "
        "trainings",
    )


TABLES: dict[str, type[Hyperparameters]] = {
    "text": TextHyperparameters,
    "image": ImageHyperparameters,
    "sequence": SequenceHyperparameters,
}
