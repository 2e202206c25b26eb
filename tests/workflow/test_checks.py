import copy
import json

import pytest
from tests.workflow.seeded import faulty
from workflow.checks.__main__ import DEFINITION
from workflow.checks.checking import definition_problems
from workflow.checks.data import Unresolved, chosen, fill, look_up, put
from workflow.checks.services import parameter_problems

SEEDS = range(100)


@pytest.fixture(scope="module")
def definition():
    return json.loads(DEFINITION.read_text("utf-8"))


def test_nothing_is_wrong_with_the_definition(definition):
    assert definition_problems(definition) == []


def test_seeded_faults_are_found(definition):
    missed = []
    for seed in SEEDS:
        spoilt, told = faulty(definition, seed)
        if not definition_problems(spoilt):
            missed.append(f"{seed}: {told}")
    assert len(missed) <= 5, missed


def test_the_states_have_the_names_that_people_know(definition):
    states = definition["States"]
    branches = states["Base Model Training"]["Branches"]
    names = {*states, *(name for branch in branches for name in branch["States"])}
    assert names >= {
        "Setup",
        "Convert Files",
        "Fetch Prepared Data",
        "Base Model Training",
        "Skip Image Model Training?",
        "Skip Fetch Preprocessing Artifacts",
        "Train Image Model",
        "Train Text Model",
        "Train Sequence Model",
        "Create Model",
        "Score Test Streams",
        "Gate",
        "Notify Success",
        "Notify Failure",
    }
    fetch = states["Fetch Prepared Data"]["Parameters"]
    assert fetch["JobName"] == "FetchPreparedData"
    assert {"DATA_INPUT_PATH.$", "OUTPUT_PATH.$"} <= set(fetch["Parameters"])


def test_a_job_that_does_not_wait_for_instances_is_found(definition):
    spoilt = copy.deepcopy(definition)
    choice = spoilt["States"]["Scoring Capacity Missing?"]["Choices"][0]["And"][1]
    choice["StringMatches"] = "CapacityError*"  # the cause is JSON, in which this comes later
    assert any("'Score Test Streams' waits" in problem for problem in definition_problems(spoilt))


def test_problems_say_where(definition):
    spoilt = copy.deepcopy(definition)
    spoilt["States"]["Create Model"]["Parameters"]["PrimaryContainer"]["Imag"] = "x"
    assert definition_problems(spoilt) == [
        "state 'Create Model': Unknown parameter in PrimaryContainer: \"Imag\", must be one of: "
        + definition_problems(spoilt)[0].partition("must be one of: ")[2]
    ]


def test_a_success_that_tells_nobody_is_found(definition):
    spoilt = copy.deepcopy(definition)
    spoilt["States"]["Gate Decided?"]["Choices"][0]["Next"] = "Done"
    spoilt["States"]["Done"] = {"Type": "Succeed"}
    assert any("Notify Success" in problem for problem in definition_problems(spoilt))


def test_paths_and_functions():
    data = {"a": {"b": [1, {"c": "x-y"}]}, "n": None}
    assert look_up("$.a.b[1].c", data) == "x-y"
    assert look_up("$$.Execution.Id", data, {"Execution": {"Id": "e"}}) == "e"
    assert look_up("$.n", data) is None
    template = {
        "first.$": "States.ArrayGetItem(States.StringSplit($.a.b[1].c, '-'), 0)",
        "said.$": "States.Format('{}, then {}', $.a.b[0], 'a, b')",
        "as it is": "$.a",
        "list": [{"c.$": "$.a.b[1].c"}],
    }
    assert fill(template, data, {}) == {
        "first": "x",
        "said": "1, then a, b",
        "as it is": "$.a",
        "list": [{"c": "x-y"}],
    }


@pytest.mark.parametrize(
    "expression",
    [
        "$.b",
        "$.a.b[2]",
        "$.a..b",
        "States.Fromat('x')",
        "States.Format('{}')",
        "States.Format('{}', $.a)",
        "States.ArrayGetItem($.a.b, 7)",
    ],
)
def test_what_leads_nowhere_is_told(expression):
    with pytest.raises(Unresolved):
        fill({"x.$": expression}, {"a": {"b": [1, 2]}}, {})


def test_results_go_where_the_path_says():
    assert put("$.a.b", {"c": 1}, 2) == {"c": 1, "a": {"b": 2}}
    assert put(None, {"c": 1}, 2) == {"c": 1}
    assert put("$", {"c": 1}, 2) == 2
    with pytest.raises(Unresolved):
        put("$.a", ["no object"], 2)


def test_choices_are_taken_in_order_and_and_stops_at_the_first_that_fails():
    both = [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "StringEquals": "x"}]
    state = {"Choices": [{"And": both, "Next": "One"}], "Default": "Other"}
    assert chosen(state, {"a": "x"}) == "One"
    assert chosen(state, {"a": "y"}) == "Other"
    assert chosen(state, {}) == "Other"
    waiting = {"Variable": "$.a", "StringMatches": '*"CapacityError:*', "Next": "One"}
    state = {"Choices": [waiting], "Default": "Other"}
    assert chosen(state, {"a": '{"x":"CapacityError: none.\nAgain?"}'}) == "One"
    assert chosen(state, {"a": '{"x":"ClientError: CapacityError: none"}'}) == "Other"
    state["Choices"] = [{"Variable": "$.a", "NumericLessThan": 2, "Next": "One"}]
    assert [chosen(state, {"a": number}) for number in (1, 2)] == ["One", "Other"]
    with pytest.raises(Unresolved):
        chosen({"Choices": [{**both[1], "Next": "One"}], "Default": "Other"}, {})


def test_the_services_own_models_judge_parameters():
    job = {"JobName": "n", "JobQueue": "q", "JobDefinition": "d", "Parameters": {"A": "b"}}
    submit = "arn:aws:states:::batch:submitJob.sync"
    assert parameter_problems(submit, job) == []
    assert parameter_problems(submit, {**job, "RetryStrategy": {"Attemps": 2}}) != []
    assert parameter_problems(submit, {**job, "Parameters": {"A": 1}}) != []
    publish = "arn:aws:states:::sns:publish"
    assert parameter_problems(publish, {"TopicArn": "t", "Message": {"a": 1}}) == []
    assert parameter_problems(publish, {"TopicArn": "t"}) != []
