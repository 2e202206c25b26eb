"""Networks as they were at the ends of the last cycles of the rate (Huang et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mxnet as mx
from mxnet import gluon

from common.job.errors import ClientError
from common.training.history import Report, Scores
from common.training.loop import Epoch
from common.training.standing import Parameters, parameters_of


@dataclass(frozen=True)
class Snapshots:
    """A file for each of the last `count` cycles of `cycle_length` epochs; 0: none.

    In a checkpoint's folder they outlive an interruption, as the checkpoint does.
    """

    folder: Path
    cycle_length: int
    count: int

    def keeping(self, net: gluon.Block, report: Report) -> Report:
        """`report`, which is told of every epoch before its checkpoint, keeping snapshots too."""

        def keep_and_report(epoch: Epoch, scores: Scores) -> None:
            if self.count and epoch.number % self.cycle_length == 0:
                self._save(epoch.number, net)
            report(epoch, scores)

        return keep_and_report

    def _save(self, epoch: int, net: gluon.Block) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = self.folder / ".saving"  # beside its place: a rename is whole or nothing
        mx.nd.save(str(whole), parameters_of(net))
        whole.replace(self._file(epoch))
        self._file(epoch - self.count * self.cycle_length).unlink(missing_ok=True)

    def read(self, epochs: int) -> list[Parameters]:
        """Those of a run of so many epochs, the last one first.

        Raises:
            ClientError: one is not there.
        """
        last = epochs - epochs % self.cycle_length
        ends = range(last, 0, -self.cycle_length)[: self.count]
        missing = [file for file in map(self._file, ends) if not file.is_file()]
        if missing:
            raise ClientError(
                f"{missing[0]}: the snapshot is gone, though the run had got beyond it. Empty the "
                "checkpoint folder and start again."
            )
        return [mx.nd.load(str(self._file(end))) for end in ends]

    def _file(self, epoch: int) -> Path:
        return self.folder / f"{epoch:06d}.params"
