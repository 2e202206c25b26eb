"""The same network in PyTorch: eager, channels last, compiled, or both."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from worker import INFERENCE, Given, Turns, endless, load, take_turns

from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment, darkness_of
from common.pages.channel import Channel
from common.pages.targets import targets_of
from common.training.prefetch import Prefetched
from common.training.rates import triangular


class PageCNN(nn.Module):
    """Maps darkness [pages, 1, height, width] to (embedding, heads), as ours of this name does."""

    def __init__(self, classes: int, hp: ImageHyperparameters) -> None:
        super().__init__()
        self.grid = hp.grid
        layers: list[nn.Module] = []
        channels = 1
        for block in range(hp.depth):
            filters = hp.start_filter << block
            for _ in range(hp.conv_block_length):
                layers += [
                    nn.Conv2d(channels, filters, 3, padding=1, bias=False),
                    nn.BatchNorm2d(filters),
                    nn.ReLU(inplace=True),
                ]
                channels = filters
            layers.append(nn.MaxPool2d(2))
        self.trunk = nn.Sequential(*layers)
        self.dropout = nn.Dropout(hp.dropout)
        self.heads = nn.Linear(channels * hp.grid**2, classes + 2)

    def forward(self, darkness: Tensor) -> tuple[Tensor, Tensor]:
        cells = functional.adaptive_avg_pool2d(self.trunk(darkness), self.grid)
        return cells.mean(dim=(2, 3)), self.heads(self.dropout(cells.flatten(1)))


def initialise(net: PageCNN) -> None:
    """As ours (He et al. 2015); PyTorch's own way is another."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def loss_of(heads: Tensor, batch: tuple[Tensor, ...], label_smoothing: float) -> Tensor:
    """Mean loss of a batch (darkness, label, ends [pages, 2], weight)."""
    _, label, ends, weight = batch
    of_class = functional.cross_entropy(
        heads[:, :-2], label, label_smoothing=label_smoothing, reduction="none"
    )
    of_ends = functional.binary_cross_entropy_with_logits(heads[:, -2:], ends, reduction="none")
    return (weight * (of_class + 0.5 * of_ends.sum(1))).mean()


@dataclass(frozen=True)
class Pages:
    """Batches in one memory layout, each made while the net learns from another."""

    given: Given
    layout: torch.memory_format

    def training(self, epoch: int) -> Prefetched:
        targets = targets_of(self.given.train, self.given.train.classes)
        hp = self.given.hyperparameters
        rng = np.random.default_rng((hp.seed, epoch))
        order = rng.permutation(len(self.given.train))
        starts = range(0, len(order) - hp.batch_size + 1, hp.batch_size)

        def make(start: int) -> tuple[Tensor, ...]:
            rows = order[start : start + hp.batch_size]
            seen = self.given.bitmaps.read_pages(self.given.train.take(rows))
            rng = np.random.default_rng((hp.seed, epoch, start))
            own = targets.take(rows)
            ends = np.stack([own.first_page, own.last_page], axis=1)
            darkness = self._tensor(augment(seen, hp.augmentation, rng))
            label, weight = torch.from_numpy(own.label).long(), torch.from_numpy(own.weight)
            return darkness, label, torch.from_numpy(ends), weight

        return Prefetched(make, starts)

    def of(self, channel: Channel) -> Prefetched:
        """All pages in order, the last batch filled up with the first pages."""

        def read(start: int) -> Tensor:
            rows = np.arange(start, start + INFERENCE) % len(channel)
            return self._tensor(darkness_of(self.given.bitmaps.read_pages(channel.take(rows))))

        return Prefetched(read, range(0, len(channel), INFERENCE))

    def _tensor(self, darkness: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(darkness).contiguous(memory_format=self.layout)


def turns(argv: list[str]) -> Turns:
    given = load(argv)
    hp, variant = given.hyperparameters, given.variant
    layout = torch.channels_last if "channels-last" in variant else torch.contiguous_format
    pages = Pages(given, layout)
    torch.manual_seed(hp.seed)
    net = PageCNN(len(given.train.classes), hp)
    initialise(net)
    net = net.to(memory_format=layout)
    model = torch.compile(net) if "compile" in variant else net
    weights = [parameter for parameter in net.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in net.parameters() if parameter.dim() == 1]
    groups = [{"params": weights, "weight_decay": hp.weight_decay}, {"params": others}]
    optimizer = torch.optim.SGD(groups, 0.01)
    batches = endless(pages.training)

    def step(batch: tuple[Tensor, ...], rate: float) -> int:
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.train()
        optimizer.zero_grad(set_to_none=True)
        mean = loss_of(model(batch[0])[1], batch, hp.label_smoothing)
        mean.backward()
        optimizer.step()
        mean.item()
        return len(batch[0])

    def heads_of(batch: Tensor) -> NDArray[np.float32]:
        model.eval()
        with torch.inference_mode():
            _, heads = [part.numpy() for part in model(batch)]
        return heads

    seen = endless(lambda epoch: pages.of(given.train))
    rate = triangular(hp.min_lr, hp.max_lr, hp.cycle_length)
    numbers = count()
    truth = targets_of(given.validation, given.train.classes).label

    def learn() -> float:
        epoch = next(numbers)
        batches = pages.training(epoch)
        for place, batch in enumerate(batches):
            step(batch, rate(epoch + place / len(batches)))
        heads = np.concatenate([heads_of(batch) for batch in pages.of(given.validation)])
        return float(np.mean(heads[: len(truth), :-2].argmax(axis=1) == truth))

    return Turns(
        train=lambda: step(next(batches), 0.01),
        infer=lambda: len(heads_of(next(seen))),
        learn=learn,
    )


if __name__ == "__main__":
    take_turns(turns(sys.argv[1:]))
