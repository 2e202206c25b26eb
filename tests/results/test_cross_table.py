import numpy as np
import pytest
from tests.labelled import channel_of

from common.results.bootstrap import draw_streams
from common.results.comparison import compare
from common.results.cross_table import cross_table
from common.results.predictions import PagePrediction
from common.results.segments import segments_from_starts

CHANNEL = channel_of(*[[("x", "ab"), ("y", "c")]] * 8)


def comparison(wrong):
    """Streams that are taken apart rightly but for the first `wrong` of them, seen as one each."""
    starts = np.array([[True, False, i >= wrong] for i in range(8)]).ravel()
    labels = CHANNEL.labels
    segments = segments_from_starts(CHANNEL.keys, starts, labels)
    pages = [
        PagePrediction(
            stream=stream,
            page=page,
            document=1,
            label=label,
            confidence=1.0,
            first_page=float(start),
            probabilities={label: 1.0},
        )
        for (stream, page), label, start in zip(CHANNEL.keys, labels, starts, strict=True)
    ]
    return compare(CHANNEL, pages, segments)


def table(copies=1):
    systems = {"ours": comparison(0), "theirs": comparison(4)}
    return cross_table(systems, copies=copies, target_precision=0.99, seed=0)


def test_figures_and_leads_by_hand():
    found = table()
    assert found.values["stp"]["ours"].value == 1
    assert found.values["stp"]["theirs"].value == 0.5
    assert found.leads["stp"]["theirs"].value == 0.5
    assert found.leads["segment_f1"]["theirs"].value == pytest.approx(1 - 2 * 8 / (16 + 12))
    assert "theirs" in str(found)
    assert "+0.500 (" in str(found)
    assert found.as_dict()["values"]["stp"]["ours"]["value"] == 1


def test_documents_that_come_again_do_not_narrow_the_interval():
    once, often = (table(copies).leads["stp"]["theirs"].interval for copies in (1, 4))
    assert often[1] - often[0] > once[1] - once[0]
    assert (draw_streams(8, copies=4).sum(axis=1) == 2).all()
