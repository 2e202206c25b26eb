"""The requests that people copy are ones that the API takes, and ask our jobs for what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.loaders
import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

import train_image
import train_sequence
import train_text
from common.job.hyperparameters import parse
from common.job.tables import TABLES
from common.job.toolkit import PROGRAMS
from common.pages.training_channels import CHANNELS

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = sorted((ROOT / "examples/requests").rglob("*.json"))
METRICS = json.loads((ROOT / "docs/metric_definitions.json").read_text())
JOBS = [file for file in REQUESTS if file.parent.name == "create_training_job"]
TUNING = [file for file in REQUESTS if file.parent.name == "create_hyper_parameter_tuning_job"]
TAKEN = {
    "text": CHANNELS | train_text.PRETRAINED,
    "image": CHANNELS | train_image.PRETRAINED,
    "sequence": train_sequence.CHANNELS,
}


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def problems(operation: str, request: object) -> str:
    """What botocore's model of the API says of a request; nothing if it takes it."""
    loaded = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")
    name = "".join(word.capitalize() for word in operation.split("_"))
    shape = ServiceModel(loaded, "sagemaker").operation_model(name).input_shape
    return ParamValidator().validate(request, shape).generate_report()


def refuse_wrong_job(definition: dict, hyperparameters: dict[str, str]) -> str:
    """Check what a request asks of our program; returns the program's kind."""
    program = hyperparameters["sagemaker_program"]
    assert program in PROGRAMS
    kind = program.removeprefix("train_").removesuffix(".py")
    assert all(isinstance(value, str) for value in hyperparameters.values())
    parse(TABLES[kind], hyperparameters)
    assert definition["AlgorithmSpecification"]["MetricDefinitions"] == METRICS[kind]
    channels = {one["ChannelName"] for one in definition["InputDataConfig"]}
    assert {"train", "validation"} <= channels <= set(TAKEN[kind])
    return kind


@pytest.mark.parametrize("file", REQUESTS, ids=name_of)
def test_the_api_takes_it(file):
    assert problems(file.parent.name, json.loads(file.read_text())) == ""


@pytest.mark.parametrize(
    "change",
    [{"TrainingJobname": "x"}, {"StoppingCondition": {"MaxRuntimeInSeconds": "1"}}, {"Tags": 1}],
)
def test_it_would_not_take_just_anything(change):
    request = json.loads(JOBS[0].read_text())
    assert problems("create_training_job", {**request, **change})


@pytest.mark.parametrize("file", JOBS, ids=name_of)
def test_a_job_asks_for_what_there_is(file):
    request = json.loads(file.read_text())
    refuse_wrong_job(request, request["HyperParameters"])
    assert re.fullmatch("[a-zA-Z0-9](-*[a-zA-Z0-9])*", request["TrainingJobName"])
    spot = request.get("EnableManagedSpotTraining", False)
    stopping = request["StoppingCondition"]
    assert spot == ("MaxWaitTimeInSeconds" in stopping)
    assert not spot or "CheckpointConfig" in request
    several = request["ResourceConfig"]["InstanceCount"] > 1
    assert not several or file.stem.startswith("image")  # of the others one host does the work


@pytest.mark.parametrize("file", TUNING, ids=name_of)
def test_a_tuning_job_stays_within_what_the_table_takes(file):
    request = json.loads(file.read_text())
    definition, config = (
        request["TrainingJobDefinition"],
        request["HyperParameterTuningJobConfig"],
    )
    fixed = definition["StaticHyperParameters"]
    kind = refuse_wrong_job(definition, fixed)
    goal = config["HyperParameterTuningJobObjective"]["MetricName"]
    assert goal in {one["Name"] for one in METRICS[kind]}
    ranges = config["ParameterRanges"]
    for one in ranges["ContinuousParameterRanges"] + ranges["IntegerParameterRanges"]:
        assert float(one["MinValue"]) < float(one["MaxValue"])
        for end in ("MinValue", "MaxValue"):
            parse(TABLES[kind], {**fixed, one["Name"]: one[end]})
    for one in ranges["CategoricalParameterRanges"]:
        for value in one["Values"]:
            parse(TABLES[kind], {**fixed, one["Name"]: value})


def test_every_request_is_shown_in_the_docs():
    told = (ROOT / "docs/sagemaker.md").read_text()
    assert REQUESTS
    for file in REQUESTS:
        assert file.relative_to(ROOT).as_posix() in told
