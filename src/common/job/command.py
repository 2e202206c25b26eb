"""From a command line, or SageMaker's files, to a job; from a failure to its report.

The same program runs under `train` in a container and by hand. What the platform says gives the
defaults, flags of the same names override.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Generic, NoReturn

from common.job import log
from common.job.artifact import refuse_foreign
from common.job.causes import cause_of
from common.job.errors import AlgorithmError, ClientError, JobError, refuse
from common.job.failure import report
from common.job.folders import Folders, container_folders, lies_in, refuse_unwritable
from common.job.hosts import ONE_HOST, Hosts, container_hosts
from common.job.hyperparameters import Hyperparameters, Table, parse, valid_values
from common.job.peers import ALONE, Peers, gathered
from common.job.termination import terminate

UNREAD = 128 + signal.SIGPIPE  # exit status of a program whose reader has gone


@dataclass(frozen=True)
class Job(Generic[Table]):
    """What a training job was asked to do, and the hosts that do it together."""

    folders: Folders
    hyperparameters: Table
    hosts: Hosts = ONE_HOST
    peers: Peers = ALONE


def _nobody(hyperparameters: Hyperparameters) -> bool:
    return False


def run_job(
    story: Callable[[Job[Table]], None],
    table: type[Table],
    *,
    kind: str,
    channels: Mapping[str, str],
    cache: str | None = None,
    shared: Callable[[Table], bool] = _nobody,
    argv: Sequence[str] | None = None,
) -> int:
    """Read the job, run its story and return the exit status.

    Args:
        story: trains and writes the artifact.
        table: the model's hyperparameters.
        kind: of the artifact that it writes.
        channels: name → what the channel holds, for the help.
        cache: what the job may leave for the next one, for the help; None where there is nothing.
        shared: whether all hosts of the job work at it; else the first does alone.
    """
    container = container_folders()
    failure = container.failure if container else None

    def read_and_run() -> None:
        words = sys.argv[1:] if argv is None else argv
        job = _read_job(table, container, channels, cache, words)
        log.start(job.hyperparameters)
        together = shared(job.hyperparameters)
        if job.hosts.place and not together:
            log.logger.info(
                "host '%s' has nothing to do: '%s' does this job alone",
                job.hosts.current,
                job.hosts.first,
            )
            return
        # Before all that may fail on one host alone, so that the others hear of it.
        with gathered(job.hosts if together else ONE_HOST, failure) as peers:
            refuse_unwritable(job.folders)
            refuse_foreign(job.folders.model, kind=kind)
            story(replace(job, peers=peers))

    return run_reporting(read_and_run, failure=failure)


def run_reporting(action: Callable[[], None], *, failure: Path | None = None) -> int:
    """Run `action` and return an exit status; a failure is told in one screen, cause first."""
    signal.signal(signal.SIGTERM, terminate)
    try:
        action()
        sys.stdout.flush()
    except JobError as error:
        return report(error, failure)
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and isinstance(stop.code, int):
            return stop.code
        return report(AlgorithmError(f"interrupted: {str(stop) or 'by the keyboard'}"), failure)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and failure is None and _nobody_reads():
            return UNREAD
        return report(cause_of(error), failure, cause=error)
    return 0


def _nobody_reads() -> bool:
    """Whether whoever read our output has gone; what is left of it is then dropped."""
    try:
        output = sys.stdout.fileno()
    except OSError:  # it is no file
        return False
    poll = select.poll()
    poll.register(output, 0)
    gone = any(event & select.POLLERR for _, event in poll.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    return gone


def _read_job(
    table: type[Table],
    container: Folders | None,
    channels: Mapping[str, str],
    cache: str | None,
    argv: Sequence[str],
) -> Job[Table]:
    parser = _parser(table, channels, cache)
    known, others = parser.parse_known_args(_joined(argv))
    flags = {name: value for name, value in vars(known).items() if value is not None}
    folders = _folders(container, channels, flags)
    _refuse_overlaps(folders, container)
    values = {**_platform_hyperparameters(), **flags, **_unknown_flags(others)}
    return Job(folders, parse(table, values), container_hosts())


def _joined(argv: Sequence[str]) -> list[str]:
    """`--name -1e-3` as `--name=-1e-3`: argparse takes such a number for another flag."""
    words: list[str] = []
    for word in argv:
        waits = bool(words) and words[-1].startswith("--") and "=" not in words[-1]
        if waits and word.startswith("-") and _is_number(word):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


class _Parser(argparse.ArgumentParser):
    """Refuses as everything else does: one message, and in the failure file too."""

    def error(self, message: str) -> NoReturn:
        raise ClientError(f"command line: {message}. See --help.")


def _parser(
    table: type[Hyperparameters], channels: Mapping[str, str], cache: str | None
) -> argparse.ArgumentParser:
    parser = _Parser(
        description=sys.modules["__main__"].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    places = parser.add_argument_group("channels and folders (default: SageMaker's)")
    for name, holds in channels.items():
        places.add_argument(f"--{name}", metavar="DIR", help=holds)
    places.add_argument("--model-dir", metavar="DIR", help="where the artifact goes")
    places.add_argument(
        "--output-data-dir", metavar="DIR", help="where page outputs and reports go"
    )
    places.add_argument(
        "--checkpoint-dir", metavar="DIR", help="where an interrupted job goes on from (optional)"
    )
    if cache is not None:
        places.add_argument("--cache-dir", metavar="DIR", help=f"where {cache} (optional)")
    tuned = parser.add_argument_group("hyperparameters")
    for name, field in table.model_fields.items():
        rule = valid_values(table, name)
        told = f"{field.description}: {rule}; default {field.default}"
        tuned.add_argument(f"--{name}", metavar="VALUE", help=told.replace("%", "%%"))
    return parser


def _folders(
    container: Folders | None, channels: Mapping[str, str], flags: dict[str, str]
) -> Folders:
    """Take the folders out of `flags`; what is left are hyperparameters."""
    named = {name: Path(flags.pop(name)) for name in channels if name in flags}
    model, output = flags.pop("model_dir", None), flags.pop("output_data_dir", None)
    checkpoints, cache = (
        Path(flags.pop(name)) if name in flags else None for name in ("checkpoint_dir", "cache_dir")
    )
    if container is None:
        if model is None or output is None:
            raise ClientError(
                "outside a container the job needs --model-dir DIR and --output-data-dir DIR "
                "(and a folder for each channel; --help lists them)."
            )
        return Folders(Path(model), Path(output), named, checkpoints=checkpoints, cache=cache)
    return replace(
        container,
        model=Path(model) if model else container.model,
        output_data=Path(output) if output else container.output_data,
        channels={**container.channels, **named},
        checkpoints=checkpoints or container.checkpoints,
        cache=cache,
    )


def _refuse_overlaps(folders: Folders, container: Folders | None) -> None:
    """A folder that the job writes to is no other's, lies in none and holds none.

    What the platform alone chose is left to the platform.
    """
    written, read = _places(folders)
    found = {**written, **read}
    platforms = {} if container is None else {**_places(container)[0], **_places(container)[1]}
    pairs = [
        (one, other)
        for one, other in combinations(found, 2)
        if one in written and not all(platforms.get(name) == found[name] for name in (one, other))
    ]
    problems = [
        f"--{one} ({found[one]}) and --{other} ({found[other]}) are the same folder, or one lies "
        "in the other."
        for one, other in pairs
        if lies_in(found[one], found[other]) or lies_in(found[other], found[one])
    ]
    refuse(problems, remedy="Name folders apart from each other.")


def _places(folders: Folders) -> tuple[dict[str, Path], dict[str, Path]]:
    """What a job writes to and what it reads, by the names of their flags."""
    written = {"model-dir": folders.model, "output-data-dir": folders.output_data}
    for name, folder in (("checkpoint-dir", folders.checkpoints), ("cache-dir", folders.cache)):
        if folder is not None:
            written[name] = folder
    return written, dict(folders.channels)


def _platform_hyperparameters() -> dict[str, Any]:
    """What SageMaker was given: the toolkit's variable, or the file that it was made from."""
    if "SM_HPS" in os.environ:
        return _json_object(os.environ["SM_HPS"], "the variable SM_HPS")
    file = (
        Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "input/config/hyperparameters.json"
    )
    return _json_object(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else {}


def _json_object(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ClientError(
            f"{place}: not JSON ({error}). Send hyperparameters as strings."
        ) from error
    if not isinstance(value, dict):
        raise ClientError(f"{place}: must be a JSON object. Got {type(value).__name__} instead.")
    return value


def _unknown_flags(words: Sequence[str]) -> dict[str, str]:
    """Flags that nobody declared, as hyperparameters, to be refused together with the rest.

    The toolkit makes `-k` of a hyperparameter whose name has one letter.
    """
    found: dict[str, str] = {}
    name = None
    for word in words:
        if word.startswith("--") or (word.startswith("-") and word[1:].isalpha()):
            name, _, value = word.lstrip("-").partition("=")
            found[name] = value
        elif name is not None:
            found[name] = word
        else:
            raise ClientError(f"'{word}' belongs to no flag. See --help.")
    return found
