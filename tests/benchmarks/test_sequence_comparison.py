import pytest
from benchmarks.sequence.compare import refuse_others, table
from benchmarks.sequence.long_documents import LONG, Corpus, made_examples
from benchmarks.sequence.work import Setting, make_work


def test_ratios_are_of_the_same_round_and_the_table_tells_their_median():
    found = {
        "this project": {"train": [100, 50, 90], "decode": [8000] * 3, "memory": 12.4},
        "PyTorch": {"train": [50, 50, 30], "decode": [4000, 2000, 1000], "memory": 30},
    }
    rows = table([(Setting(8, 10, 3), found)]).splitlines()[2:]
    assert rows[0] == "| 8 × 10, 3 | this project | 90 | 1.00 | 8,000 | 1.00 | 12 |"
    assert rows[1] == "| 8 × 10, 3 | PyTorch | 50 | 2.00 | 2,000 | 4.00 | 30 |"


def test_a_peer_that_computes_something_else_is_refused():
    refuse_others({"this project": [10.0, 9.0], "same": [10.0 + 1e-7, 9.0], "another model": []})
    with pytest.raises(RuntimeError, match="wrong"):
        refuse_others({"this project": [10.0, 9.0], "wrong": [10.0, 9.1]})


def test_streams_are_whole_documents_and_the_same_in_every_process():
    work, again = make_work(Setting(3, 40, 4)), make_work(Setting(3, 40, 4))
    assert (work.document == again.document).all()
    assert work.starts[:, 0].all()
    inside = ~work.starts[:, 1:]
    assert (work.labels[:, 1:] == work.labels[:, :-1])[inside].all()


def test_made_documents_are_whole_and_as_long_as_asked_for():
    examples = made_examples("train", Corpus(3, (4, 0), (1, 0)), 4, 1)
    lengths = sorted(len(document.rows) for document in examples.channel.documents)
    assert lengths[-1] == LONG
    assert all(1 <= length <= 9 for length in lengths[:-1])
    assert examples.evidence.image.keys == examples.channel.keys
