"""The hosts that train one network together, or the one that trains it alone.

Each learns from its own batches. Gradients are summed at every step, so that all have the same
parameters throughout; when an epoch ends the statistics of batch norm are averaged.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import gluon
from numpy.typing import NDArray

from common.job.errors import AlgorithmError
from common.job.peers import ALONE, Peers
from common.training.checkpoints import Checkpoints
from common.training.devices import average_statistics
from common.training.gradient_sum import GradientSum, gradient_sum
from common.training.loop import Epoch, Part
from common.training.loss_scale import ScalingTrainer
from common.training.standing import Standing

Arrays = dict[str, NDArray]
# No parameters have such names.
_LOSS, _MEMBERS, _DIGEST = "train loss", "members", "digest of what was learnt"


@dataclass(frozen=True)
class Team:
    """Hosts, and what sums their gradients while they train; by default this host alone."""

    peers: Peers = ALONE
    gradients: GradientSum | None = None

    @property
    def alone(self) -> bool:
        return self.peers.count == 1

    @contextmanager
    def at_work(self) -> Iterator[Team]:
        """The team with what it trains by; all hosts have to enter and leave."""
        if self.alone:
            yield self
            return
        with gradient_sum(self.peers) as gradients:
            yield replace(self, gradients=gradients)

    def trainer(
        self,
        net: gluon.Block,
        optimizer: str,
        options: Mapping[str, float],
        *,
        scaling: bool = False,
    ) -> gluon.Trainer:
        """One that steps along the mean of the hosts' gradients, of a scaled loss if so asked."""
        mean = {"rescale_grad": 1 / self.peers.count, **options}
        parameters = list(net.collect_params().values())
        summed: GradientSum | str | None = self.gradients
        if summed is None and len(parameters[0].list_ctx()) > 1:
            summed = "device"
            # It copies all that it is given to all devices after the first backward pass, which
            # MXNet's engine does not know to write batch norm's statistics.
            parameters = [parameter for parameter in parameters if parameter.grad_req != "null"]
        kind = ScalingTrainer if scaling else gluon.Trainer
        return kind(parameters, optimizer, mean, kvstore=summed, update_on_kvstore=False)

    def start(self, checkpoints: Checkpoints, net: gluon.Block, trainer: gluon.Trainer) -> Standing:
        """Bring all hosts to where the first one stands: at its checkpoint, if it has one."""
        standing = checkpoints.restore(net, trainer) or Standing()
        if self.alone:
            return standing
        parameters = {name: p.data().asnumpy() for name, p in net.collect_params().items()}
        _set(net, unpacked(self.peers.broadcast(packed(parameters))))
        with tempfile.TemporaryDirectory(prefix="standing-") as scratch:
            passed, file = Checkpoints(Path(scratch)), Path(scratch) / "000000.zip"
            content = b""
            if self.peers.first and standing != Standing():
                passed.save(net, trainer, standing)
                content = next(Path(scratch).glob("*.zip")).read_bytes()
            content = self.peers.broadcast(content)
            if content and not self.peers.first:
                file.write_bytes(content)
                standing = passed.restore(net, trainer) or standing
        if not standing.apart:
            return standing
        own = unpacked(standing.apart[self.peers.hosts.place])
        part = Part(standing.part.steps, float(own.pop(_LOSS)), int(own.pop(_MEMBERS)))
        _set(net, own)
        return replace(standing, part=part, apart=())

    def keeps(self, checkpoints: Checkpoints) -> bool:
        """Does any host keep where it stands? The first does, or none."""
        return bool(self.peers.broadcast(b"yes" if checkpoints.folder else b""))

    def agree(self, *wishes: bool) -> list[bool]:
        """Which wishes one has, or of several hosts any had a step ago: all hear the same."""
        return list(wishes) if self.gradients is None else self.gradients.wishes(wishes)

    def apart(self, net: gluon.Block, part: Part) -> tuple[bytes, ...]:
        """What each host has of its own within an epoch, for `Standing.apart` of the first one."""
        if self.alone:
            return ()
        mx.nd.waitall()  # for statistics, which MXNet's engine does not know to be written
        own = {_LOSS: np.array(part.loss), _MEMBERS: np.array(part.members), **_statistics(net)}
        return tuple(self.peers.gather(packed(own)))

    def settle(self, epoch: Epoch, net: gluon.Block) -> Epoch:
        """The epoch with the hosts' mean loss; `net` gets the mean of all running statistics.

        Raises:
            AlgorithmError: the hosts have not learnt the same.
        """
        average_statistics(net)
        if self.alone:
            return epoch
        found = {_LOSS: np.array(epoch.train_loss), _DIGEST: np.array(_digest(net))}
        found |= _statistics(net)
        of_hosts = [unpacked(told) for told in self.peers.gather(packed(found))]
        if of_hosts:
            self._refuse_differences([str(one.pop(_DIGEST)) for one in of_hosts])
            found = {
                name: np.mean([one[name] for one in of_hosts], axis=0, dtype=np.float64)
                for name in of_hosts[0]
            }
        means = unpacked(self.peers.broadcast(packed(found)))
        loss = float(means.pop(_LOSS))
        _set(net, means)
        return replace(epoch, train_loss=loss)

    def _refuse_differences(self, digests: Sequence[str]) -> None:
        for name, digest in zip(self.peers.hosts.names, digests, strict=True):
            if digest != digests[0]:
                raise AlgorithmError(
                    f"hosts '{self.peers.hosts.first}' and '{name}' have learnt different "
                    "parameters from the same gradients. Train on one host."
                )

    def part(self, count: int) -> range:
        """Which of `count` things are this host's to look at: neighbours, about as many each."""
        bounds = [count * place // self.peers.count for place in range(self.peers.count + 1)]
        return range(*bounds[self.peers.hosts.place :][:2])

    def join(self, part: NDArray) -> NDArray | None:
        """Rows of all hosts' parts, at the first host."""
        parts = [unpacked(told)["part"] for told in self.peers.gather(packed({"part": part}))]
        return np.concatenate(parts) if parts else None


ALONE_AT_WORK = Team()


def _statistics(net: gluon.Block) -> Arrays:
    """What is not learnt by gradients, and so may differ from host to host."""
    parameters = net.collect_params().items()
    return {name: p.data().asnumpy() for name, p in parameters if p.grad_req == "null"}


def _digest(net: gluon.Block) -> str:
    """Of all that has been learnt, running statistics left aside."""
    digest = hashlib.sha256()
    for parameter in net.collect_params().values():
        if parameter.grad_req != "null":
            digest.update(parameter.data().asnumpy().tobytes())
    return digest.hexdigest()


def _set(net: gluon.Block, values: Arrays) -> None:
    parameters = net.collect_params()
    for name, value in values.items():
        for into in parameters[name].list_data():
            mx.nd.identity(mx.nd.array(value, ctx=into.context), out=into)


def packed(arrays: Arrays) -> bytes:
    """Arrays by name, for another host."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpacked(content: bytes) -> Arrays:
    """What `packed` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
