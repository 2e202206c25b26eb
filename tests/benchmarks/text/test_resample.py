from collections import Counter
from itertools import islice

import numpy as np
import pytest
from benchmarks.text.resample import STREAM, Original, main, originals, resampled
from tests.sample import SAMPLE

from common.pages.channel import read_channel

LONG = " ".join(f"w{number}" for number in range(400))
DOCUMENTS = [
    Original("a/letter", (LONG, f"{LONG} end")),
    Original("a/invoice", ("one\ntwo  three",)),
    Original("b/letter", (LONG, "", LONG)),
]


def test_whole_documents_come_until_there_are_enough_pages():
    shapes = {(original.label, len(original.texts)) for original in DOCUMENTS}
    for pages in range(1, 30):
        copies = list(resampled(DOCUMENTS, pages, seed=1))
        assert {(copy.label, len(copy.texts)) for copy in copies} <= shapes
        lengths = [len(copy.texts) for copy in copies]
        assert sum(lengths[:-1]) < pages <= sum(lengths)


def test_all_documents_come_equally_often_in_changing_order():
    copies = islice(resampled(DOCUMENTS, 10**6, seed=1), 3 * 20)
    labels = [copy.label for copy in copies]
    assert set(Counter(labels).values()) == {20}
    assert len({tuple(labels[start : start + 3]) for start in range(0, 60, 3)}) > 1


def test_copies_lack_up_to_three_words_in_ten_and_keep_the_order_of_the_rest():
    lost = []
    for copy in resampled([DOCUMENTS[0]], 400, seed=1):
        words = copy.texts[0].split()
        numbers = [int(word[1:]) for word in words]
        assert numbers == sorted(set(numbers))
        lost.append(1 - len(words) / 400)
    assert min(lost) < 0.03
    assert max(lost) == pytest.approx(0.3, abs=0.08)
    assert np.mean(lost) == pytest.approx(0.15, abs=0.03)


def test_the_seed_decides():
    first, again, other = (list(resampled(DOCUMENTS, 50, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_the_channel_written_is_one_that_a_job_reads(tmp_path):
    sources = [SAMPLE / part for part in ("train", "test")]
    for name in ("once", "again"):
        main([*map(str, sources), "--pages", "400", "--output", str(tmp_path / name / "train")])
    made = read_channel(tmp_path / "once/train", labelled=True)
    longest = max(len(original.texts) for folder in sources for original in originals(folder))
    assert 400 <= len(made) < 400 + longest
    labels = read_channel(SAMPLE / "train").classes
    assert made.classes == [f"sample/{label}" for label in labels]
    assert all(len(rows) < STREAM + longest for rows in made.streams)
    assert min(len(rows) for rows in made.streams[:-1]) >= STREAM
    lines = [(tmp_path / name / "train/pages.jsonl").read_bytes() for name in ("once", "again")]
    assert lines[0] == lines[1]


def test_without_a_number_the_pages_are_those_of_the_channels(tmp_path):
    main([str(SAMPLE / "test"), "--pages", "0", "--output", str(tmp_path / "test")])
    made, real = (read_channel(root / "test", labelled=True) for root in (tmp_path, SAMPLE))
    assert [page.text for page in made.pages] == [page.text for page in real.pages]
    assert made.labels == [f"sample/{label}" for label in real.labels]
    assert [found.rows for found in made.documents] == [found.rows for found in real.documents]
