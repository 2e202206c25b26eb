import fnmatch
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from cfnlint import decode
from tests.workflow.inputs import SMALLEST, set_up_by
from workflow.checks.__main__ import DEFINITION
from workflow.checks.samples import DEPLOYMENT
from workflow.checks.services import OPERATIONS
from workflow.local.tasks import COMMANDS
from workflow.setup.handler import set_up

TEMPLATE = Path(DEFINITION).parent / "template.yaml"
# Actions that IAM can bind to no resource.
UNBOUND = {
    "batch:DescribeJobs",
    "cloudwatch:PutMetricData",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@pytest.fixture(scope="module")
def resources():
    template, problems = decode.decode(str(TEMPLATE))
    assert not problems
    return json.loads(json.dumps(template))["Resources"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(resource):
    properties = resource.get("Properties", {})
    policies = properties.get("Policies", ())
    for policy in policies:
        yield from policy.get("PolicyDocument", policy)["Statement"]


def linted(text, folder):
    """What cfn-lint finds."""
    file = folder / "template.yaml"
    file.write_text(text, "utf-8")
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(file), "--regions", "us-east-1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 2), done  # or it did not get to its end
    return done.stdout


def test_cfn_lint_finds_nothing_and_would_find_something(tmp_path):
    text = TEMPLATE.read_text("utf-8")
    assert linted(text, tmp_path) == ""
    broken = text.replace("!GetAtt JobRole.Arn", "!GetAtt JobRoll.Arn")
    assert "JobRoll" in linted(broken, tmp_path)


def test_the_definition_gets_what_it_asks_for(resources):
    workflow = resources["Workflow"]["Properties"]
    assert workflow["DefinitionUri"] == DEFINITION.name
    assert set(workflow["DefinitionSubstitutions"]) == set(DEPLOYMENT)


def test_batch_runs_what_the_laptop_runs(resources):
    jobs = {
        "ConvertFiles": "convert",
        "FetchPreparedData": "fetch",
        "MeasureTestStreams": "measure",
    }
    for name, command in jobs.items():
        words = resources[name]["Properties"]["ContainerProperties"]["Command"]
        flags = [part for flag, key in COMMANDS[command].items() for part in (flag, f"Ref::{key}")]
        assert words == [command, *flags]
        assert (DEFINITION.parents[1] / "docker/bin" / command).is_file()


def test_the_definition_gives_the_batch_jobs_their_parameters():
    states = json.loads(DEFINITION.read_text("utf-8"))["States"]
    jobs = {
        "Convert Files": "convert",
        "Fetch Prepared Data": "fetch",
        "Measure Test Streams": "measure",
    }
    for state, command in jobs.items():
        given = states[state]["Parameters"]["Parameters"]
        assert {f"{name}.$" for name in COMMANDS[command].values()} == set(given)


def test_the_functions_exist_and_get_their_environment(resources):
    handlers = {"Setup": "setup.handler", "Gate": "gate.handler", "Failure": "setup.failure"}
    for name, module in handlers.items():
        properties = resources[f"{name}Function"]["Properties"]
        assert properties["Handler"] == f"{module}.handle"
        assert callable(import_module(f"workflow.{module}").handle)
    variables = resources["SetupFunction"]["Properties"]["Environment"]["Variables"]
    values = dict.fromkeys(variables, "x")
    event = {"input": SMALLEST, "execution": "arn", "started": "2026-03-01T18:15:00Z"}
    assert set_up(event, values, None)["generated"]["data"]["output_path"].startswith("s3://x/")


def test_roles_may_do_no_more_than_they_need(resources):
    seen = 0
    for name, resource in resources.items():
        for statement in statements(resource):
            seen += 1
            actions = as_list(statement["Action"])
            assert not [action for action in actions if "*" in action], name
            if "*" in as_list(statement["Resource"]):
                assert set(actions) <= UNBOUND, name
        # A managed policy, and a function without a role of ours, come with more.
        assert "ManagedPolicyArns" not in resource.get("Properties", {}), name
        if resource["Type"] == "AWS::Serverless::Function":
            assert "Role" in resource["Properties"], name
    assert seen > 15


def test_jobs_have_names_that_the_role_may_create(resources):
    generated = set_up_by(SMALLEST)["generated"]
    prefixes = {
        "training-job": [generated[model]["job_prefix"] for model in ("text", "image", "sequence")],
        "transform-job": [generated["scoring"]["job_prefix"]],
        "model": [generated["model_prefix"]],
    }
    allowed = [
        arn["Fn::Sub"].rpartition(":")[2]
        for statement in statements(resources["WorkflowRole"])
        for arn in as_list(statement["Resource"])
        if isinstance(arn, dict) and "sagemaker" in arn.get("Fn::Sub", "")
    ]
    for kind, names in prefixes.items():
        for name in names:
            assert any(fnmatch.fnmatch(f"{kind}/{name}-0a1b2c3d", arn) for arn in allowed), name


def test_the_workflow_may_call_every_operation_of_the_definition(resources):
    allowed = {
        action
        for statement in statements(resources["WorkflowRole"])
        for action in as_list(statement["Action"])
    }
    called = {f"{service}:{operation}" for service, operation in OPERATIONS.values()}
    called = {"lambda:InvokeFunction" if c == "lambda:Invoke" else c for c in called}
    assert called <= allowed


def test_what_is_kept_is_encrypted_and_private(resources):
    bucket = resources["Bucket"]["Properties"]
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    expiring = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["runs/"]  # ensembles stay
    assert resources["Bucket"]["DeletionPolicy"] == "Retain"
    assert "KmsMasterKeyId" in resources["Topic"]["Properties"]


def test_a_failed_execution_raises_an_alarm(resources):
    alarm = resources["FailedExecutions"]["Properties"]
    names = [m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m]
    assert names == ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
