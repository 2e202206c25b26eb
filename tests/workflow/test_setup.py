import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.workflow.conftest import BUCKET
from tests.workflow.inputs import BAD, ENVIRONMENT, EVERYTHING, SCANS, SMALLEST, event, set_up_by
from workflow.setup import checking
from workflow.setup.checking import INPUT_SCHEMA, InvalidInput, check
from workflow.setup.earlier import earlier_results
from workflow.setup.handler import set_up
from workflow.setup.hyperparameters import merged
from workflow.setup.paths import run_id_of

from common.job.hyperparameters import parse
from common.job.metrics import definitions
from common.job.reference import reference
from common.job.tables import TABLES

TALK = {  # docs/image_model.md, DESIGN: exactly these names
    "epochs": "80",
    "batch_size": "10",
    "conv_block_length": "2",
    "cycle_length": "10",
    "depth": "5",
    "dropout": "0.5",
    "max_lr": "0.1",
    "min_lr": "0.0001",
    "start_filter": "4",
    "worker": "4",
}


@pytest.mark.parametrize(("field", "given"), BAD)
def test_a_bad_input_is_refused_by_one_line_that_names_the_field(field, given):
    with pytest.raises(InvalidInput) as refused:
        check(given)
    head, *problems = str(refused.value).splitlines()
    assert head == "The execution's input has 1 problem:"
    assert [problem.partition(": ")[0] for problem in problems] == [field]


def test_all_problems_come_at_once():
    given = {
        "data": {"s3_uri": "x", "sed": 1},
        "image": {"InstanceCount": 0, "HyperParameters": {"epochs": 0, "depht": 1}},
        "gate": {"tolerance": 2},
    }
    with pytest.raises(InvalidInput) as refused:
        check(given)
    text = str(refused.value)
    assert text.startswith("The execution's input has 6 problems:")
    assert "image.HyperParameters.depht: unknown hyperparameter. Did you mean 'depth'?" in text
    assert "data.sed: unknown field. Did you mean 'seed'?" in text


def test_the_schemas_are_themselves_valid_and_the_containers_own():
    Draft202012Validator.check_schema(INPUT_SCHEMA)
    folder = Path(checking.__file__).parent
    for model in TABLES:
        name = f"hyperparameters/{model}.json"
        assert (folder / name).read_text("utf-8") == reference()[name]
    assert (folder / "metric_definitions.json").read_text("utf-8") == reference()[
        "metric_definitions.json"
    ]


def test_the_image_job_has_the_ten_defaults_and_a_program():
    job = set_up_by(SMALLEST)["generated"]["image"]
    assert job["HyperParameters"] == {**TALK, "sagemaker_program": "train_image.py"}


@pytest.mark.parametrize("given", [SMALLEST, EVERYTHING])
def test_the_container_takes_the_hyperparameters_that_setup_makes(given):
    generated = set_up_by(given)["generated"]
    for model, table in TABLES.items():
        values = generated[model]["HyperParameters"]
        assert all(isinstance(value, str) for value in values.values())
        parse(table, values)
        asked = given.get(model, {}).get("HyperParameters", {})
        plain = {name: json.loads(values[name].strip('"')) for name in asked if name == "epochs"}
        assert plain == {name: int(str(value)) for name, value in asked.items() if name == "epochs"}


def test_what_the_input_sets_wins_over_the_defaults():
    values = merged("image", {"epochs": 3, "lr_range_test": True, "dropout": "0.1"})
    assert values["epochs"] == "3"
    assert values["lr_range_test"] == "true"
    assert values["dropout"] == "0.1"
    assert values["depth"] == "5"


