"""The image model as its job trains it and as predictions are made with it."""

from __future__ import annotations

import sys

from mxnet import autograd, gluon
from worker import Turns, endless, load, take_turns

from common.models.image_batches import TrainingPages
from common.models.image_cnn import ImageModel, forward, read_ahead
from common.models.image_network import PageCNN, copy_parameters
from common.models.image_training import initialised
from common.pages.targets import targets_of


def turns(argv: list[str]) -> Turns:
    channel, hp, bitmaps = load(argv)
    hp = hp.model_copy(update={"precision": argv[3]})
    pages = TrainingPages(channel, targets_of(channel, channel.classes), bitmaps, hp)
    net = initialised(channel.classes, hp)
    options = {"learning_rate": 0.01, "wd": hp.weight_decay}
    trainer = gluon.Trainer(net.collect_params(), "sgd", options, kvstore=None)
    batches = endless(pages.batches)

    def train() -> int:
        batch = next(batches)
        with autograd.record():
            mean = pages.loss(net, batch).mean()
        mean.backward()
        trainer.step(1)
        mean.asscalar()
        return len(batch.darkness)

    plain = PageCNN(len(channel.classes), hp)
    copy_parameters(net, plain)
    predictor = ImageModel(tuple(channel.classes), hp, (plain,)).predictors[0]
    seen = endless(lambda epoch: read_ahead(channel, bitmaps))

    def infer() -> int:
        batch = next(seen)
        forward(predictor, batch)
        return len(batch)

    return train, infer


if __name__ == "__main__":
    take_turns(*turns(sys.argv[1:]))
