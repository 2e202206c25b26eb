"""Pages of several requests go through the models together, and nobody can tell."""

import json

import pytest
from tests.contract.programs import run_here
from tests.sample import SAMPLE
from tests.serving.servers import sample_streams, sent_pages

from common.models.artifacts import load_ensemble
from common.serving.exchange import Question
from common.serving.judging import Judge
from common.serving.settings import Limits

pytestmark = pytest.mark.slow

LINES = "application/jsonlines"
LIMITS = Limits(bytes=1 << 30, pages=1000, pixels=1 << 24, seconds=60.0)


@pytest.fixture(scope="module")
def model(plain):
    return plain["sequence"].folder / "model"


@pytest.fixture(scope="module")
def ensemble(model):
    return load_ensemble(model)


@pytest.fixture
def judge(ensemble):
    return Judge(ensemble, LIMITS, log_content=False)


@pytest.fixture(scope="module")
def predicted(model, tmp_path_factory):
    """What `predict` says of the sample's streams, by the name of the file."""
    output = tmp_path_factory.mktemp("predicted")
    arguments = {"model": model, "input": SAMPLE / "test", "output": output}
    outcome = run_here("predict.py", arguments)
    assert outcome.status == 0, outcome.err
    names = ("pages", "segments", "streams")
    return {
        name: list(map(json.loads, (output / f"{name}.jsonl").read_text().splitlines()))
        for name in names
    }


def question(pages, kind="application/json", **others):
    body = json.dumps({"pages": pages}).encode()
    return Question(body, kind, LINES, **{"pages": True, "n_best": 3, **others})


def records(reply):
    assert reply.problem is None, reply.problem
    return [json.loads(line) for line in reply.body.splitlines()]


def same(said, other):
    """Equal but for rounding."""
    if isinstance(other, dict):
        return said.keys() == other.keys() and all(same(said[name], other[name]) for name in other)
    if isinstance(other, list):
        return len(said) == len(other) and all(map(same, said, other))
    return said == (pytest.approx(other, abs=1e-5) if isinstance(other, float) else other)


def test_requests_judged_together_get_what_predict_says_of_their_pages(judge, predicted):
    streams = sample_streams()
    assert len(streams) > 1
    replies = judge.answer([question(sent_pages(stream)) for stream in streams])
    for stream, reply in zip(streams, replies, strict=True):
        (record,) = records(reply)
        for name in ("pages", "segments"):
            own = [one for one in predicted[name] if one["stream"] == stream]
            assert own
            assert same(record[name], own), stream
        (whole,) = (one for one in predicted["streams"] if one["stream"] == stream)
        assert same({name: record[name] for name in whole}, whole)
        assert (reply.pages, reply.streams) == (len(record["pages"]), 1)


def test_several_streams_in_one_request_are_a_record_each(judge, predicted):
    streams = sample_streams()
    pages = [page for stream in streams for page in sent_pages(stream)]
    found = records(judge.answer([question(pages)])[0])
    assert [record["stream"] for record in found] == streams
    said = [segment for record in found for segment in record["segments"]]
    assert same(said, predicted["segments"])


def test_the_same_name_in_two_requests_means_two_streams(judge):
    first, second = (sent_pages(stream) for stream in sample_streams()[:2])
    for page in (*first, *second):
        page["stream"] = "same"
    together = judge.answer([question(first), question(second)])
    apart = [judge.answer([question(pages)])[0] for pages in (first, second)]
    for one, other in zip(together, apart, strict=True):
        assert same(records(one), records(other))


def test_what_others_lack_is_no_reason_for_review(judge):
    """A page without text is a reason only where other pages of the same request have some."""
    (pages,) = (sent_pages(stream) for stream in sample_streams()[:1])
    bitmaps = [{**page, "text": ""} for page in pages]
    alone = judge.answer([question(bitmaps)])[0]
    beside = judge.answer([question(pages), question(bitmaps)])[1]
    assert same(records(beside), records(alone))
    assert "a page without text" not in beside.body.decode()


def test_one_bad_request_leaves_the_others_alone(judge):
    pages = sent_pages(sample_streams()[0])
    bad = [question([{**pages[0], "image": "AAAA"}]), Question(b"{", LINES, LINES, True, 1)]
    good, *refused = judge.answer([question(pages), *bad])
    assert [reply.problem.status for reply in refused] == [422, 400]
    assert same(records(good), records(judge.answer([question(pages)])[0]))


class Fragile:
    """An ensemble that fails on pages that hold a certain word."""

    def __init__(self, ensemble):
        self._ensemble = ensemble

    def __getattr__(self, name):
        return getattr(self._ensemble, name)

    def evidence(self, channel, decoded):
        for page in channel.pages:
            if "poison" in page.text:
                raise ArithmeticError(page.text)
        return self._ensemble.evidence(channel, decoded)


def test_pages_that_the_models_fail_on_fail_alone_and_are_not_quoted(ensemble, caplog):
    judge = Judge(Fragile(ensemble), LIMITS, log_content=False)
    replies = judge.answer([question([{"text": text}]) for text in ("a", "poison, private", "b")])
    assert [reply.problem and reply.problem.status for reply in replies] == [None, 500, None]
    told = caplog.text
    assert "ArithmeticError" in told
    assert "in evidence" in told
    assert "private" not in told + replies[1].problem.detail


def test_answers_say_as_many_readings_as_were_wanted(judge):
    pages = sent_pages(sample_streams()[0])
    one, five = judge.answer([question(pages, n_best=1), question(pages, n_best=5)])
    assert [len(records(reply)[0]["readings"]) for reply in (one, five)] == [1, 5]
