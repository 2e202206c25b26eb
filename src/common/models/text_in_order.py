"""Training of the encoders that read a page's words in order, in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.job.tables import TextHyperparameters
from common.models.heads import heads_loss, score
from common.models.length_batches import SequencePages, forward_by_length, shuffled_batches
from common.models.text_encoder import TextExamples
from common.pages.noised_copies import with_noised_copies
from common.training.fit import fit_network
from common.training.history import History
from common.training.rates import warm_then_decay
from common.training.run import Run


def fit_in_order(
    net: gluon.Block,
    optimizer: str,
    options: Mapping[str, float],
    read: Callable[[Sequence[str]], SequencePages],
    train: TextExamples,
    validation: TextExamples,
    hyperparameters: TextHyperparameters,
    run: Run,
    *,
    predict: int,
    before_epoch: Callable[[int], None] = lambda epoch: None,
) -> History:
    """Train `net`, which says (embedding, heads) of a batch of pages; see `fit_network`.

    Args:
        read: page texts → what the net reads of them.
        predict: pages of one forward pass on validation.
        before_epoch: is told the number of each epoch, from 0, before its batches are made.
    """
    hp = hyperparameters
    copies = with_noised_copies(train.texts, hp.noise, hp.seed)
    pages, held_out = read(copies.texts), read(validation.texts)

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        before_epoch(epoch)
        rng = np.random.default_rng((hp.seed, epoch))
        return shuffled_batches(pages.lengths, copies.choose(rng), hp.batch_size, rng)

    return fit_network(
        net,
        optimizer,
        dict(options),
        batches=batches,
        loss=lambda rows: heads_loss(
            net(pages.batch(rows))[1], train.targets.take(copies.page_of(rows)), hp.label_smoothing
        ),
        schedule=warm_then_decay(hp.peak_rate, hp.epochs),
        epochs=hp.epochs,
        seed=hp.seed,
        evaluate=lambda: score(forward_by_length(net, held_out, predict)[1], validation.targets),
        run=run,
    )
