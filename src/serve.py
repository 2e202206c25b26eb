"""Serve an ensemble over HTTP, as a SageMaker endpoint or Batch Transform asks for it.

GET /ping, GET /execution-parameters, and POST /invocations: pages to segments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from common.job import log
from common.job.command import run_reporting
from common.serving.server import serve_until_told
from common.serving.settings import read_settings


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, serve; returns the exit status."""
    log.configure()

    def serve() -> None:
        serve_until_told(read_settings(__doc__, sys.argv[1:] if argv is None else argv))

    return run_reporting(serve)


if __name__ == "__main__":
    sys.exit(main())
