"""Executions' inputs: good ones, and what is wrong with bad ones."""

from workflow.setup.handler import set_up

ENVIRONMENT = {
    "BUCKET": "ensembles",
    "SUBNET_IDS": "subnet-0123abcd,subnet-4567cdef",
    "SECURITY_GROUP_IDS": "sg-0123abcd",
}
EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:training:nightly"
STARTED = "2026-03-01T18:15:00.123Z"
SMALLEST = {"data": {"s3_uri": "s3://documents/office"}}
SCANS = {"data": {**SMALLEST["data"], "labels_s3_uri": "s3://documents/labels.csv"}}
EARLIER = "20260228-010203-abcdef"
SKIPPING = {**SMALLEST, "train_image_model": False, "earlier_run": EARLIER}
EVERYTHING = {
    "data": {
        "s3_uri": "s3://documents/office/",
        "split": {"validation": 0.25, "test": 0.1},
        "seed": 7,
        "time_limit_seconds": 600,
    },
    "train_text_model": True,
    "train_image_model": True,
    "text": {
        "HyperParameters": {"encoder": "bert", "epochs": "3", "freeze": "false", "hidden": 8},
        "InstanceType": "ml.g5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "MaxRuntimeInSeconds": 3600,
        "PretrainedS3Uri": "s3://documents/bert",
    },
    "image": {
        "HyperParameters": {"epochs": 5, "dropout": '"0.25"'},
        "InstanceCount": 2,
        "EnableManagedSpotTraining": True,
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    },
    "sequence": {"HyperParameters": {"compare": False}, "EnableManagedSpotTraining": True},
    "scoring": {
        "InstanceCount": 2,
        "InstanceType": "ml.c5.xlarge",
        "MaxConcurrentTransforms": 4,
        "MaxPayloadInMB": 25,
        "InvocationsTimeoutInSeconds": 60,
    },
    "gate": {"tolerance": 0.02, "max_segment_ece": 0.2},
    "network": {
        "VpcConfig": {"Subnets": ["subnet-89abcdef"], "SecurityGroupIds": ["sg-89abcdef"]},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": True,
    },
    "encryption": {"KmsKeyId": "alias/ours", "VolumeKmsKeyId": "alias/volumes"},
    "tags": {"team": "documents"},
}


def event(given):
    return {"input": given, "execution": EXECUTION, "started": STARTED}


def set_up_by(given, s3=None):
    return set_up(event(given), ENVIRONMENT, s3)


