import dataclasses

import pytest
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.pages.training_channels import TrainingChannels, refuse_learnt

TRAIN = channel_of([("x", ["a b", "c"])], [("y", ["d"])])
VALIDATION = channel_of([("x", ["e"])], name="validation")
TEST = channel_of([("y", ["f"])], name="test")
CHANNELS = TrainingChannels(TRAIN, VALIDATION, TEST, ("x", "y"))
OTHERS = channel_of([("x", ["a b", "d"])])


def learnt(channel):
    return channel.stream_fingerprints("text").values()


def refusal(channel, folds):
    with pytest.raises(ClientError) as caught:
        refuse_learnt(CHANNELS, learnt(channel), kind="text", folds=folds)
    return str(caught.value)


def test_what_an_earlier_model_learnt_is_not_judged_out_of_fold():
    message = refusal(TRAIN.take([0, 1]), folds=5)
    assert "channel 'train': 1 of 2 streams (as 's1') went into the artifact" in message
    assert "in train they may stay with folds 0." in message
    refuse_learnt(CHANNELS, learnt(TRAIN), kind="text", folds=0)


@pytest.mark.parametrize("channel", [VALIDATION, TEST])
@pytest.mark.parametrize("folds", [0, 5])
def test_what_an_earlier_model_learnt_is_not_held_out(channel, folds):
    assert f"channel '{channel.name}': 1 of 1 streams" in refusal(channel, folds)


def test_other_streams_are_welcome():
    refuse_learnt(CHANNELS, learnt(OTHERS), kind="text", folds=5)
    refuse_learnt(CHANNELS, (), kind="text", folds=5)


def test_a_stream_is_known_by_what_is_on_its_pages_whatever_it_is_called():
    renamed = dataclasses.replace(
        TRAIN,
        pages=tuple(
            dataclasses.replace(page, stream=f"new-{page.stream}", label="z", document="d")
            for page in TRAIN.pages
        ),
    )
    assert [*learnt(renamed)] == [*learnt(TRAIN)]
    assert "2 of 2 streams" in refusal(renamed, folds=2)


def test_pages_in_another_order_or_number_are_another_stream():
    marks = [*learnt(channel_of([("x", ["a", "b"])], [("x", ["b", "a"])], [("x", ["a"])]))]
    assert len(set(marks)) == 3
