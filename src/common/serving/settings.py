"""What a server is told: SageMaker's variables give the defaults, flags override."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from common.job.errors import ClientError
from common.job.flags import whole_number

_MB = 1 << 20
_MOST_WORKERS = 4  # by default; each holds the models in memory
_TRANSFORMS_MB = 100  # SageMaker's limit on transforms at once times their size
_ENDPOINT_SECONDS, _BATCH_SECONDS = 55.0, 590.0  # the platform gives up after 60, by default 600

Value = TypeVar("Value")


@dataclass(frozen=True)
class Limits:
    """What one request may ask for. `pixels` are those of one bitmap."""

    bytes: int
    pages: int
    pixels: int
    seconds: float


@dataclass(frozen=True)
class Settings:
    """How a server runs.

    Attributes:
        waiting: requests that may be there at once.
        drain_seconds: how long requests that are there may still take after SIGTERM.
        batch_transform: a content that cannot be used is answered with an error record, status
            200, so that the other objects of the job are answered too.
        pages: answers tell of each page, unless a request says otherwise.
        log_content: the log may quote what is sent.
        ocr: languages that tesseract reads scans in, `none`, or None to read them where it is
            installed.
    """

    model: Path
    host: str
    port: int
    workers: int
    limits: Limits
    waiting: int
    drain_seconds: float
    batch_transform: bool
    pages: bool
    log_content: bool
    ocr: str | None = None

    @property
    def execution_parameters(self) -> dict[str, int | str]:
        """What Batch Transform asks for, and keeps to."""
        megabytes = max(1, self.limits.bytes // _MB)
        at_once = min(4 * self.workers, _TRANSFORMS_MB // megabytes)
        return {
            "MaxConcurrentTransforms": max(1, at_once),
            "BatchStrategy": "SINGLE_RECORD",
            "MaxPayloadInMB": megabytes,
        }


def read_settings(
    description: str | None, argv: Sequence[str], environment: Mapping[str, str] = os.environ
) -> Settings:
    """Settings from the command line and the variables.

    Raises:
        ClientError: a variable holds what it may not hold.
    """
    batch = _is_on(environment, "SAGEMAKER_BATCH")
    said = _parser(description, environment, batch=batch).parse_args(argv)
    return Settings(
        model=said.model,
        host=said.host,
        port=said.port,
        workers=said.workers,
        limits=Limits(
            int(said.max_payload_mb * _MB), said.max_pages, said.max_pixels, said.timeout
        ),
        waiting=said.max_waiting,
        drain_seconds=said.drain,
        batch_transform=said.batch_transform,
        pages=said.pages,
        log_content=said.log_content,
        ocr=said.ocr,
    )


def _parser(
    description: str | None, environment: Mapping[str, str], *, batch: bool
) -> argparse.ArgumentParser:
    def from_variable(name: str, parse: Callable[[str], Value], otherwise: Value) -> Value:
        given = environment.get(name, "").strip()
        try:
            return parse(given) if given else otherwise
        except argparse.ArgumentTypeError as error:
            raise ClientError(f"variable {name}: {error}.") from error

    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    base = environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")
    model = Path(environment.get("SM_MODEL_DIR") or f"{base}/model")
    add(
        "--model",
        type=Path,
        metavar="DIR",
        default=model,
        help="the ensemble that train_sequence.py wrote; default SM_MODEL_DIR, else %(default)s",
    )
    add("--host", default="0.0.0.0", help="address to listen at; default all")
    add(
        "--port",
        type=_port,
        default=from_variable("SAGEMAKER_BIND_TO_PORT", _port, 8080),
        help="default SAGEMAKER_BIND_TO_PORT, else 8080; 0 takes a free one",
    )
    add(
        "--workers",
        type=whole_number(1),
        metavar="N",
        default=from_variable("SAGEMAKER_MODEL_SERVER_WORKERS", whole_number(1), _usual_workers()),
        help="processes with models; default SAGEMAKER_MODEL_SERVER_WORKERS, else one a "
        f"processor, at most {_MOST_WORKERS}",
    )
    add(
        "--max-payload-mb",
        type=_positive_number,
        metavar="MB",
        default=from_variable("SAGEMAKER_MAX_PAYLOAD_IN_MB", _payload, 6.0),
        help="size of a request; default SAGEMAKER_MAX_PAYLOAD_IN_MB, else 6",
    )
    add("--max-pages", type=whole_number(1), metavar="N", default=5000, help="default %(default)s")
    add(
        "--max-pixels",
        type=whole_number(1),
        metavar="N",
        default=40_000_000,
        help="of one bitmap; default %(default)s, more than A4 at 600 dpi has",
    )
    add(
        "--timeout",
        type=_positive_number,
        metavar="SECONDS",
        default=from_variable(
            "SAGEMAKER_MODEL_SERVER_TIMEOUT",
            _positive_number,
            _BATCH_SECONDS if batch else _ENDPOINT_SECONDS,
        ),
        help="for one request, waiting included; default SAGEMAKER_MODEL_SERVER_TIMEOUT, else "
        f"{_ENDPOINT_SECONDS:.0f}, of batch transform {_BATCH_SECONDS:.0f}",
    )
    add(
        "--max-waiting",
        type=whole_number(1),
        metavar="N",
        default=256,
        help="requests that are there at once; default %(default)s",
    )
    add(
        "--drain",
        type=_positive_number,
        metavar="SECONDS",
        default=25.0,
        help="for requests that are there when SIGTERM comes; default %(default).0f",
    )
    add(
        "--batch-transform",
        action="store_true",
        default=batch,
        help="answer content that cannot be used with an error record; default SAGEMAKER_BATCH",
    )
    add(
        "--pages",
        action="store_true",
        default=_is_on(environment, "ENSEMBLE_PAGES"),
        help="tell of each page, unless a request says otherwise; default ENSEMBLE_PAGES",
    )
    add(
        "--ocr",
        metavar="LANGUAGES",
        help="of pages without text of their own, as tesseract names them, or none; default "
        "deu+eng where tesseract is installed",
    )
    add("--log-content", action="store_true", help="let the log quote what is sent")
    return parser


def _is_on(environment: Mapping[str, str], variable: str) -> bool:
    return environment.get(variable, "").lower() in ("true", "1")


def _usual_workers() -> int:
    return min(_MOST_WORKERS, len(os.sched_getaffinity(0)))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a port from 0 to 65535. Got '{text}' instead")
    return int(text)


def _positive_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0. Got '{text}' instead")
    return value


def _payload(text: str) -> float:
    """Megabytes; 0, which SageMaker sends for streams of any size, is its highest limit."""
    return float(_TRANSFORMS_MB) if text == "0" else _positive_number(text)
