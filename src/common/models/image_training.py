"""Training of the image model, with a cyclic learning rate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import mxnet as mx
import numpy as np
from numpy.typing import NDArray

from common.job.errors import ClientError
from common.job.pretrained import Pretrained
from common.job.tables import ImageHyperparameters
from common.models.fine_tuning import go_on_from, outputs_first
from common.models.heads import BOUNDARY_HEADS, score
from common.models.image_batches import TrainingPages
from common.models.image_cnn import ImageModel, compiled, forward, read_ahead
from common.models.image_network import PageCNN, copy_parameters
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel
from common.pages.targets import Targets, targets_of
from common.training.checkpoints import Checkpoints
from common.training.choice import Choice
from common.training.devices import devices, on_device
from common.training.fit import fit_network
from common.training.history import History, Scores
from common.training.rate_range import rate_range_test
from common.training.rates import CYCLES, Schedule, opposed
from common.training.run import Run
from common.training.snapshots import Snapshots
from common.training.standing import Parameters, parameters_of, set_parameters
from common.training.team import ALONE_AT_WORK, Team

_RANGE, _RANGE_STEPS = (1e-5, 10.0), 240
_APART = 1_000_003  # of the hosts' random numbers, so that each drops other values out


@on_device
def fit_image_model(
    train: Channel,
    validation: Channel,
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    bitmaps: BitmapCache,
    run: Run,
) -> tuple[ImageModel, History]:
    """Train on the pages of `train` that have a bitmap.

    The best epoch on `validation` by `choose_by` is kept, or with `snapshot_ensemble` the networks
    of the last cycles' ends; `validation` also calibrates what is kept. Of several hosts the first
    alone keeps those, and has the ensemble.
    """
    hp, hosts = hyperparameters, run.team.peers.hosts
    train, validation = _with_images(train), _with_images(validation)
    weighted = targets_of(train, classes, hp.class_weighting)
    pages = TrainingPages(train, weighted, bitmaps, hp, hosts)
    held_out = targets_of(validation, classes)
    net = initialised(classes, hp, run.pretrained)
    rate = CYCLES[hp.schedule](hp.min_lr, hp.max_lr, hp.cycle_length)
    identity = ["image", train.fingerprint, validation.fingerprint, hp.model_dump_json()]
    identity += [] if run.team.alone else [f"{len(hosts.names)} hosts"]
    checkpoints = run.checkpoints_of(*identity)
    count = hp.snapshot_ensemble if hp.snapshot_ensemble > 1 and hosts.place == 0 else 0
    with _snapshots(checkpoints, hp.cycle_length, count) as snapshots, run.team.at_work() as team:
        history = fit_network(
            net,
            hp.optimizer,
            options_of(hp),
            batches=pages.batches,
            loss=lambda batch: pages.loss(net, batch),
            schedule=rate,
            momentum=momentum_of(hp, rate),
            scaling=hp.precision == "float16",
            epochs=hp.epochs,
            seed=hp.seed + hosts.place * _APART,
            evaluate=lambda: _scores(team, net, validation, bitmaps, held_out),
            run=replace(
                run,
                checkpoints=checkpoints,
                choice=Choice(hp.choose_by, hp.patience),
                report=snapshots.keeping(net, run.report),
                team=team,
            ),
        )
        kept = snapshots.read(len(history.epochs))
    networks = tuple(_plain(net, one, hp) for one in kept or [parameters_of(net)])
    model, scores = calibrated(ImageModel(tuple(classes), hp, networks), validation, bitmaps)
    return model, replace(history, together=scores) if kept else history


def calibrated(
    model: ImageModel, validation: Channel, bitmaps: BitmapCache
) -> tuple[ImageModel, Scores]:
    """The model calibrated on the pages of `validation` that have a bitmap, and its scores there.

    The scores are those before calibration.
    """
    validation = _with_images(validation)
    heads, held_out = model.heads(validation, bitmaps), targets_of(validation, model.classes)
    return model.calibrated(heads, held_out), score(heads, held_out)


@contextmanager
def _snapshots(checkpoints: Checkpoints, cycle_length: int, count: int) -> Iterator[Snapshots]:
    """Beside the checkpoints, or in scratch space where there are none."""
    with tempfile.TemporaryDirectory(prefix="snapshots-") as scratch:
        folder = (checkpoints.folder or Path(scratch)) / "snapshots"
        yield Snapshots(folder, cycle_length, count)


def _plain(net: PageCNN, parameters: Parameters, hyperparameters: ImageHyperparameters) -> PageCNN:
    """A network of its own with `parameters` of `net`, without the channels more."""
    set_parameters(net, parameters)
    plain = PageCNN(net.classes, hyperparameters)
    copy_parameters(net, plain)
    return plain


@on_device
def try_image_rates(
    train: Channel,
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    bitmaps: BitmapCache,
    pretrained: Pretrained[PageCNN] | None = None,
) -> list[tuple[float, float]]:
    """The learning-rate range test: (rate, loss) of each step, momentum as it starts a cycle."""
    hp, train = hyperparameters, _with_images(train)
    pages = TrainingPages(train, targets_of(train, classes, hp.class_weighting), bitmaps, hp)
    net = initialised(classes, hp, pretrained)
    trainer = ALONE_AT_WORK.trainer(
        net, hp.optimizer, options_of(hp), scaling=hp.precision == "float16"
    )
    return rate_range_test(
        trainer,
        pages.batches,
        lambda batch: pages.loss(net, batch),
        lowest=_RANGE[0],
        highest=_RANGE[1],
        steps=_RANGE_STEPS,
        seed=hp.seed,
    )


def _with_images(channel: Channel) -> Channel:
    seen = channel.with_images()
    if not len(seen):
        raise ClientError(
            f"channel '{channel.name}': no page has an image. Give it some, or train the text "
            "model alone: the sequence model can do without this one."
        )
    return seen


def initialised(
    classes: Sequence[str],
    hyperparameters: ImageHyperparameters,
    pretrained: Pretrained[PageCNN] | None = None,
) -> PageCNN:
    """A network as training begins: at random, or going on from the earlier one in `pretrained`."""
    mx.random.seed(hyperparameters.seed)
    plain = PageCNN(len(classes), hyperparameters)
    plain.initialize(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    if pretrained and pretrained.earlier:
        heads = outputs_first(plain.heads)
        go_on_from(pretrained.earlier, pretrained.classes, plain, classes, heads)
    net = compiled(
        plain, classes, hyperparameters, frozen=hyperparameters.freeze, devices=devices()
    )
    for name, parameter in net.collect_params().items():
        if not name.endswith("weight"):
            parameter.wd_mult = 0
    return net


def _heads(net: PageCNN, channel: Channel, bitmaps: BitmapCache) -> NDArray[np.float32]:
    none = np.empty((0, net.classes + BOUNDARY_HEADS), np.float32)
    return np.concatenate([none, *(forward(net, s)[1] for s in read_ahead(channel, bitmaps))])


def _scores(
    team: Team, net: PageCNN, validation: Channel, bitmaps: BitmapCache, targets: Targets
) -> dict[str, float]:
    """Each host looks at its part of the pages; the first judges, and all go by that."""
    part = team.part(len(validation))
    heads = _heads(net, validation.take(part), bitmaps)
    if team.alone:
        return score(heads, targets)
    whole = team.join(heads)
    said = b"" if whole is None else json.dumps(score(whole, targets)).encode()
    return json.loads(team.peers.broadcast(said))


def options_of(hyperparameters: ImageHyperparameters) -> dict[str, float]:
    """The optimizer's options, in MXNet's names."""
    hp = hyperparameters
    momentum = "beta1" if hp.optimizer == "adam" else "momentum"
    return {momentum: hp.peak_momentum, "wd": hp.weight_decay}


def momentum_of(hyperparameters: ImageHyperparameters, rate: Schedule) -> Schedule | None:
    """What momentum does while the rate goes through its cycles; None: it stays as it is."""
    hp = hyperparameters
    if not hp.cycle_momentum:
        return None
    return opposed(rate, hp.min_lr, hp.max_lr, lowest=hp.min_momentum, highest=hp.peak_momentum)
