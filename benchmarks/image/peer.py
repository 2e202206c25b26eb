"""The same network in PyTorch: eager, channels last, compiled, or both."""

from __future__ import annotations

import sys

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from worker import INFERENCE, Turns, endless, load, take_turns

from common.job.tables import ImageHyperparameters
from common.models.augmentation import augment, darkness_of
from common.pages.targets import targets_of
from common.training.prefetch import Prefetched


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


def turns(argv: list[str]) -> Turns:
    channel, hp, bitmaps = load(argv)
    variant = argv[3]
    layout = torch.channels_last if "channels-last" in variant else torch.contiguous_format
    torch.manual_seed(hp.seed)
    net = PageCNN(len(channel.classes), hp).to(memory_format=layout)
    model = torch.compile(net) if "compile" in variant else net
    optimizer = torch.optim.SGD(net.parameters(), 0.01, weight_decay=hp.weight_decay)
    targets = targets_of(channel, channel.classes)

    def plans(epoch: int) -> list[NDArray[np.intp]]:
        order = np.random.default_rng((hp.seed, epoch)).permutation(len(channel))
        size = hp.batch_size
        return [order[start : start + size] for start in range(0, len(order) - size + 1, size)]

    def make(rows: NDArray[np.intp]) -> tuple[Tensor, ...]:
        seen = bitmaps.read_pages(channel.take(rows))
        darkness = augment(seen, hp.augmentation, np.random.default_rng(rows[:2]))
        own = targets.take(rows)
        ends = np.stack([own.first_page, own.last_page], axis=1)
        label = torch.from_numpy(own.label).long()
        return tensor(darkness), label, torch.from_numpy(ends), torch.from_numpy(own.weight)

    def tensor(darkness: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(darkness).contiguous(memory_format=layout)

    batches = endless(lambda epoch: Prefetched(make, plans(epoch)))

    def train() -> int:
        darkness, label, ends, weight = next(batches)
        model.train()
        optimizer.zero_grad(set_to_none=True)
        heads = model(darkness)[1]
        of_class = functional.cross_entropy(
            heads[:, :-2], label, label_smoothing=hp.label_smoothing, reduction="none"
        )
        of_ends = functional.binary_cross_entropy_with_logits(heads[:, -2:], ends, reduction="none")
        mean = (weight * (of_class + 0.5 * of_ends.sum(1))).mean()
        mean.backward()
        optimizer.step()
        mean.item()
        return len(darkness)

    def read(start: int) -> Tensor:
        rows = np.arange(start, start + INFERENCE) % len(channel)
        return tensor(darkness_of(bitmaps.read_pages(channel.take(rows))))

    seen = endless(lambda epoch: Prefetched(read, range(0, len(channel), INFERENCE)))

    def infer() -> int:
        batch = next(seen)
        model.eval()
        with torch.inference_mode():
            for part in model(batch):
                part.numpy()
        return len(batch)

    return train, infer


if __name__ == "__main__":
    take_turns(*turns(sys.argv[1:]))
