"""The hosts of a job: SageMaker starts the same program on each of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.job.errors import ClientError

_LOCAL = "algo-1"


@dataclass(frozen=True)
class Hosts:
    """All hosts of a job, in an order that they agree on, and the one that this program runs on."""

    names: tuple[str, ...] = (_LOCAL,)
    current: str = _LOCAL

    @property
    def first(self) -> str:
        """The host that writes what the job leaves."""
        return self.names[0]

    @property
    def place(self) -> int:
        """Of this host, from 0."""
        return self.names.index(self.current)


ONE_HOST = Hosts()


def container_hosts(environment: Mapping[str, str] = os.environ) -> Hosts:
    """What the toolkit's variables or `resourceconfig.json` say; one host where neither is there.

    Raises:
        ClientError: they do not say which of the hosts this is.
    """
    base = Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    file = base / "input/config/resourceconfig.json"
    if "SM_HOSTS" in environment and "SM_CURRENT_HOST" in environment:
        current = json.dumps(environment["SM_CURRENT_HOST"])
        told = f'{{"hosts": {environment["SM_HOSTS"]}, "current_host": {current}}}'
        return _hosts(told, "the variables SM_HOSTS and SM_CURRENT_HOST")
    return _hosts(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else ONE_HOST


def _hosts(told: str, place: str) -> Hosts:
    try:
        found: Any = json.loads(told)
        hosts = Hosts(tuple(sorted(set(found["hosts"]))), found["current_host"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ClientError(
            f"{place}: cannot be read ({error!r}). SageMaker gives hosts, a list of names, and "
            "current_host, one of them."
        ) from error
    if hosts.current not in hosts.names:
        raise ClientError(
            f"{place}: current_host '{hosts.current}' is none of the hosts "
            f"({', '.join(hosts.names)}). Name it as the list does."
        )
    return hosts
