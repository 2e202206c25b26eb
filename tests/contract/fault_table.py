"""What a user can get wrong with a training job, and what the message has to say."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tests.contract.faulty import (
    FaultyJob,
    Spoil,
    archive,
    cut,
    double,
    every_record,
    flip_a_byte,
    image_of,
    line,
    lines,
    png_of,
    pretrained,
    pretrained_file,
    record,
    relabel,
    remove,
    repack,
    replaced_by,
    setting,
    together,
    without,
)

from common.pages.outputs import read_page_outputs, write_page_outputs


class Fault(NamedTuple):
    """A way to spoil a job of `kind`, and what the message has to say: place and remedy."""

    kind: str
    spoil: Spoil
    says: tuple[str, ...]


def outputs_without_three_pages(folder: Path) -> None:
    file = folder / "output/page_outputs/train.npz"
    outputs = read_page_outputs(file)
    write_page_outputs(file, outputs.take(np.arange(3, len(outputs))))


def outputs_without_validation(folder: Path) -> None:
    (folder / "output/page_outputs/validation.npz").unlink()


def outputs_of_validation_as_train(folder: Path) -> None:
    outputs = folder / "output/page_outputs"
    shutil.copy(outputs / "validation.npz", outputs / "train.npz")


def outputs_cut_short(folder: Path) -> None:
    cut(folder / "output/page_outputs/train.npz")


def weights_flipped(folder: Path) -> None:
    flip_a_byte(folder / "model/weights.params")


def manifest_lost(folder: Path) -> None:
    (folder / "model/manifest.json").unlink()


def image_archives_as_text(job: FaultyJob) -> None:
    shutil.rmtree(job.channel("text"))
    shutil.copytree(job.channel("image"), job.channel("text"))


def image_outputs_as_text(job: FaultyJob) -> None:
    shutil.copy(job.channel("image") / "output.tar.gz", job.channel("text") / "output.tar.gz")


BROKEN_ON_LINE_3 = ("input/data/train/pages.jsonl line 3", "Correct")
NEXT_JOB = ("/text", "Point the channel at the S3 prefix of exactly one base model's job.")
UNSAFE = ("text/model.tar.gz: member ", "Use the archive that a job of this container wrote.")
DAMAGED = ("text/model.tar.gz: damaged", "Fetch it anew.")
REPLACE = ("page 1 of stream 'a', image ", "a-1.png", "Replace the file, or set the page's image")

FAULTS: dict[str, Fault] = {
    # hyperparameters
    "fewer documents than folds": Fault(
        "text",
        setting(folds="20"),
        ("20 folds need as many unrelated documents", "set the hyperparameter folds lower"),
    ),
    "unknown, mistyped and out of range together": Fault(
        "text",
        setting(epoks="3", colour="red", epochs="many", dropout="1.5", folds="1", encoder="x"),
        (
            "'epoks' is unknown. Did you mean 'epochs'?",
            "'colour' is unknown",
            "'epochs' must be an integer in the range [1, 1000]. Got 'many' instead.",
            "'dropout' must be a number in the range [0, 1). Got '1.5' instead.",
            "folds must be 0, for none, or at least 2, not 1",
            "'encoder' must be one of ngram",
            "Correct the job's hyperparameters.",
        ),
    ),
    "good by themselves, not together": Fault(
        "image",
        setting(min_lr="1", max_lr="0.5", depth="8", epoks="1"),
        ("min_lr (1) must not exceed max_lr (0.5)", "use a depth of at most 4", "'epoks'"),
    ),
    # channels
    "no train channel": Fault("text", without("train"), ("channel 'train'", "InputDataConfig")),
    "no validation channel": Fault(
        "image", without("validation"), ("channel 'validation' is missing", "--validation DIR")
    ),
    "no validation channel for the sequence": Fault(
        "sequence", without("validation"), ("channel 'validation' is missing", "--validation DIR")
    ),
    "an empty validation channel": Fault(
        "text", lines("validation"), ("validation/pages.jsonl holds no page", "at least one")
    ),
    "a channel without pages.jsonl": Fault(
        "text",
        lambda job: (job.records.pop("train"), (job.channel("train") / "pages.jsonl").unlink()),
        ("train/pages.jsonl", "Point the channel at a folder"),
    ),
    # records
    "a broken JSON line": Fault("text", line(2, '{"stream": "a", '), BROKEN_ON_LINE_3),
    "a line that is no object": Fault("text", line(2, "[]"), BROKEN_ON_LINE_3),
    "a line that is not UTF-8": Fault("text", line(2, '{"stream": "\udcff"}'), BROKEN_ON_LINE_3),
    "two hundred broken lines": Fault(
        "text", lines("train", *["{"] * 200), ("pages.jsonl line 1", "and 190 more", "Correct")
    ),
    "a missing field": Fault("text", record(2, text=...), (*BROKEN_ON_LINE_3, "field 'text'")),
    "a field of another type": Fault(
        "image", record(2, page="3"), (*BROKEN_ON_LINE_3, "field 'page'", "integer")
    ),
    "a page number beyond all bounds": Fault(
        "text", record(2, page=2**31), (*BROKEN_ON_LINE_3, "field 'page'", "less than 2147483648")
    ),
    "a stream whose name numpy would change": Fault(
        "text", record(2, stream="a\0"), (*BROKEN_ON_LINE_3, "field 'stream'")
    ),
    "a page without label": Fault(
        "text", record(2, label=None), (*BROKEN_ON_LINE_3, "field 'label'")
    ),
    "a duplicate page": Fault(
        "text", record(2, page=2), (*BROKEN_ON_LINE_3, "page 2 of stream 'a' was already on line 2")
    ),
    "a document with two labels": Fault(
        "text", record(2, label="letter"), ("stream 'a'", "'a-1'", "2 labels", "Correct the label")
    ),
    "one class only": Fault(
        "text", relabel("invoice", "letter", "train", "validation"), ("'train'", "at least two")
    ),
    "a label that train never saw": Fault(
        "text",
        relabel("invoice", "memo", "validation"),
        ("channel 'validation'", "the label 'memo' never occurs in train", "Add such documents"),
    ),
    "a stream in both channels": Fault(
        "text",
        every_record(("validation",), stream="a"),
        ("stream 'a' lies in 'train' and in 'validation'", "Split by stream"),
    ),
    "no text at all": Fault("text", every_record(text=""), ("'train': no page has text", "Give")),
    "no text but dots": Fault(
        "text",
        every_record(text="· · ·"),
        ("'train': no word or part of one", "Give it more pages"),
    ),
    # bitmaps
    "a missing image": Fault(
        "text", lambda job: job.image(2).unlink(), (*BROKEN_ON_LINE_3, "there is no file", "a-3")
    ),
    "an image outside the channel": Fault(
        "image", record(2, image="../../config/x.png"), (*BROKEN_ON_LINE_3, "leads out of")
    ),
    "a truncated image": Fault("image", lambda job: cut(job.image(), 100), REPLACE),
    "an empty image": Fault("image", image_of(b""), REPLACE),
    "a text file as an image": Fault("image", image_of(b"no image\n"), REPLACE),
    "a bomb": Fault("image", image_of(png_of(60_000, 60_000)), (*REPLACE, "more than 80,000,000")),
    "a bomb that Pillow only warns of": Fault(
        "image", image_of(png_of(12_000, 12_000)), (*REPLACE, "more than 80,000,000")
    ),
    "a bomb that Pillow lets pass": Fault(
        "image", image_of(png_of(9_000, 9_000)), (*REPLACE, "9000 × 9000 pixels")
    ),
    "no image at all": Fault(
        "image", every_record(image=None), ("'train': no page has an image", "text model alone")
    ),
    "no image to validate by": Fault(
        "image", every_record(("validation",), image=None), ("'validation': no page has an image",)
    ),
    # what a base model starts from
    "nothing that a model of n-grams starts from": Fault(
        "text",
        pretrained_file("a.vec", "der 1 2"),
        ("pretrained holds no artifact (found: a.vec)", "It takes the artifact of a text model"),
    ),
    "nothing that an image model starts from": Fault(
        "image",
        pretrained_file("a.vec", "der 1 2"),
        ("pretrained holds no artifact", "It takes the artifact of an image model"),
    ),
    "nothing that a TextCNN starts from": Fault(
        "text",
        together(setting(encoder="cnn"), pretrained_file("a.npz", "")),
        (
            "channel 'pretrained': cannot read ",
            "must hold one file",
            "or the artifact of an earlier such",
        ),
    ),
    "the image model to go on from in text": Fault(
        "text", pretrained("image"), ("holds a 'image' artifact, expected 'text'", "It takes")
    ),
    "the text model to go on from in images": Fault(
        "image", pretrained("text"), ("holds a 'text' artifact, expected 'image'", "It takes")
    ),
    "an earlier network of other sizes": Fault(
        "image",
        together(pretrained("image"), setting(depth="3", start_filter="2", dropout="0.1")),
        (
            "depth is 3, and 2 in the artifact of the channel 'pretrained'",
            "start_filter is 2, and 4 in",
            "Set the artifact's values",
        ),
    ),
    "an earlier model of another encoder": Fault(
        "text",
        together(pretrained("text"), setting(encoder="cnn")),
        ("encoder is cnn, and ngram in the artifact", "or start without the channel"),
    ),
    "frozen without an earlier model": Fault(
        "image", setting(freeze="1"), ("freeze keeps what an earlier artifact", "Add one")
    ),
    "out of fold of pages that the earlier model has learnt": Fault(
        "text",
        pretrained("text"),
        ("'train': 2 of 2 streams (as 'a')", "in train they may stay with folds 0"),
    ),
    "held-out pages that the earlier model has learnt": Fault(
        "image",
        together(
            pretrained("image"),
            setting(folds="0"),
            lambda job: job.records.update(
                validation=[{**one, "stream": "n"} for one in job.records["train"][:8]]
            ),
            lambda job: shutil.copytree(
                job.channel("train") / "images",
                job.channel("validation") / "images",
                dirs_exist_ok=True,
            ),
        ),
        ("channel 'validation': 1 of 1 streams (as 'n')", "Leave them out"),
    ),
    # the base models' jobs
    "neither text nor image": Fault(
        "sequence", without("text", "image"), ("'text' and 'image' are both missing", "Give")
    ),
    "no model.tar.gz": Fault(
        "sequence", archive("model", remove), (*NEXT_JOB, "no model.tar.gz below it")
    ),
    "two model.tar.gz": Fault(
        "sequence", archive("model", double), (*NEXT_JOB, "2 model.tar.gz", "another/model.tar.gz")
    ),
    "no output.tar.gz": Fault(
        "sequence", archive("output", remove), (*NEXT_JOB, "no output.tar.gz below it")
    ),
    "two output.tar.gz": Fault("sequence", archive("output", double), (*NEXT_JOB, "2 output")),
    "a path that climbs out": Fault("sequence", archive("model", replaced_by("../evil")), UNSAFE),
    "an absolute path": Fault("sequence", archive("model", replaced_by("/tmp/evil")), UNSAFE),
    "a link": Fault(
        "sequence",
        archive("model", replaced_by("evil", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        UNSAFE,
    ),
    "an archive with a flipped byte": Fault("sequence", archive("model", flip_a_byte), DAMAGED),
    "an archive cut short": Fault("sequence", archive("model", cut), DAMAGED),
    "outputs with a flipped byte": Fault(
        "sequence", archive("output", flip_a_byte), ("text/output.tar.gz: damaged", "Fetch")
    ),
    "weights with a flipped byte": Fault(
        "sequence", repack("text", weights_flipped), ("weights.params is not what", "Fetch")
    ),
    "an artifact without manifest": Fault(
        "sequence", repack("text", manifest_lost), ("holds no artifact",)
    ),
    "the image model as the text model": Fault(
        "sequence", image_archives_as_text, ("holds a 'image' artifact, expected 'text'",)
    ),
    "the image model's outputs as the text model's": Fault(
        "sequence", image_outputs_as_text, ("channel 'text'", "outputs of the image", "Point")
    ),
    "outputs that lack pages": Fault(
        "sequence",
        repack("image", outputs_without_three_pages),
        ("'image': no page output for 3 of 16", "page 1 of stream 'a'", "the same 'train' channel"),
    ),
    "outputs that lack a channel": Fault(
        "sequence",
        repack("text", outputs_without_validation),
        ("channel 'text': there is no page_outputs/validation.npz", "Use the output.tar.gz"),
    ),
    "outputs that are not out of fold": Fault(
        "sequence", repack("text", outputs_of_validation_as_train), ("held-out", "Point")
    ),
    "outputs cut short": Fault(
        "sequence", repack("text", outputs_cut_short), ("train.npz: cannot be read", "Use")
    ),
    "classes that differ": Fault(
        "sequence",
        relabel("letter", "memo", "train", "validation"),
        ("it lacks ['memo'], and has ['letter'] besides", "Train it on the same labels"),
    ),
}