def test_the_input_decides_on_instances_spot_keys_and_network():
    generated = set_up_by(EVERYTHING)["generated"]
    image = generated["image"]
    assert image["ResourceConfig"] == {
        "InstanceCount": 2,
        "InstanceType": "ml.g4dn.xlarge",
        "VolumeSizeInGB": 100,
        "VolumeKmsKeyId": "alias/volumes",
    }
    assert image["EnableManagedSpotTraining"] is True
    assert image["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    }
    assert image["OutputDataConfig"]["KmsKeyId"] == "alias/ours"
    assert generated["network"]["VpcConfig"]["Subnets"] == ["subnet-89abcdef"]
    assert generated["network"]["EnableNetworkIsolation"] is False
    assert {"Key": "team", "Value": "documents"} in generated["tags"]
    pretrained = [c["ChannelName"] for c in generated["text"]["InputDataConfig"]]
    assert pretrained == ["train", "validation", "test", "pretrained"]


def test_files_are_converted_by_an_array_before_they_are_split():
    found = set_up_by({"data": {**SCANS["data"], "array_size": 20}})
    assert found["convert_files"] is True
    data, conversion = found["generated"]["data"], found["generated"]["conversion"]
    assert conversion == {
        "files_path": "s3://documents/office/",
        "array_size": 20,
        "shares": "20",
    }
    assert data["input_path"].endswith("/converted/")
    assert data["labels_path"] == "s3://documents/labels.csv"


def test_what_an_earlier_run_has_converted_is_not_converted_again(s3):
    given = {"data": {**SCANS["data"], "converted_by": OLD}}
    with pytest.raises(InvalidInput, match=f"data.converted_by: .*/runs/{OLD}/converted/"):
        set_up_by(given, s3)
    put(s3, f"runs/{OLD}/converted/shares/00000.json")
    found = set_up_by(given, s3)
    assert found["convert_files"] is False
    data = found["generated"]["data"]
    assert data["input_path"] == f"s3://{BUCKET}/runs/{OLD}/converted/"
    assert data["labels_path"] == given["data"]["labels_s3_uri"]


def test_a_channel_is_not_converted():
    found = set_up_by(SMALLEST)
    assert found["convert_files"] is False
    assert found["generated"]["data"]["input_path"] == "s3://documents/office/"
    assert found["generated"]["data"]["labels_path"] == "none"


def test_without_spot_there_is_no_time_to_wait_for_it():
    # SageMaker refuses MaxWaitTimeInSeconds of a job that is not spot.
    stopping = set_up_by(SMALLEST)["generated"]["image"]["StoppingCondition"]
    assert set(stopping) == {"MaxRuntimeInSeconds"}


def test_spot_may_wait_longer_than_it_runs():
    stopping = set_up_by(EVERYTHING)["generated"]["sequence"]["StoppingCondition"]
    assert stopping["MaxWaitTimeInSeconds"] > stopping["MaxRuntimeInSeconds"]


def test_the_deployments_key_and_network_serve_where_the_input_names_none():
    environment = {**ENVIRONMENT, "KMS_KEY_ID": "alias/deployed"}
    generated = set_up(event(SMALLEST), environment, None)["generated"]
    assert generated["text"]["OutputDataConfig"]["KmsKeyId"] == "alias/deployed"
    assert generated["scoring"]["TransformOutput"]["KmsKeyId"] == "alias/deployed"
    assert generated["network"]["VpcConfig"] == {
        "Subnets": ["subnet-0123abcd", "subnet-4567cdef"],
        "SecurityGroupIds": ["sg-0123abcd"],
    }


def test_each_execution_has_places_of_its_own():
    one = run_id_of("arn:…:one", "2026-03-01T18:15:00.123Z")
    other = run_id_of("arn:…:other", "2026-03-01T18:15:00.123Z")
    assert one != other
    assert one.startswith("20260301-181500-")
    generated = set_up_by(SMALLEST)["generated"]
    paths = [
        *generated["data"]["channels"].values(),
        *generated["output_artifact_paths"].values(),
        generated["scoring"]["TransformOutput"]["S3OutputPath"],
        generated["gate"]["metrics"],
        generated["gate"]["summary"],
        *(generated[model]["CheckpointConfig"]["S3Uri"] for model in TABLES),
    ]
    assert len(set(paths)) == len(paths)
    assert all(path.startswith(f"s3://{BUCKET}/runs/{generated['run_id']}/") for path in paths)


def test_names_leave_room_for_what_a_retry_adds():
    generated = set_up_by(SMALLEST)["generated"]
    prefixes = [generated[model]["job_prefix"] for model in TABLES]
    prefixes += [generated["model_prefix"], generated["scoring"]["job_prefix"]]
    assert max(len(prefix) for prefix in prefixes) + len("-0123abcd") <= 63  # SageMaker's limit


def test_each_job_has_its_own_metric_definitions():
    generated = set_up_by(SMALLEST)["generated"]
    for model in TABLES:
        assert generated[model]["MetricDefinitions"] == definitions(model)


def put(s3, *keys):
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")


def archives(run, model, job):
    folder = f"runs/{run}/models/{model}/{job}/output"
    return [f"{folder}/model.tar.gz", f"{folder}/output.tar.gz"]


OLD, NEW = "20260101-000000-aaaaaa", "20260201-000000-bbbbbb"


def test_what_is_skipped_comes_from_the_latest_run_that_has_all_of_it(s3):
    put(s3, *archives(OLD, "image", "image-1"), archives(NEW, "image", "image-2")[0])
    put(s3, *archives(NEW, "text", "text-2"))
    found = set_up_by({**SMALLEST, "train_image_model": False}, s3)
    assert found["train_image_model"] is False
    assert found["generated"]["earlier_results"] == {
        "image": f"s3://{BUCKET}/runs/{OLD}/models/image/image-1/"
    }


def test_of_several_attempts_the_last_complete_one_counts(s3):
    put(s3, *archives(OLD, "text", "text-1"), *archives(OLD, "text", "text-2"))
    put(s3, archives(OLD, "text", "text-3")[1])
    found = earlier_results(s3, BUCKET, ["text"], None)
    assert found == {"text": f"s3://{BUCKET}/runs/{OLD}/models/text/text-2/"}


def test_the_input_may_name_the_earlier_run(s3):
    put(s3, *archives(OLD, "image", "image-1"), *archives(NEW, "image", "image-2"))
    assert OLD in earlier_results(s3, BUCKET, ["image"], OLD)["image"]


def test_more_runs_than_one_answer_of_s3_lists(s3):
    put(s3, *archives(OLD, "image", "image-1"))
    put(s3, *(f"runs/202603{n // 100:02}-{n:06}-cccccc/metrics.json" for n in range(1005)))
    assert OLD in earlier_results(s3, BUCKET, ["image"], None)["image"]


def test_skipping_what_was_never_trained_is_refused_for_each_model(s3):
    put(s3, *archives(OLD, "image", "image-1"))
    skipping = {**SMALLEST, "train_image_model": False, "train_text_model": False}
    with pytest.raises(InvalidInput, match="train_text_model: there are no results") as refused:
        set_up_by(skipping, s3)
    assert "train_image_model" not in str(refused.value)
    with pytest.raises(InvalidInput, match=f"from run {NEW}"):
        set_up_by({**SMALLEST, "train_image_model": False, "earlier_run": NEW}, s3)
