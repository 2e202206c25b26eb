"""What sagemaker-training's `train` calls: SAGEMAKER_TRAINING_MODULE=common.job.toolkit:main.

The toolkit by itself keeps SIGTERM from the program that it runs, tells nothing of a program that
was killed, and runs whatever a job names. This starts one of ours, hands signals on, and says how
it died where it could not say so itself: in the failure file, and to the job's other hosts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sagemaker_training import errors
from sagemaker_training.environment import Environment

from common.job.deaths import cause_of_death, kills_for_memory
from common.job.errors import ClientError
from common.job.failure import told_as
from common.job.folders import Folders, container_folders
from common.job.gpus import refuse_missing_driver, refuse_unsupported_gpus
from common.job.hosts import container_hosts
from common.job.log import logger
from common.job.peers import Peers

PROGRAMS = ("train_text.py", "train_image.py", "train_sequence.py")
_TOGETHER = ("train_image.py",)  # their hosts wait for each other
_SOURCES = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run the job's program.

    Raises:
        errors.ClientError: it did not succeed; the toolkit writes the message to the failure file,
            unless the program has written its own.
    """
    job = Environment()
    try:
        program = _chosen(job.user_entry_point)
        _see_temporary_folder()
        refuse_missing_driver()
        refuse_unsupported_gpus()
    except Exception as error:
        _give_notice(job.user_entry_point, error)
        raise errors.ClientError(told_as(error)) from error
    folders = container_folders()
    kills = kills_for_memory()
    command = [sys.executable, str(_SOURCES / program), *job.to_cmd_args()]
    try:
        status = run_as_own(command, job.to_env_vars())
    finally:
        if folders is not None:
            give_to_owners(folders)
    if status:
        told = _own_words(folders)
        if told is None:
            cause = cause_of_death(program, status, kills, kills_for_memory())
            _give_notice(program, cause)
            told = told_as(cause)
        raise errors.ClientError(told)
    logger.info("%s succeeded", program)


def _chosen(name: str | None) -> str:
    if name in PROGRAMS:
        return name
    got = f"Got {name!r} instead" if name else "It is missing"
    raise ClientError(
        f"hyperparameter 'sagemaker_program': must be one of {', '.join(PROGRAMS)}. {got}."
    )


def _see_temporary_folder() -> None:
    """Libraries want one as soon as they are imported, and die of its absence without a word."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise ClientError(
            "no temporary folder can be written, /tmp least of all. Give the container one: with a "
            "read-only root file system add --tmpfs /tmp."
        ) from error


def _own_words(folders: Folders | None) -> str | None:
    """What the program says of its failure; None where it could not."""
    failure = folders.failure if folders else None
    if failure is None or not failure.is_file():
        return None
    return failure.read_text(encoding="utf-8", errors="replace")


def _give_notice(program: str | None, error: Exception) -> None:
    """Tell hosts that may still wait for this one; those that it had met have seen it go."""
    hosts = container_hosts()
    if program in _TOGETHER and len(hosts.names) > 1:
        Peers(hosts).give_notice(error)


def run_as_own(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program as if it were this one: SIGTERM and SIGINT reach it, its end is ours.

    Returns:
        its exit status, or minus the signal that killed it.
    """
    program: subprocess.Popen[bytes] | None = None
    early: list[int] = []  # came while the program was being started

    def hand_on(number: int, frame: object) -> None:
        if program is None:
            early.append(number)
        else:
            program.send_signal(number)

    handed = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, hand_on) for number in handed]
    try:
        program = subprocess.Popen(command, env={**os.environ, **variables})
        for number in early:
            program.send_signal(number)
        return program.wait()
    finally:
        for number, handler in zip(handed, before, strict=True):
            signal.signal(number, handler)


def give_to_owners(folders: Folders) -> None:
    """Give what root wrote to whoever owns the folder that it lies in, so that they can delete it.

    On a laptop the folders are mounted and their owner is a person.
    """
    written = [folders.model, folders.output_data.parent]
    if folders.checkpoints is not None:
        written.append(folders.checkpoints.parent)  # that of a host lies in the one that is mounted
    for folder in written:
        if os.geteuid() != 0 or not folder.is_dir():
            continue
        owner = folder.stat()
        for path in folder.rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
