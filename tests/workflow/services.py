"""Tasks of the definition on moto's S3, SNS and Batch, over loopback.

moto keeps Batch's definitions and jobs, and runs none: what it was told to run is run here, by the
programs of the container. SageMaker's jobs leave what the tasks after them read.
"""

import json
import os
import sys
import threading
import urllib.request
from contextlib import contextmanager

import boto3
from cfnlint import decode
from moto.server import ThreadedMotoServer
from tests.answers import answers
from tests.workflow.conftest import BUCKET
from workflow.checks.__main__ import DEFINITION
from workflow.checks.samples import result_of
from workflow.local.machine import ROOT, TaskFailed
from workflow.local.processes import environment, run, tail
from workflow.local.tasks import DEPLOYMENT, LocalTasks

from common.job.objects import fetched
from common.pages.channel import read_channel

DOCUMENTS = "documents"
JOBS = ("ConvertFiles", "FetchPreparedData", "MeasureTestStreams")


@contextmanager
def services():
    """moto's services on a port of this machine; gives the variables by which boto3 finds them."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        for path, sent in (("reset", {}), ("config", {"batch": {"use_docker": False}})):
            body = json.dumps(sent).encode()
            urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/{path}", data=body))
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()


def deployed():
    """What the template makes, as far as tasks need it: names for the definition, and a queue."""
    s3, sns, sqs = (boto3.client(name) for name in ("s3", "sns", "sqs"))
    for bucket in (BUCKET, DOCUMENTS):
        s3.create_bucket(Bucket=bucket)
    topic = sns.create_topic(Name="ensembles")["TopicArn"]
    queue = sqs.create_queue(QueueName="reader")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = attributes["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return {**DEPLOYMENT, **_batch(), "NotificationTopicArn": topic}, queue


def _batch():
    batch, ec2, iam = (boto3.client(name) for name in ("batch", "ec2", "iam"))
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    fargate = batch.create_compute_environment(
        computeEnvironmentName="jobs",
        type="MANAGED",
        state="ENABLED",
        serviceRole=role,
        computeResources={
            "type": "FARGATE",
            "maxvCpus": 4,
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        },
    )
    order = [{"order": 1, "computeEnvironment": fargate["computeEnvironmentArn"]}]
    queue = batch.create_job_queue(
        jobQueueName="jobs", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    template, _ = decode.decode(str(DEFINITION.parent / "template.yaml"))
    resources = json.loads(json.dumps(template))["Resources"]
    found = {"JobQueue": queue["jobQueueArn"]}
    for name in JOBS:
        properties = resources[name]["Properties"]
        container = properties["ContainerProperties"]
        definition = batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            platformCapabilities=["FARGATE"],
            parameters=properties.get("Parameters", {}),
            containerProperties={
                "image": "document-ensemble",
                "command": container["Command"],
                "resourceRequirements": lowered(container["ResourceRequirements"]),
                "executionRoleArn": role,
            },
        )
        found[f"{name}JobDefinition"] = definition["jobDefinitionArn"]
    return found


def lowered(value):
    """Batch's own names; CloudFormation and Step Functions write their first letter large."""
    if isinstance(value, list):
        return [lowered(each) for each in value]
    if not isinstance(value, dict):
        return value
    as_given = ("Parameters", "Tags")
    return {
        name[:1].lower() + name[1:]: inner if name in as_given else lowered(inner)
        for name, inner in value.items()
    }


def received(queue):
    """All messages of a queue, as SNS sent them; what was read is gone."""
    sqs = boto3.client("sqs")
    found = []
    while answer := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in answer:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


class ServiceTasks(LocalTasks):
    """Answers calls by moto's services; the functions are those of the local run."""

    def __init__(self, folder):
        super().__init__(folder)
        self.s3 = boto3.client("s3")

    def __call__(self, call):
        if "sagemaker" in call.resource:
            return self._job(call)
        return super().__call__(call)

    def _submit(self, call):
        batch = boto3.client("batch")
        submitted = batch.submit_job(**lowered(call.parameters))
        [job] = batch.describe_jobs(jobs=[submitted["jobId"]])["jobs"]
        [definition] = batch.describe_job_definitions(jobDefinitions=[job["jobDefinition"]])[
            "jobDefinitions"
        ]
        values = {**definition["parameters"], **job["parameters"]}
        words = definition["containerProperties"]["command"]
        program, *flags = [values[word[5:]] if word.startswith("Ref::") else word for word in words]
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        size = job.get("arrayProperties", {}).get("size")
        log = self.folder / f"{program}.log"
        for index in range(size or 1):
            variables = {**aws, "AWS_BATCH_JOB_ARRAY_INDEX": str(index)} if size else aws
            command = [sys.executable, str(ROOT / "src" / f"{program}.py"), *flags]
            if run(command, log, threading.Event(), environment(**variables)):
                raise TaskFailed("States.TaskFailed", json.dumps({"StatusReason": tail(log)}))
        return {"JobId": job["jobId"]}

    def _publish(self, call):
        asked = call.parameters
        message = json.dumps(asked["Message"])
        return boto3.client("sns").publish(**{**asked, "Message": message})

    def _job(self, call):
        """A training job leaves an artifact, a transform job answers with the labels."""
        answer = result_of(call.resource, call.parameters)
        if "ModelArtifacts" in answer:
            self._put(answer["ModelArtifacts"]["S3ModelArtifacts"], b"an artifact")
        if "TransformInput" in call.parameters:
            requests = call.parameters["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
            place = fetched(requests.replace("/requests/", "/test/"), self.folder / "test")
            lines = [json.dumps(each) for each in answers(read_channel(place, labelled=True))]
            output = call.parameters["TransformOutput"]["S3OutputPath"]
            self._put(f"{output}00001.jsonl.out", "\n".join(lines).encode())
        return answer

    def _put(self, uri, body):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
