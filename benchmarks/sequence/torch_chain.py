"""A BiLSTM-CRF in PyTorch, over tags class × {first, continuation}, as tutorials write it."""

from __future__ import annotations

import sys

import numpy as np
import torch
from benchmarks.sequence.work import HIDDEN, LEARNING_RATE, WIDTH, make_work, setting_of, take_turns
from torch import nn

FORBIDDEN = -1e4


class LinearChain:
    """Tags are the classes' first pages, then their continuations."""

    def __init__(self, classes: int) -> None:
        same = torch.eye(classes, dtype=torch.bool)
        self.forbidden = torch.zeros(2 * classes, 2 * classes).masked_fill(
            torch.cat([torch.zeros_like(same), ~same], dim=1).repeat(2, 1), FORBIDDEN
        )
        self.start = torch.cat([torch.zeros(classes), torch.full((classes,), FORBIDDEN)])

    def transitions(self, change: torch.Tensor) -> torch.Tensor:
        """From [classes, classes] to [tags, tags]."""
        return torch.cat([change, torch.zeros_like(change)], dim=1).repeat(2, 1) + self.forbidden

    def log_partition(self, emissions: torch.Tensor, transitions: torch.Tensor) -> torch.Tensor:
        """Emissions [streams, pages, tags] → [streams]."""
        alpha = self.start + emissions[:, 0]
        for page in range(1, emissions.shape[1]):
            alpha = torch.logsumexp(alpha[:, :, None] + transitions, dim=1) + emissions[:, page]
        return torch.logsumexp(alpha, dim=1)

    def score(
        self, emissions: torch.Tensor, transitions: torch.Tensor, tags: torch.Tensor
    ) -> torch.Tensor:
        """Of the given tags [streams, pages], [streams]."""
        emitted = emissions.gather(2, tags[:, :, None]).sum(dim=(1, 2))
        return emitted + transitions[tags[:, :-1], tags[:, 1:]].sum(dim=1)

    def viterbi(
        self, emissions: torch.Tensor, transitions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(tags [streams, pages], their score [streams])."""
        best, pointers = self.start + emissions[:, 0], []
        for page in range(1, emissions.shape[1]):
            best, before = (best[:, :, None] + transitions).max(dim=1)
            best = best + emissions[:, page]
            pointers.append(before)
        score, tag = best.max(dim=1)
        tags = [tag]
        for before in reversed(pointers):
            tags.append(before.gather(1, tags[-1][:, None])[:, 0])
        return torch.stack(tags[::-1], dim=1), score


class Network(nn.Module):
    """Features to the scores of tags; `change` scores which class follows which."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, HIDDEN, batch_first=True, bidirectional=True)
        self.emissions = nn.Linear(2 * HIDDEN, 2 * classes)
        self.change = nn.Parameter(torch.zeros(classes, classes))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.emissions(self.lstm(features)[0])


def main() -> None:
    setting = setting_of(sys.argv[1:])
    work = make_work(setting)
    net, chain = Network(setting.classes), LinearChain(setting.classes)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    features = torch.from_numpy(work.features)
    tags = torch.from_numpy(work.labels + np.where(work.starts, 0, setting.classes))

    def train() -> None:
        optimizer.zero_grad()
        emissions, transitions = net(features), chain.transitions(net.change)
        loss = chain.log_partition(emissions, transitions) - chain.score(
            emissions, transitions, tags
        )
        loss.mean().backward()
        optimizer.step()

    @torch.inference_mode()
    def decode() -> None:
        for stream in features.split(1):
            chain.viterbi(net(stream), chain.transitions(net.change))

    @torch.inference_mode()
    def together() -> None:
        chain.viterbi(net(features), chain.transitions(net.change))

    def check() -> list[float]:
        given = [torch.from_numpy(each).double() for each in (work.first, work.continuation)]
        emissions = torch.cat(given, dim=2)
        transitions = chain.transitions(torch.from_numpy(work.change).double())
        found = [
            chain.log_partition(emissions, transitions),
            chain.viterbi(emissions, transitions)[1],
        ]
        return torch.stack(found, dim=1).flatten().tolist()

    take_turns({"train": train, "decode": decode, "together": together}, check)


if __name__ == "__main__":
    main()
