import json

import pytest
from tests.workflow.conftest import BUCKET
from workflow.gate.decision import Figures, MissingMetrics, decide
from workflow.gate.handler import Busy, judge
from workflow.gate.pointer import POINTER, read_pointer, swap_pointer

RULES = {"tolerance": 0.01, "max_segment_ece": 0.1}


def put(s3, key, value):
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(value).encode())


def get(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


def measured(s3, run_id, exact, ece=0.05, *, test="t1"):
    """An execution that has come to the gate; returns the gate's event."""
    root = f"s3://{BUCKET}/runs/{run_id}"
    figures = {
        "segment_f1_with_label": {"value": exact, "interval": [exact - 0.1, exact + 0.1]},
        "segment_ece": {"value": ece, "interval": None},
    }
    channel = {"streams": 3, "documents": 13, "pages": 47}
    names = ("train", "validation", "test")
    channels = {name: {**channel, "fingerprint": test} for name in names}
    put(s3, f"runs/{run_id}/metrics.json", {"metrics": figures})
    put(s3, f"runs/{run_id}/models/sequence/seq-1/output/model.tar.gz", run_id)
    put(s3, f"runs/{run_id}/data/manifest.json", {"channels": channels})
    return {
        "run_id": run_id,
        "execution": f"arn:…:{run_id}",
        "rules": {**RULES, "metrics": f"{root}/metrics.json", "summary": f"{root}/summary.md"},
        "manifest": f"{root}/data/manifest.json",
        "model_artifact": f"{root}/models/sequence/seq-1/output/model.tar.gz",
        "model": "arn:…:model/ensemble",
        "base_models": {"text": f"{root}/models/text/t/", "image": f"{root}/models/image/i/"},
    }


def in_use(s3):
    return json.loads(get(s3, POINTER))["run_id"]


def test_the_first_run_ever_is_put_into_use(s3):
    answer = judge(measured(s3, "one", 0.8), s3)
    assert answer["promoted"] is True
    assert in_use(s3) == "one"
    assert json.loads(get(s3, POINTER))["before"] is None


@pytest.mark.parametrize(
    ("exact", "promoted"), [(0.9, True), (0.8, True), (0.79, True), (0.789, False), (0.5, False)]
)
def test_better_equal_and_hardly_worse_pass_and_worse_does_not(s3, exact, promoted):
    judge(measured(s3, "one", 0.8), s3)
    answer = judge(measured(s3, "two", exact), s3)
    assert answer["promoted"] is promoted
    assert in_use(s3) == ("two" if promoted else "one")
    assert "0.800" in answer["reason"]


@pytest.mark.parametrize("earlier", [None, 0.5])
def test_what_is_badly_calibrated_is_not_put_into_use(s3, earlier):
    if earlier is not None:
        judge(measured(s3, "one", earlier), s3)
    answer = judge(measured(s3, "two", 0.99, ece=0.11), s3)
    assert answer["promoted"] is False
    assert "calibration" in answer["reason"]
    said = read_pointer(s3, BUCKET).said
    assert (said and said["run_id"]) == (earlier and "one")


def test_a_run_that_is_no_better_than_the_first_cannot_creep_down(s3):
    # Each is compared with what is in use, not with what was refused.
    judge(measured(s3, "one", 0.8), s3)
    for run, exact in (("two", 0.78), ("three", 0.775)):
        assert judge(measured(s3, run, exact), s3)["promoted"] is False
    assert in_use(s3) == "one"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s3: s3.delete_object(Bucket=BUCKET, Key="runs/one/metrics.json"),
        lambda s3: put(s3, "runs/one/metrics.json", {}),
        lambda s3: put(s3, "runs/one/metrics.json", {"metrics": {"segment_ece": {"value": 0.1}}}),
        lambda s3: put(
            s3, "runs/one/metrics.json", {"metrics": {"segment_f1_with_label": {"value": None}}}
        ),
        lambda s3: s3.put_object(Bucket=BUCKET, Key="runs/one/metrics.json", Body=b'{"metr'),
        lambda s3: s3.delete_object(Bucket=BUCKET, Key="runs/one/data/manifest.json"),
    ],
)
def test_without_metrics_nothing_is_put_into_use(s3, spoil):
    event = measured(s3, "one", 0.8)
    spoil(s3)
    with pytest.raises(MissingMetrics):
        judge(event, s3)
    assert read_pointer(s3, BUCKET).said is None


