"""What is wrong with an execution's input: every problem at once, each with its field."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .hyperparameters import hyperparameter_problems

INPUT_SCHEMA = json.loads((Path(__file__).parent / "input_schema.json").read_text("utf-8"))
BASE_MODELS = ("text", "image")
MODELS = (*BASE_MODELS, "sequence")
_TRANSFORMS_MB = 100  # SageMaker's limit on transforms at once times their size
_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
}


class InvalidInput(Exception):
    """An execution's input that no run can be made of."""


def check(given: Any) -> dict[str, Any]:
    """The input, if there is nothing wrong with it.

    Raises:
        InvalidInput: one message with a line for each problem.
    """
    problems = list(_problems(given))
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise InvalidInput("\n".join([f"The execution's input has {count}:", *problems]))
    return given


def _problems(given: Any) -> Iterator[str]:
    errors = sorted(Draft202012Validator(INPUT_SCHEMA).iter_errors(given), key=_place)
    for error in errors:
        yield from _told(error)
    if not isinstance(given, dict):
        return
    wrong = {_place(error) for error in errors}
    for model in MODELS:
        job = _section(given, model)
        yield from hyperparameter_problems(model, _section(job, "HyperParameters"))
        if not {f"{model}.MaxWaitTimeInSeconds", f"{model}.MaxRuntimeInSeconds"} & wrong:
            yield from _spot_problems(model, job)
    yield from _combinations(given, wrong)


def _section(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _place(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path)


def _told(error: ValidationError) -> Iterator[str]:
    place = _place(error)
    under = f"{place}." if place else ""
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema["properties"]
        for name in sorted(set(error.instance) - set(known)):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(known)}."
            yield f"{under}{name}: unknown field. {hint}"
    elif error.validator == "required":
        missing = next(name for name in error.validator_value if repr(name) in error.message)
        yield f"{under}{missing}: missing."
    elif "propertyNames" in error.absolute_schema_path:
        yield f"{under}{error.instance}: the name must be {_rule(error.schema)}."
    else:
        yield f"{place or 'input'}: must be {_rule(error.schema)}. Got {_shown(error.instance)}."


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


def _rule(schema: Mapping[str, Any]) -> str:
    """A rule in words: `an integer from 1 to 20`."""
    if "title" in schema:
        return schema["title"]
    if "const" in schema:
        return str(schema["const"])
    words = _KINDS[schema["type"]]
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        words += f" above {schema['exclusiveMinimum']}, at most {high}"
    elif low is not None:
        words += f" from {low} to {high}"
    least, most = schema.get("minItems"), schema.get("maxItems", schema.get("maxProperties"))
    if least is not None:
        words += f" of {least} to {most} entries"
    elif most is not None:
        words += f" of at most {most} entries"
    return words


def _spot_problems(model: str, job: Mapping[str, Any]) -> Iterator[str]:
    wait = job.get("MaxWaitTimeInSeconds")
    if wait is None:
        return
    if job.get("EnableManagedSpotTraining") is not True:
        yield (
            f"{model}.MaxWaitTimeInSeconds: is of spot training alone. Leave it out, or set "
            "EnableManagedSpotTraining to true."
        )
    elif wait < job.get("MaxRuntimeInSeconds", _default_seconds()):
        yield (
            f"{model}.MaxWaitTimeInSeconds: must be at least MaxRuntimeInSeconds, which it "
            f"includes. Got {wait}."
        )


def _default_seconds() -> int:
    return INPUT_SCHEMA["$defs"]["seconds"]["default"]


def _combinations(given: Mapping[str, Any], wrong: Collection[str]) -> Iterator[str]:
    scoring = _section(given, "scoring")
    at_once, size = scoring.get("MaxConcurrentTransforms", 2), scoring.get("MaxPayloadInMB", 50)
    both = {"scoring.MaxConcurrentTransforms", "scoring.MaxPayloadInMB"}
    if both.isdisjoint(wrong) and at_once * size > _TRANSFORMS_MB:
        yield (
            f"scoring.MaxPayloadInMB: times MaxConcurrentTransforms must be at most "
            f"{_TRANSFORMS_MB}. Got {size} × {at_once}."
        )
    trained = (given.get("train_text_model", True), given.get("train_image_model", True))
    if "earlier_run" in given and trained == (True, True):
        yield "earlier_run: nothing is taken from it, for both base models are trained."
    data = _section(given, "data")
    for name in ("s3_uri", "labels_s3_uri"):
        uri = data.get(name)
        if isinstance(uri, str) and re.search(r"[^:]//|/\.\.?(/|$)", uri):
            yield f"data.{name}: no part of it may be empty, '.' or '..'. Got {_shown(uri)}."
    for name in ("array_size", "converted_by"):
        if name in data and "labels_s3_uri" not in data:
            yield f"data.{name}: is of files to convert alone. Leave it out, or set labels_s3_uri."
