import pytest

from common.job.errors import ClientError
from common.serving.settings import read_settings


def settings(*flags, **variables):
    return read_settings("", list(flags), variables)


def test_the_platforms_variables_are_the_defaults():
    said = settings(
        SM_MODEL_DIR="/m",
        SAGEMAKER_BIND_TO_PORT="8181",
        SAGEMAKER_MODEL_SERVER_WORKERS="3",
        SAGEMAKER_MAX_PAYLOAD_IN_MB="20",
        SAGEMAKER_MODEL_SERVER_TIMEOUT="12.5",
        SAGEMAKER_BATCH="True",
        ENSEMBLE_PAGES="true",
    )
    assert (str(said.model), said.port, said.workers) == ("/m", 8181, 3)
    assert (said.limits.bytes, said.limits.seconds) == (20 << 20, 12.5)
    assert said.batch_transform
    assert said.pages


def test_flags_override_variables():
    said = settings("--port", "1", "--max-payload-mb", "0.5", SAGEMAKER_BIND_TO_PORT="8181")
    assert said.port == 1
    assert said.limits.bytes == 1 << 19


def test_without_either_it_is_an_endpoint_that_answers_before_the_platform_gives_up():
    said = settings()
    assert (str(said.model), said.host, said.port) == ("/opt/ml/model", "0.0.0.0", 8080)
    assert said.limits.seconds < 60
    assert not said.batch_transform
    assert not said.pages
    assert not settings(SAGEMAKER_BATCH="false").batch_transform


def test_a_batch_transform_has_ten_minutes_for_a_request():
    assert 60 < settings(SAGEMAKER_BATCH="true").limits.seconds < 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http"),
        ("SAGEMAKER_BIND_TO_PORT", "65536"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "0"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"),
        ("SAGEMAKER_MODEL_SERVER_TIMEOUT", "nan"),
    ],
)
def test_a_variable_that_cannot_be_is_named(name, value):
    with pytest.raises(ClientError, match=rf"variable {name}: must be .* Got '{value}' instead"):
        settings(**{name: value})


@pytest.mark.parametrize("megabytes", ["0", "1", "6", "20", "60", "100"])
def test_what_batch_transform_is_told_it_may_do(megabytes):
    """SageMaker refuses a job whose transforms at once times their size are more than 100 MB."""
    told = settings(SAGEMAKER_MAX_PAYLOAD_IN_MB=megabytes).execution_parameters
    assert told["MaxConcurrentTransforms"] >= 1
    assert told["MaxConcurrentTransforms"] * told["MaxPayloadInMB"] <= 100
    assert told["MaxPayloadInMB"] == int(megabytes) or megabytes == "0"
    assert told["BatchStrategy"] == "SINGLE_RECORD"