# The field that the one message must name, and the input.
BAD = [
    ("input", []),
    ("input", "train"),
    ("input", None),
    ("data", {}),
    ("data", {"data": "s3://documents/office"}),
    ("data.s3_uri", {"data": {}}),
    ("data.s3_uri", {"data": {"s3_uri": "https://documents/office"}}),
    ("data.s3_uri", {"data": {"s3_uri": "s3://Documents/office"}}),
    ("data.s3_uri", {"data": {"s3_uri": "s3://documents/a/../b"}}),
    ("data.s3_uri", {"data": {"s3_uri": "s3://documents//a"}}),
    ("data.labels_s3_uri", {"data": {**SMALLEST["data"], "labels_s3_uri": "labels.csv"}}),
    ("data.labels_s3_uri", {"data": {**SMALLEST["data"], "labels_s3_uri": "s3://documents/a/"}}),
    ("data.labels_s3_uri", {"data": {**SMALLEST["data"], "labels_s3_uri": "s3://documents/a//b"}}),
    ("data.array_size", {"data": {**SCANS["data"], "array_size": 1}}),
    ("data.array_size", {"data": {**SMALLEST["data"], "array_size": 20}}),
    ("data.converted_by", {"data": {**SCANS["data"], "converted_by": "the last"}}),
    ("data.converted_by", {"data": {**SMALLEST["data"], "converted_by": EARLIER}}),
    ("data.s3_url", {"data": {"s3_uri": "s3://documents/office", "s3_url": "x"}}),
    ("data.split.test", {"data": {"s3_uri": "s3://documents/a", "split": {"test": 0.9}}}),
    ("data.split.validation", {"data": {"s3_uri": "s3://documents/a", "split": {"validation": 0}}}),
    ("data.seed", {"data": {"s3_uri": "s3://documents/a", "seed": -1}}),
    ("data.time_limit_seconds", {"data": {"s3_uri": "s3://documents/a", "time_limit_seconds": 5}}),
    ("train_image_model", {**SMALLEST, "train_image_model": "false"}),
    ("train_txt_model", {**SMALLEST, "train_txt_model": True}),
    ("earlier_run", {**SMALLEST, "train_image_model": False, "earlier_run": "../secrets"}),
    ("earlier_run", {**SMALLEST, "earlier_run": "20260228-010203-abcdef"}),
    ("text", {**SMALLEST, "text": []}),
    ("text.InstanceCount", {**SMALLEST, "text": {"InstanceCount": 2}}),
    ("image.InstanceCount", {**SMALLEST, "image": {"InstanceCount": 0}}),
    ("image.InstanceCount", {**SMALLEST, "image": {"InstanceCount": "2"}}),
    ("image.InstanceType", {**SMALLEST, "image": {"InstanceType": "g5.xlarge"}}),
    ("image.VolumeSizeInGB", {**SMALLEST, "image": {"VolumeSizeInGB": 20000}}),
    ("image.MaxRuntimeInSeconds", {**SMALLEST, "image": {"MaxRuntimeInSeconds": 1e9}}),
    ("image.MaxWaitTimeInSeconds", {**SMALLEST, "image": {"MaxWaitTimeInSeconds": 90000}}),
    (
        "image.MaxWaitTimeInSeconds",
        {**SMALLEST, "image": {"EnableManagedSpotTraining": True, "MaxWaitTimeInSeconds": 60}},
    ),
    ("image.EnableManagedSpotTraining", {**SMALLEST, "image": {"EnableManagedSpotTraining": "no"}}),
    ("image.HyperParameters", {**SMALLEST, "image": {"HyperParameters": ["epochs"]}}),
    ("image.HyperParameters.depht", {**SMALLEST, "image": {"HyperParameters": {"depht": 5}}}),
    ("image.HyperParameters.epochs", {**SMALLEST, "image": {"HyperParameters": {"epochs": "0"}}}),
    ("image.HyperParameters.epochs", {**SMALLEST, "image": {"HyperParameters": {"epochs": 1.5}}}),
    ("image.HyperParameters.dropout", {**SMALLEST, "image": {"HyperParameters": {"dropout": "1"}}}),
    ("text.HyperParameters.encoder", {**SMALLEST, "text": {"HyperParameters": {"encoder": "gru"}}}),
    ("text.HyperParameters.freeze", {**SMALLEST, "text": {"HyperParameters": {"freeze": "maybe"}}}),
    (
        "text.HyperParameters.sagemaker_program",
        {**SMALLEST, "text": {"HyperParameters": {"sagemaker_program": "x.py"}}},
    ),
    ("text.PretrainedS3Uri", {**SMALLEST, "text": {"PretrainedS3Uri": "bert"}}),
    ("sequence.PretrainedS3Uri", {**SMALLEST, "sequence": {"PretrainedS3Uri": "s3://a-b/c"}}),
    ("scoring.MaxPayloadInMB", {**SMALLEST, "scoring": {"MaxPayloadInMB": 101}}),
    (
        "scoring.MaxPayloadInMB",
        {**SMALLEST, "scoring": {"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}},
    ),
    ("gate.tolerance", {**SMALLEST, "gate": {"tolerance": -0.1}}),
    ("gate.max_segment_ece", {**SMALLEST, "gate": {"max_segment_ece": True}}),
    (
        "network.VpcConfig.Subnets",
        {**SMALLEST, "network": {"VpcConfig": {"SecurityGroupIds": ["sg-0123abcd"]}}},
    ),
    (
        "network.VpcConfig.Subnets.0",
        {
            **SMALLEST,
            "network": {"VpcConfig": {"Subnets": ["net"], "SecurityGroupIds": ["sg-0123abcd"]}},
        },
    ),
    ("encryption.KmsKeyId", {**SMALLEST, "encryption": {"KmsKeyId": "our key"}}),
    ("tags.aws:team", {**SMALLEST, "tags": {"aws:team": "documents"}}),
    ("tags.team", {**SMALLEST, "tags": {"team": 5}}),
]
