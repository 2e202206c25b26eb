"""The image model as its job trains it and as predictions are made with it."""

from __future__ import annotations

import sys

import mxnet as mx
import numpy as np
from mxnet import gluon
from worker import Turns, endless, load, take_turns

from common.models.heads import score
from common.models.image_batches import TrainingPages
from common.models.image_cnn import ImageModel, forward, read_ahead
from common.models.image_network import PageCNN, copy_parameters
from common.models.image_training import initialised
from common.pages.targets import targets_of
from common.training.loop import train_epochs, train_step
from common.training.rates import triangular


def turns(argv: list[str]) -> Turns:
    given = load(argv)
    bitmaps, classes = given.bitmaps, given.train.classes
    hp = given.hyperparameters.model_copy(update={"precision": given.variant})
    pages = TrainingPages(given.train, targets_of(given.train, classes), bitmaps, hp)
    held_out = targets_of(given.validation, classes)
    net = initialised(classes, hp)
    options = {"learning_rate": 0.01, "wd": hp.weight_decay}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options, kvstore=None)
    batches = endless(pages.batches)

    def train() -> int:
        batch = next(batches)
        train_step(trainer, lambda one: pages.loss(net, one), batch, 0.01, hp.seed)
        mx.nd.waitall()  # the losses are there before the gradients: no work into others' turns
        return len(batch.darkness)

    plain = PageCNN(len(classes), hp)
    copy_parameters(net, plain)
    predictor = ImageModel(tuple(classes), hp, (plain,)).predictors[0]
    seen = endless(lambda epoch: read_ahead(given.train, bitmaps))

    def infer() -> int:
        batch = next(seen)
        forward(predictor, batch)
        return len(batch)

    epochs = train_epochs(
        trainer,
        pages.batches,
        lambda batch: pages.loss(net, batch),
        triangular(hp.min_lr, hp.max_lr, hp.cycle_length),
        epochs=hp.epochs,
        seed=hp.seed,
    )

    def learn() -> float:
        next(epochs)
        heads = [forward(net, batch)[1] for batch in read_ahead(given.validation, bitmaps)]
        return score(np.concatenate(heads), held_out)["accuracy"]

    return Turns(train, infer, learn)


if __name__ == "__main__":
    take_turns(turns(sys.argv[1:]))