def test_the_one_before_is_kept_for_rollback(s3):
    judge(measured(s3, "one", 0.8), s3)
    before = get(s3, POINTER)
    judge(measured(s3, "two", 0.9), s3)
    assert get(s3, "ensembles/history/one.json") == before
    assert json.loads(get(s3, POINTER))["before"] == "one"


def test_an_ensemble_outlives_its_run(s3):
    judge(measured(s3, "one", 0.8), s3)
    s3.delete_object(Bucket=BUCKET, Key="runs/one/models/sequence/seq-1/output/model.tar.gz")
    place = json.loads(get(s3, POINTER))["model_artifact"]
    assert get(s3, place.removeprefix(f"s3://{BUCKET}/")) == '"one"'


def test_an_attempt_after_the_swap_gives_the_same_answer(s3):
    judge(measured(s3, "one", 0.8), s3)
    event = measured(s3, "two", 0.9)
    first = judge(event, s3)
    assert judge(event, s3) == first
    assert json.loads(get(s3, POINTER))["before"] == "one"


class Racing:
    """An S3 client with whom somebody else swaps the pointer just before it does."""

    def __init__(self, s3, rivals):
        self.s3, self.rivals = s3, rivals
        self.exceptions = s3.exceptions

    def get_object(self, **query):
        return self.s3.get_object(**query)

    def copy_object(self, **query):
        return self.s3.copy_object(**query)

    def put_object(self, **query):
        if query["Key"] == POINTER and self.rivals:
            judge(self.rivals.pop(), self.s3)
        return self.s3.put_object(**query)


@pytest.mark.parametrize(("mine", "winner"), [(0.9, "mine"), (0.84, "rival")])
@pytest.mark.parametrize("earlier", [True, False])
def test_of_two_that_race_the_second_is_compared_with_the_first(s3, mine, winner, earlier):
    if earlier:
        judge(measured(s3, "old", 0.8), s3)
    racing = Racing(s3, [measured(s3, "rival", 0.86)])
    answer = judge(measured(s3, "mine", mine), racing)
    assert in_use(s3) == winner
    assert answer["promoted"] is (winner == "mine")
    assert "0.860" in answer["reason"]
    assert "0.860" in get(s3, "runs/mine/summary.md")


def test_whoever_loses_every_race_says_so(s3):
    rivals = [measured(s3, f"rival-{n}", 0.8) for n in range(12)]
    with pytest.raises(Busy):
        judge(measured(s3, "mine", 0.9), Racing(s3, rivals))


def test_of_many_that_read_the_same_pointer_one_swaps_it(s3):
    for before in (read_pointer(s3, BUCKET), None):
        before = before or read_pointer(s3, BUCKET)
        news = [{"run_id": f"run-{number}-{before.etag}"} for number in range(5)]
        assert [swap_pointer(s3, BUCKET, new, before) for new in news] == [True] + 4 * [False]
        assert in_use(s3) == news[0]["run_id"]


def test_the_summary_is_one_page_with_both_ensembles(s3):
    judge(measured(s3, "one", 0.8), s3)
    answer = judge(measured(s3, "two", 0.9), s3)
    text = get(s3, answer["summary"].removeprefix(f"s3://{BUCKET}/"))
    assert text.startswith("# Run two: put into use\n")
    assert "| exact segments with label, F1 | 0.900 | 0.800 – 1.000 | 0.800 |" in text
    assert "| test | 3 | 13 | 47 | t1 |" in text
    assert "in use before: `one`" in text
    assert len(text.splitlines()) < 50


def test_files_that_could_not_be_read_are_told_of(s3):
    event = measured(s3, "one", 0.8)
    manifest = json.loads(get(s3, "runs/one/data/manifest.json"))
    told = []
    for count in (0, 3):
        put(s3, "runs/one/data/manifest.json", {**manifest, "refused_files": count})
        s3.delete_object(Bucket=BUCKET, Key=POINTER)
        judge(event, s3)
        told.append(
            "could not be read, and why: `data/refused.json`, 3." in get(s3, "runs/one/summary.md")
        )
    assert told == [False, True]


def test_other_test_streams_are_told():
    figures = Figures(0.8, 0.05, "these")
    decision = decide(Figures(0.8, 0.05, "those"), figures, RULES)
    assert "other test streams" in decision.reason
    assert "other test streams" not in decide(figures, figures, RULES).reason
