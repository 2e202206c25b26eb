"""Checkpoints: where a training run stands, so that an interrupted one goes on from there.

One file after every epoch, and within long ones, written beside its place and renamed, so that what
is found is whole; the last two are kept, should a copy of the newest be damaged. Order of the data
and random numbers are functions of seed, epoch and step alone, so on CPU a run that was interrupted
at any moment ends with the same bytes as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

import mxnet as mx
from mxnet import gluon

from common.job.log import logger
from common.job.room import writing_to
from common.training.standing import Standing, parameters_of, set_parameters

_KEPT = 2
_NET, _BEST, _TRAINER, _STANDING = "net.params", "best.params", "trainer.states", "standing.json"
_HOST = "host-{}.npz"  # what is apart


@dataclass(frozen=True)
class Checkpoints:
    """Those of one training run; without a folder there are none.

    Within an epoch there is one every `seconds`.
    """

    folder: Path | None = None
    seconds: float = 600

    def of(self, *identity: str) -> Checkpoints:
        """Those of a run that is told from others by `identity`: its part, its data, its table."""
        if self.folder is None:
            return self
        name = hashlib.sha256("\0".join(identity).encode()).hexdigest()
        return replace(self, folder=self.folder / name)

    def save(self, net: gluon.Block, trainer: gluon.Trainer, standing: Standing) -> None:
        """Write where the run stands, and drop all but the last two."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="checkpoint-") as name:
            scratch = Path(name)
            with writing_to(scratch.parent):
                mx.nd.save(str(scratch / _NET), parameters_of(net))
                mx.nd.save(str(scratch / _BEST), standing.best)
                trainer.save_states(str(scratch / _TRAINER))
                (scratch / _STANDING).write_text(json.dumps(standing.as_json()))
                for place, own in enumerate(standing.apart):
                    (scratch / _HOST.format(place)).write_bytes(own)
            whole = self.folder / ".saving"  # beside its place: a rename is whole or nothing
            with writing_to(self.folder.parent), zipfile.ZipFile(whole, "w") as file:
                for part in sorted(scratch.iterdir()):
                    file.write(part, part.name)
            whole.replace(self.folder / f"{standing.steps:09d}.zip")
        for old in self._found()[_KEPT:]:
            old.unlink()

    def restore(self, net: gluon.Block, trainer: gluon.Trainer) -> Standing | None:
        """Bring net and trainer to where the run stood; None where there is no checkpoint."""
        for file in self._found():
            try:
                standing = _read(file, net, trainer)
            except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
                logger.warning(
                    "checkpoint %s is damaged (%s); an earlier one is tried", file, error
                )
                continue
            done = standing.epoch, standing.part.steps
            logger.info("resumed after epoch %d and %d steps more from %s", *done, file)
            return standing
        return None

    def _found(self) -> list[Path]:
        """The newest first."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(self.folder.glob("*.zip"), reverse=True)


NO_CHECKPOINTS = Checkpoints()


def _read(file: Path, net: gluon.Block, trainer: gluon.Trainer) -> Standing:
    with tempfile.TemporaryDirectory(prefix="checkpoint-") as name, zipfile.ZipFile(file) as parts:
        scratch = Path(name)
        for part in (_NET, _BEST, _TRAINER):
            parts.extract(part, scratch)  # checks the part's checksum
        hosts = takewhile(parts.namelist().__contains__, map(_HOST.format, count()))
        standing = Standing.from_json(
            json.loads(parts.read(_STANDING)),
            mx.nd.load(str(scratch / _BEST)),
            tuple(parts.read(name) for name in hosts),
        )
        set_parameters(net, mx.nd.load(str(scratch / _NET)))
        trainer.load_states(str(scratch / _TRAINER))
    return standing
