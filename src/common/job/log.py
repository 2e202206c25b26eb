"""What a job says while it runs: configuration and versions first, progress on a terminal only."""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from typing import TypeVar

from tqdm import tqdm

from common.job.hyperparameters import Hyperparameters

PACKAGES = ("mxnet", "mxnet-cu117", "gluonnlp", "numpy", "scipy", "scikit-learn", "pillow")

logger = logging.getLogger("document-ensemble")
Item = TypeVar("Item")


def start(hyperparameters: Hyperparameters) -> None:
    """Begin the log of a training job."""
    configure()
    versions = ", ".join(f"{name} {version}" for name, version in package_versions().items())
    logger.info("%s", versions)
    logger.info("hyperparameters %s", hyperparameters.model_dump_json())


def configure() -> None:
    """Send the log to standard error, a line a message."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s", force=True)


def package_versions() -> dict[str, str]:
    """Versions of what a result depends on; a package that is not installed is left out."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def progress(
    items: Iterable[Item], *, what: str, unit: str, total: int | None = None
) -> Iterable[Item]:
    """The same items behind a progress bar, which is drawn on a terminal only."""
    return tqdm(items, desc=what, unit=unit, total=total, disable=None, leave=False)
