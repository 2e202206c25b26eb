"""This project's chain: the BiLSTM and the CRF's exact likelihood."""

from __future__ import annotations

import sys

import mxnet as mx
import numpy as np
from benchmarks.sequence.work import HIDDEN, LEARNING_RATE, WIDTH, make_work, setting_of, take_turns
from mxnet import autograd, gluon

from common.models.chain_crf import ChainScores, path_score, run_messages
from common.models.chain_likelihood import ChainLikelihood
from common.models.chain_paths import best_of_each, best_segmentations
from common.models.sequence_network import SequenceNetwork
from common.models.sequence_scorer import scorer_of


def main() -> None:
    setting = setting_of(sys.argv[1:])
    work = make_work(setting)
    net = SequenceNetwork(WIDTH, setting.classes, 1, encoder="lstm", hidden=HIDDEN, dropout=0.0)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    trainer = gluon.Trainer(
        net.collect_params(), "adam", {"learning_rate": LEARNING_RATE}, kvstore=None
    )
    streams, pages, classes = work.first.shape
    given = (
        np.ascontiguousarray(work.features.swapaxes(0, 1)),
        np.zeros((1, pages, streams, classes), np.float32),
        np.zeros((1, pages, streams), np.float32),
        np.full(streams, pages),
    )
    inputs = tuple(map(mx.nd.array, given))
    scorer = scorer_of(net)
    truths = list(zip(work.labels, work.starts, strict=True))

    def train() -> None:
        with autograd.record():
            losses = ChainLikelihood(truths)(*net(*inputs))
        losses.backward()
        trainer.step(streams)
        losses.wait_to_read()

    def decode() -> None:
        features, votes, boundary_votes, lengths = given
        for stream in range(streams):
            here = slice(stream, stream + 1)
            length = lengths[here]
            one = features[:, here], votes[:, :, here], boundary_votes[:, :, here], length
            best_of_each(scorer(*one), length)

    def together() -> None:
        best_of_each(scorer(*given), given[-1])

    def check() -> list[float]:
        values = []
        for stream in range(streams):
            one = ChainScores(
                *(
                    each.astype(np.float64)
                    for each in (work.first[stream], work.continuation[stream])
                ),
                work.change.astype(np.float64),
            )
            labels, starts, _ = best_segmentations(one, 1)[0]
            values += [float(run_messages(one).log_partition), path_score(one, labels, starts)]
        return values

    take_turns({"train": train, "decode": decode, "together": together}, check)


if __name__ == "__main__":
    main()
