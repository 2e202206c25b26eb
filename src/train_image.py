"""Train the image model: a page's bitmap to its class, and to where documents begin and end.

Reads the channels train and validation, writes the model to the model folder and, for the sequence
model to learn from, what it says of each page to page_outputs/ in the output data folder. Several
hosts train it together, and the first of them writes. With lr_range_test it writes a plot of loss
against learning rate there instead, and rates to train with.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from common.job.command import Job, run_job
from common.job.log import logger
from common.job.memory import available_memory
from common.job.pretrained import Pretrained, read_pretrained
from common.job.processor import multiplies_bfloat16
from common.job.tables import ImageHyperparameters
from common.models.artifacts import load_image
from common.models.base_results import (
    held_out_outputs,
    print_epoch,
    write_base_results,
)
from common.models.image_cnn import ImageModel
from common.models.image_committee import gather_networks
from common.models.image_demands import refuse_precision, refuse_too_large
from common.models.image_network import PageCNN
from common.models.image_training import calibrated, fit_image_model, try_image_rates
from common.pages.bitmap_store import BitmapStore
from common.pages.bitmaps import BitmapCache
from common.pages.channel import Channel
from common.pages.folds import assign_folds
from common.pages.outputs import OUT_OF_FOLD, PageOutputs
from common.pages.training_channels import (
    CHANNELS,
    TrainingChannels,
    read_training_channels,
    refuse_learnt,
)
from common.results.rate_range import rate_range, write_rate_range
from common.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from common.training.devices import gpus
from common.training.history import History
from common.training.out_of_fold import out_of_fold
from common.training.run import Run, say_nothing
from common.training.team import Team

_REPLICATE = "All hosts need the same data: set S3DataDistributionType to FullyReplicated."

CACHE = "decoded bitmaps are kept for the next job of the same pages"
PRETRAINED = {"pretrained": "an earlier image model's artifact, to go on from (optional)"}


def train(job: Job[ImageHyperparameters]) -> None:
    hp, peers = job.hyperparameters, job.peers
    refuse_precision(hp, multiplies_bfloat16(), gpus())
    refuse_too_large(hp, available_memory())
    if hp.lr_range_test:
        propose_rates(job)
        return
    channels, pretrained = read_training_channels(job.folders), earlier_model(job)
    if pretrained:
        refuse_learnt(channels, pretrained.learnt, kind="image", folds=hp.folds)
    peers.refuse_differences(fingerprints(channels, pretrained), remedy=_REPLICATE)
    model, history, outputs = learn(job, channels, pretrained)
    peers.part()
    if peers.first:
        write_base_results(job, model, history, channels, outputs, load_image, pretrained)
    else:
        logger.info("host '%s' has done its part", job.hosts.current)


def earlier_model(job: Job[ImageHyperparameters]) -> Pretrained[PageCNN] | None:
    """Of several networks the first, which is that of the last cycle."""
    return read_pretrained(
        job.folders, job.hyperparameters, lambda folder: load_image(folder).nets[0], kind="image"
    )


def fingerprints(
    channels: TrainingChannels, pretrained: Pretrained[PageCNN] | None
) -> dict[str, str]:
    """Of all that the job learns from."""
    earlier = {"pretrained": pretrained.fingerprint} if pretrained else {}
    return {**channels.fingerprints(), **earlier}


def learn(
    job: Job[ImageHyperparameters],
    channels: TrainingChannels,
    pretrained: Pretrained[PageCNN] | None,
) -> tuple[ImageModel, History, dict[str, PageOutputs]]:
    """The model, and what is said of each channel's pages: all of it at the first host alone."""
    hp, peers = job.hyperparameters, job.peers
    validation, classes = channels.validation, channels.classes
    fold = None
    if hp.folds:  # may refuse, so it comes before what takes long
        fold = assign_folds(channels.train, hp.folds, hp.seed, lambda page: page.has_image)
    checkpoints = Checkpoints(job.folders.checkpoints)
    alone = Run(checkpoints=checkpoints, pretrained=pretrained, peers=peers)
    together = replace(alone, report=print_epoch, team=Team(peers))
    if not peers.first:
        together = replace(together, report=say_nothing, checkpoints=NO_CHECKPOINTS)

    with bitmap_cache(job) as bitmaps:
        for channel in (channels.train, *channels.held_out):
            bitmaps.add(channel)

        of_folds: list[PageCNN] = []

        def fit_and_say(seen: Channel, unseen: Channel) -> PageOutputs:
            model, _ = fit_image_model(seen, validation, classes, hp, bitmaps, alone)
            of_folds.extend(model.nets)
            return model.outputs(unseen, OUT_OF_FOLD, bitmaps)

        model, history = fit_image_model(channels.train, validation, classes, hp, bitmaps, together)
        outputs = {}
        if fold is not None:
            outputs["train"] = out_of_fold(channels.train, fold, fit_and_say, peers)
        members = gather_networks(of_folds, len(classes), hp, peers) if hp.fold_ensemble else []
        if members:
            model, scores = calibrated(
                replace(model, nets=(*model.nets, *members)), validation, bitmaps
            )
            history = replace(history, together=scores)
        if peers.first:
            outputs |= held_out_outputs(
                channels, lambda channel, how: model.outputs(channel, how, bitmaps)
            )
    return model, history, outputs


def bitmap_cache(job: Job[ImageHyperparameters]) -> BitmapCache:
    hp, folder = job.hyperparameters, job.folders.cache
    store = BitmapStore.within(folder) if folder else None
    return BitmapCache(hp.height, hp.width, hp.worker, store)


def propose_rates(job: Job[ImageHyperparameters]) -> None:
    """Write the learning-rate range test to the output data folder, and no artifact."""
    hp = job.hyperparameters
    channels, pretrained = read_training_channels(job.folders), earlier_model(job)
    with bitmap_cache(job) as bitmaps:
        bitmaps.add(channels.train)
        points = try_image_rates(channels.train, channels.classes, hp, bitmaps, pretrained)
    found = rate_range(points)
    write_rate_range(job.folders.output_data, found)
    logger.info("%s In %s; no model was trained", found.proposal, job.folders.output_data)


if __name__ == "__main__":
    sys.exit(
        run_job(
            train,
            ImageHyperparameters,
            kind="image",
            channels=CHANNELS | PRETRAINED,
            cache=CACHE,
            shared=lambda hp: not hp.lr_range_test,
        )
    )
