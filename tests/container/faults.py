"""What can go wrong with a job in its container, and how it has to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.container.acts import (
    Act,
    after_log,
    at_a_random_moment,
    at_start,
    kill,
    kill_program,
    kill_toolkit,
    pause,
    term,
    twice,
    when_there_is,
)
from tests.container.engine import NO_TMPFS
from tests.contract import fault_table
from tests.contract.faulty import FaultyJob, Spoil, setting

EPOCH = "^train:loss="
READ = "^channel 'train': near-duplicates"  # what is logged before training begins
INTERRUPTED = ("interrupted: the platform ended the job (SIGTERM)",)
NO_ROOM = "has no room left"


@dataclass(frozen=True)
class Fault:
    """A way to spoil a job, and how it has to end.

    `status` are those allowed: with 0 there has to be an artifact, with others a failure file whose
    first line begins with `cause` and which says all of `says`. `resumes`: started again it has to
    leave the bytes of a job that nothing happened to. `quick`: among those that are always tried.
    """

    kind: str
    status: tuple[int, ...] = (1,)
    cause: str = "ClientError"
    says: tuple[str, ...] = ()
    spoil: Spoil = lambda job: None
    settings: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    act: Act | None = None
    hosts: int = 1
    late: float = 0  # seconds by which the last host starts after the others
    names: bool = True  # the hosts' names resolve
    checkpoints: bool = False  # there have to be some
    resumes: bool = False
    sample: bool = False  # learns from the sample, and not from 24 small pages
    quick: bool = False
    tells: bool = True  # there is a failure file
    patience: float = 240  # seconds; beyond, it hangs


LONG = {"epochs": "1000", "batch_size": "2"}
SOME = {"epochs": "40", "batch_size": "2", "folds": "0"}
SLOW_STEPS = {
    "height": "512",
    "width": "384",
    "depth": "5",
    "start_filter": "16",
    "batch_size": "16",
    "folds": "0",
    "epochs": "2",
}


def no_config(job: FaultyJob) -> None:
    for file in (job.base / "input/config").iterdir():
        if file.name != "hyperparameters.json":
            file.unlink()


DATA = {
    name: Fault(fault.kind, says=fault.says, spoil=fault.spoil, quick=name in quick)
    for quick in [
        {
            "unknown, mistyped and out of range together",
            "no train channel",
            "a broken JSON line",
            "a truncated image",
            "a path that climbs out",
            "weights with a flipped byte",
        }
    ]
    for name, fault in fault_table.FAULTS.items()
}

REQUEST = {
    "no program named": Fault(
        "text",
        says=("'sagemaker_program': must be one of",),
        spoil=setting(sagemaker_program=""),
    ),
    "a program that is not ours": Fault(
        "text",
        says=("must be one of train_text.py", "Got '/tmp/evil.py'"),
        spoil=setting(sagemaker_program="/tmp/evil.py"),
        quick=True,
    ),
    "no resourceconfig.json": Fault(
        "text",
        (2,),
        cause="AlgorithmError",
        says=("resourceconfig.json", "not as SageMaker lays them out"),
        spoil=no_config,
    ),
}

FULL = {
    "a model folder of 20 MB, an artifact of 75": Fault(
        "image",
        says=("/opt/ml/model " + NO_ROOM, "VolumeSizeInGB"),
        settings={"height": "32", "width": "32", "depth": "5", "start_filter": "64", "folds": "0"},
        flags=("--tmpfs", "/opt/ml/model:size=20m"),
        quick=True,
    ),
    "/tmp of 20 MB, bitmaps of 50": Fault(
        "image",
        says=("/tmp " + NO_ROOM, "VolumeSizeInGB"),
        settings={"height": "2048", "width": "1024", "depth": "2", "folds": "0"},
        flags=("--tmpfs", "/tmp:size=20m"),
        quick=True,
    ),
    "/tmp of 20 MB for a checkpoint": Fault(
        "image",
        says=("/tmp " + NO_ROOM,),
        settings={"height": "32", "width": "32", "depth": "5", "start_filter": "64", "folds": "0"},
        flags=("--tmpfs", "/tmp:size=20m"),
    ),
    "a checkpoint folder of 1 MB": Fault(
        "image",
        says=("/opt/ml/checkpoints/", NO_ROOM),
        settings={"height": "32", "width": "32", "depth": "4", "start_filter": "32", "folds": "0"},
        flags=("--tmpfs", "/opt/ml/checkpoints:size=1m"),
    ),
    "an output folder of 64 kB": Fault(
        "text",
        says=("/opt/ml/output/data/page_outputs " + NO_ROOM,),
        flags=("--tmpfs", "/opt/ml/output:size=64k"),
        sample=True,
        tells=False,
    ),
    "a model folder that cannot be written": Fault(
        "text",
        says=("/opt/ml/model cannot be written",),
        flags=("--tmpfs", "/opt/ml/model:ro"),
    ),
    "/dev/shm of 1 MB": Fault("image", status=(0,), flags=("--shm-size", "1m"), quick=True),
    "a read-only root file system": Fault(
        "image", status=(0,), flags=("--read-only", "--tmpfs", "/tmp"), checkpoints=True
    ),
    "a read-only root file system without /tmp": Fault(
        "image",
        says=("no temporary folder", "--tmpfs"),
        flags=("--read-only", *NO_TMPFS),
    ),
}

MEMORY = {
    f"a memory limit of {limit} MB": Fault(
        kind,
        status=(0, 1),
        says=("ran out of memory", f"the limit of {limit} MB"),
        sample=True,
        settings={"epochs": "1", "folds": "2"},
        flags=("--memory", f"{limit}m", "--memory-swap", f"{limit}m"),
        quick=limit == 300,
    )
    for kind, limit in [
        ("image", 200),
        ("text", 300),
        ("image", 400),
        ("image", 500),
        ("image", 700),
        ("image", 1000),
    ]
}

STOPPED = {
    "SIGTERM at start": Fault(
        "text", (1, 143), "AlgorithmError", INTERRUPTED, act=at_start(term), quick=True
    ),
    "SIGTERM while the program is being imported": Fault(
        "text",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        act=after_log("Imported framework", term, delay=0.5),
        quick=True,
    ),
    "SIGTERM in the first step": Fault(
        "image",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings=SLOW_STEPS,
        act=after_log("^hyperparameters", term, delay=4),
        checkpoints=True,
        resumes=True,
    ),
    "SIGTERM in the middle of an epoch": Fault(
        "text",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings=LONG,
        act=after_log(EPOCH, term, times=3),
        checkpoints=True,
        quick=True,
    ),
    "SIGTERM in the middle of training, then started again": Fault(
        "image",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings={"epochs": "60", "batch_size": "2", "folds": "0"},
        act=after_log(EPOCH, term, times=10),
        checkpoints=True,
        resumes=True,
    ),
    "SIGTERM twice": Fault(
        "image",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings=LONG,
        act=after_log(EPOCH, twice(term), times=3),
    ),
    "SIGTERM while a checkpoint is being written": Fault(
        "text",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings=LONG,
        act=when_there_is("checkpoints/*/*/.saving", term),
        checkpoints=True,
    ),
    "SIGTERM while the model is being written": Fault(
        "text",
        (0, 1),
        "AlgorithmError",
        INTERRUPTED,
        act=when_there_is("model/.staging-*", term),
        checkpoints=True,
        resumes=True,
        quick=True,
    ),
    "SIGTERM in the sequence job": Fault(
        "sequence",
        (1,),
        "AlgorithmError",
        INTERRUPTED,
        settings={"structure": "chain", "epochs": "1000"},
        act=after_log("^train:loss=", term),
    ),
    "the program killed while it trains": Fault(
        "text",
        (1,),
        "AlgorithmError",
        ("was killed from outside",),
        settings=SOME,
        act=after_log(EPOCH, kill_program, times=3),
        checkpoints=True,
        resumes=True,
        quick=True,
    ),
    "the toolkit killed while the program trains": Fault(
        "text",
        (137,),
        "ClientError",
        ("train was killed (SIGKILL)",),
        settings=LONG,
        act=after_log(EPOCH, kill_toolkit, times=3),
        checkpoints=True,
    ),
    "killed while the model is being written": Fault(
        "image",
        (0, 137),
        act=when_there_is("model/.staging-*", kill),
        checkpoints=True,
        resumes=True,
        tells=False,
    ),
}

KILLED = {
    f"kill -9 at random moment {seed + 1}": Fault(
        kind,
        (0, 1, 137),
        "AlgorithmError",
        ("was killed from outside",),
        settings={"epochs": "30", "batch_size": "4", "folds": "2"},
        act=at_a_random_moment(seed, 8, deed),
        resumes=True,
        quick=seed < 2,
        tells=deed is kill_program,
    )
    for seed in range(20)
    for kind in [("text", "image")[seed % 2]]
    for deed in [(kill, kill_program)[seed // 2 % 2]]
}

CLOCK = {
    "a clock that jumps a day ahead": Fault(
        "text",
        (0,),
        settings=SOME,
        flags=("-e", "JUMP=86400", "-e", "JUMP_AFTER=2"),
        checkpoints=True,
        quick=True,
    ),
    "a clock that jumps a day back": Fault(
        "image",
        (0,),
        settings={"epochs": "5"},
        flags=("-e", "JUMP=-86400", "-e", "JUMP_AFTER=2"),
        checkpoints=True,
    ),
}

SMALL = {"height": "64", "width": "48", "depth": "3", "folds": "0"}
TOGETHER = {"epochs": "1000", **SMALL}

HOSTS = {
    "two hosts, one killed": Fault(
        "image",
        (1,),
        "AlgorithmError",
        ("host 'algo-2' is gone",),
        settings=TOGETHER,
        sample=True,
        hosts=2,
        act=after_log(EPOCH, kill, host=1),
        quick=True,
    ),
    "two hosts, the first killed": Fault(
        "image",
        (1,),
        "AlgorithmError",
        ("host 'algo-1' is gone",),
        settings=TOGETHER,
        sample=True,
        hosts=2,
        act=after_log(EPOCH, kill, host=0),
    ),
    "two hosts, one frozen": Fault(
        "image",
        (1,),
        "AlgorithmError",
        ("host 'algo-2' is gone: it has been silent",),
        settings=TOGETHER,
        sample=True,
        hosts=2,
        act=after_log(EPOCH, pause, host=1),
    ),
    "two hosts, one stopped by SIGTERM": Fault(
        "image",
        (1,),
        "AlgorithmError",
        ("host 'algo-2' failed: the platform ended the job (SIGTERM)",),
        settings=TOGETHER,
        sample=True,
        hosts=2,
        act=after_log(EPOCH, term, host=1),
    ),
    "four hosts, one killed": Fault(
        "image",
        (1,),
        "AlgorithmError",
        ("host 'algo-3' is gone",),
        settings=TOGETHER,
        sample=True,
        hosts=4,
        act=after_log(EPOCH, kill, host=2),
    ),
    "two hosts, one late by 60 s": Fault(
        "image", (0,), settings={"epochs": "2", **SMALL}, sample=True, hosts=2, late=60
    ),
    "two hosts, the first one's name does not resolve": Fault(
        "image",
        says=("hosts that did not come: 'algo-2'",),
        settings=TOGETHER,
        sample=True,
        hosts=2,
        names=False,
        patience=700,
    ),
    "a host whose own name does not resolve": Fault("text", (0,), names=False),
}

FAULTS: dict[str, Fault] = {
    **REQUEST,
    **DATA,
    **FULL,
    **MEMORY,
    **STOPPED,
    **KILLED,
    **CLOCK,
    **HOSTS,
}
