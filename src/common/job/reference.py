"""The reference that follows from the declarations: hyperparameters, schemas, metrics.

`python -m common.job.reference docs` writes `hyperparameters.md`, `hyperparameters/<model>.json`
(JSON Schema, for whoever checks a request before a job is started) and
`metric_definitions.json` below the folder; a test keeps them true.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from common.job.files import write_atomically
from common.job.hyperparameters import Hyperparameters, valid_values
from common.job.metrics import METRICS, definitions
from common.job.request_schema import request_schema
from common.job.tables import TABLES

_INTRODUCTION = """\
# Hyperparameters

Sent as strings, plain (`0.5`) or JSON-quoted (`"0.5"`). Whatever is unknown, mistyped or out of
range is refused before any data is read, all of it in one message. This page is made by
`make reference` from `src/common/job/tables.py`.
"""


def reference() -> dict[str, str]:
    """The content of each file of the reference, by its path below the docs folder."""
    sections = [_section(model, table) for model, table in TABLES.items()]
    files = {"hyperparameters.md": "\n".join([_INTRODUCTION, *sections])}
    for model, table in TABLES.items():
        files[f"hyperparameters/{model}.json"] = _json(request_schema(table))
    files["metric_definitions.json"] = _json({model: definitions(model) for model in METRICS})
    return files


def _section(model: str, table: type[Hyperparameters]) -> str:
    rows = [
        f"| `{name}` | {field.description} | {valid_values(table, name)} | {field.default} |"
        for name, field in sorted(table.model_fields.items(), key=lambda item: item[0] == "seed")
    ]
    head = ["| name | what it does | valid values | default |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## `train_{model}.py`", "", *head, *rows, ""])


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    for name, content in reference().items():
        write_atomically(folder / name, content.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
