"""What the services behind the tasks take and answer, by botocore's own models of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

# The operation behind each resource that a task may name, and the shape that its parameters have.
OPERATIONS = {
    "arn:aws:states:::lambda:invoke": ("lambda", "Invoke"),
    "arn:aws:states:::batch:submitJob.sync": ("batch", "SubmitJob"),
    "arn:aws:states:::sagemaker:createTrainingJob.sync": ("sagemaker", "CreateTrainingJob"),
    "arn:aws:states:::sagemaker:createModel": ("sagemaker", "CreateModel"),
    "arn:aws:states:::sagemaker:createTransformJob.sync": ("sagemaker", "CreateTransformJob"),
    "arn:aws:states:::sns:publish": ("sns", "Publish"),
}
# Errors that are worth another attempt, by service.
TRANSIENT = {
    "lambda": {
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    },
    "batch": {"Batch.AWSBatchException", "Batch.ServerException"},
    "sagemaker": {
        "SageMaker.AmazonSageMakerException",
        "SageMaker.ThrottlingException",
        "SageMaker.ResourceLimitExceededException",
    },
    "sns": {"SNS.AmazonSNSException", "SNS.ThrottledException", "SNS.InternalErrorException"},
}


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def parameter_problems(resource: str, parameters: dict[str, Any]) -> list[str]:
    """What the service would refuse, as far as types, names and lengths tell."""
    service, operation = OPERATIONS[resource]
    shape = _service(service).operation_model(operation).input_shape
    sent = dict(parameters)
    if service == "batch":
        sent = _lower(sent, shape)
    for name in ("Payload", "Message"):  # Step Functions takes JSON here, and sends it as text
        if name in sent and isinstance(sent[name], dict):
            sent[name] = json.dumps(sent[name])
    report = ParamValidator().validate(sent, shape)
    return report.generate_report().splitlines() if report.has_errors() else []


def _lower(value: Any, shape: Any) -> Any:
    """Batch's own names, of which Step Functions writes the first letter large."""
    if shape.type_name == "structure" and isinstance(value, dict):
        lowered = {name[:1].lower() + name[1:]: inner for name, inner in value.items()}
        return {
            name: _lower(inner, shape.members[name]) if name in shape.members else inner
            for name, inner in lowered.items()
        }
    return value
