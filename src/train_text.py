"""Train the text model: a page's OCR text to its class, and to where documents begin and end.

Reads the channels train and validation, writes the model to the model folder and, for the sequence
model to learn from, what it says of each page to page_outputs/ in the output data folder.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from common.job.command import Job, run_job
from common.job.pretrained import read_pretrained
from common.job.tables import TextHyperparameters
from common.models.artifacts import load_text
from common.models.base_results import (
    held_out_outputs,
    print_epoch,
    write_base_results,
)
from common.models.text import fit_text_model
from common.pages.channel import Channel
from common.pages.folds import assign_folds
from common.pages.outputs import OUT_OF_FOLD, PageOutputs
from common.pages.training_channels import CHANNELS, read_training_channels, refuse_learnt
from common.training.checkpoints import Checkpoints
from common.training.out_of_fold import out_of_fold
from common.training.run import Run

PRETRAINED = {
    "pretrained": "what the model starts from: an earlier text model's artifact; or a BERT, which "
    "encoder bert needs, or word vectors for cnn; docs/text_encoders.md says in which files"
}


def train(job: Job[TextHyperparameters]) -> None:
    hp, folders = job.hyperparameters, job.folders
    channels = read_training_channels(folders)
    validation, classes = channels.validation, channels.classes
    pretrained = read_pretrained(
        folders,
        hp,
        lambda folder: load_text(folder).encoder,
        kind="text",
        files=hp.encoder != "ngram",
    )
    if pretrained:
        refuse_learnt(channels, pretrained.learnt, kind="text", folds=hp.folds)
    run = Run(checkpoints=Checkpoints(folders.checkpoints), pretrained=pretrained)
    fold = None
    if hp.folds:  # may refuse, so it comes before what takes long
        fold = assign_folds(channels.train, hp.folds, hp.seed, lambda page: page.has_text)

    def fit_and_say(seen: Channel, unseen: Channel) -> PageOutputs:
        model, _ = fit_text_model(seen, validation, classes, hp, run)
        return model.outputs(unseen, OUT_OF_FOLD)

    told = replace(run, report=print_epoch)
    model, history = fit_text_model(channels.train, validation, classes, hp, told)
    outputs = held_out_outputs(channels, model.outputs)
    if fold is not None:
        outputs["train"] = out_of_fold(channels.train, fold, fit_and_say)
    write_base_results(job, model, history, channels, outputs, load_text, pretrained)


if __name__ == "__main__":
    sys.exit(run_job(train, TextHyperparameters, kind="text", channels=CHANNELS | PRETRAINED))
