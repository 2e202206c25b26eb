"""What a learning-rate range test found: loss against rate, and the rates to cycle between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.job.files import write_atomically, write_json
from common.results.charts import FIRST, MUTED, SECOND, Chart, canvas, clear, to_file, to_svg

NAME = "lr_range_test"
WIDTH, HEIGHT = 480, 320  # pixels
_BEGUN = 0.1  # share of the fall in loss
_LEAST = 0.05  # a fall by less than this share of the loss is none
_TURN = 0.1  # a rise by less than this share of the fall is none
_SURE = 2  # standard errors


@dataclass(frozen=True)
class RateRange:
    """`rates` and `losses` of the steps, `smooth` losses [steps], and what follows.

    `min_lr` is where the loss has begun to fall, `max_lr` where it is lowest before it rises again
    (Smith 2017, §3.3); both None where it never fell.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]
    min_lr: float | None
    max_lr: float | None

    @property
    def proposal(self) -> str:
        """In words."""
        if self.min_lr is None:
            return "The loss never fell clearly: no learning rates to propose."
        return f"Learning rates to cycle between: min_lr={self.min_lr:g}, max_lr={self.max_lr:g}."


def rate_range(points: Sequence[tuple[float, float]]) -> RateRange:
    """Read a test's (rate, loss) of each step, rates ascending."""
    rates, losses = np.array(points, dtype=np.float64).reshape(-1, 2).T
    smooth = _smooth(losses) if len(losses) else losses
    low, high = (_propose(rates, losses, smooth) if len(losses) else None) or (None, None)
    return RateRange(rates, losses, smooth, low, high)


def _window(steps: int) -> int:
    return 2 * (steps // 16) + 1


def _smooth(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of the steps around each, an eighth of the run; at the ends of what there is."""
    window = np.ones(_window(len(losses)))
    return np.convolve(losses, window, "same") / np.convolve(np.ones_like(losses), window, "same")


def _propose(
    rates: NDArray[np.float64], losses: NDArray[np.float64], smooth: NDArray[np.float64]
) -> tuple[float, float] | None:
    doubt = _doubt(losses - smooth)
    top, bottom = _first_fall(smooth, doubt)
    fall = smooth[top] - smooth[bottom]
    if fall < max(_LEAST * smooth[top], doubt):
        return None
    # The last step above the mark, so that a wave before the fall is not taken for it.
    begun = np.flatnonzero(smooth[:bottom] > smooth[top] - _BEGUN * fall)[-1]
    return _rounded(float(rates[begun])), _rounded(float(rates[bottom]))


def _first_fall(smooth: NDArray[np.float64], doubt: float) -> tuple[int, int]:
    """Where the loss begins to fall, and its lowest step before it clearly rises again.

    What comes after is another matter: a network that has come apart learns to say the same of
    every page, and its loss falls once more.
    """
    top = bottom = 0
    for step, loss in enumerate(smooth):
        fall, rise = smooth[top] - smooth[bottom], loss - smooth[bottom]
        if rise < 0:
            bottom = step
        elif fall > max(_LEAST * smooth[top], doubt) and rise > max(_TURN * fall, doubt):
            break
        elif loss > smooth[top]:
            top = bottom = step
    return top, bottom


def _doubt(noise: NDArray[np.float64]) -> float:
    """How far means of `_smooth` may be off, by what most steps are off: ruin does not count."""
    deviation = 1.48 * np.median(np.abs(noise))  # of a normal distribution
    return float(_SURE * deviation / np.sqrt(_window(len(noise))))


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def write_rate_range(folder: Path, found: RateRange) -> None:
    """Write `lr_range_test.json` and `lr_range_test.svg`."""
    values = {
        "rates": found.rates.tolist(),
        "losses": found.losses.tolist(),
        "smooth": found.smooth.tolist(),
        "min_lr": found.min_lr,
        "max_lr": found.max_lr,
    }
    write_json(folder / f"{NAME}.json", values)
    write_atomically(folder / f"{NAME}.svg", to_file(rate_range_chart(found)).encode())


def rate_range_chart(found: RateRange) -> Chart:
    """Loss against rate, and the proposal as two upright lines."""
    with canvas(WIDTH, HEIGHT) as figure:
        axes = clear(figure.add_subplot())
        axes.set_xscale("log")
        axes.plot(found.rates, found.losses, ".", color=MUTED, markersize=3)
        axes.plot(found.rates, found.smooth, color=FIRST)
        for name, rate in (("min_lr", found.min_lr), ("max_lr", found.max_lr)):
            if rate is not None:
                axes.axvline(rate, color=SECOND, linewidth=1.2, linestyle=(0, (5, 2)))
                place = (rate, 0.98)
                axes.annotate(
                    f" {name} {rate:g}",
                    place,
                    xycoords=axes.get_xaxis_transform(),
                    va="top",
                    color=MUTED,
                    fontsize=9,
                )
        axes.set_title("loss of each step, and their moving mean")
        axes.set_xlabel("learning rate")
        svg = to_svg(figure)
    return Chart(svg, f"Loss against learning rate. {found.proposal}")
