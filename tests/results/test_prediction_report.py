import base64
import hashlib
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image
from tests.results.streams import make_channel, make_predictions

from common.results import review_data
from common.results.prediction_report import SCRIPTS, write_prediction_report

STREAMS = {"sure": [("letter", 3)], "doubtful": [("letter", 2), ("invoice", 1)]}
CONFIDENCES = [0.99, 0.98, 0.2]


class Reader(HTMLParser):
    """Collects elements and the texts of scripts, as HTML's rules cut them."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.scripts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script" and data.strip():
            self.scripts.append(data)


def channel_with_pictures(folder, streams=STREAMS):
    channel = make_channel(streams, folder)
    pages = []
    for number, page in enumerate(channel.pages):
        Image.new("L", (60, 80), 10 * number).save(folder / f"{number}.png")
        pages.append(replace(page, image=f"{number}.png"))
    return replace(channel, pages=tuple(pages))


def written(folder, channel=None, predictions=None):
    file = folder / "found.html"
    channel = channel or channel_with_pictures(folder)
    predictions = predictions or make_predictions(STREAMS, CONFIDENCES, accepted=0.9)
    write_prediction_report(file, channel, predictions)
    return file.read_text()


def data_of(html):
    return json.loads(Reader(html).scripts[0])


def test_the_policy_names_the_scripts_of_the_page_and_allows_nothing_else(tmp_path):
    page = Reader(written(tmp_path))
    [policy] = [a["content"] for tag, a in page.elements if a.get("http-equiv")]
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in page.scripts[1:]
    )
    assert len(page.scripts) == 1 + len(SCRIPTS)
    assert policy == (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    for tag, attributes in page.elements:
        assert attributes.get("href", "#").startswith("#"), tag
        assert "src" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_the_page_knows_what_was_predicted(tmp_path):
    found = data_of(written(tmp_path))
    assert [each["label"] for each in found["classes"]] == ["invoice", "letter"]
    doubtful = found["streams"][1]
    spans = [(each["first"], each["last"], each["label"]) for each in doubtful["documents"]]
    assert spans == [(0, 1, "letter"), (2, 2, "invoice")]
    assert [each["status"] for each in doubtful["documents"]] == ["accepted", "review"]
    assert [each["starts"] for each in doubtful["pages"]] == [1, 0, 1]
    assert doubtful["pages"][2]["text"] == "invoice words"
    assert doubtful["pages"][2]["labels"] == [["invoice", 0.2]]


def test_pictures_that_can_be_read_go_to_what_is_doubtful_while_there_is_room(
    tmp_path, monkeypatch
):
    whole = data_of(written(tmp_path))
    pictures = [[page["picture"] for page in each["pages"]] for each in whole["streams"]]
    assert all(pictures[0] + pictures[1])
    room = len(pictures[1][1]) + len(pictures[1][2])
    monkeypatch.setattr(review_data, "ROOM", room)
    scarce = data_of(written(tmp_path))
    got = [[bool(page["picture"]) for page in each["pages"]] for each in scarce["streams"]]
    assert got == [[False] * 3, [False, True, True]]  # the doubtful page and the one before
    assert all(page["thumbnail"] for each in scarce["streams"] for page in each["pages"])


@pytest.mark.parametrize(("most", "kept"), [(6, 2), (5, 1), (1, 1)])
def test_with_too_many_pages_the_doubtful_streams_stay(tmp_path, monkeypatch, most, kept):
    monkeypatch.setattr(review_data, "MOST_PAGES", most)
    found = data_of(written(tmp_path))
    assert [each["name"] for each in found["streams"]] == ["sure", "doubtful"][-kept:]
    assert found["left_out"] == 2 - kept


def test_the_same_predictions_give_the_same_bytes_and_others_another_fingerprint(tmp_path):
    html = written(tmp_path)
    assert written(tmp_path) == html
    surer = make_predictions(STREAMS, [0.99, 0.98, 0.3], accepted=0.9)
    other = data_of(written(tmp_path, predictions=surer))
    assert other["fingerprint"] != data_of(html)["fingerprint"]


def test_a_text_cannot_end_the_data(tmp_path):
    channel = channel_with_pictures(tmp_path)
    text = "</script><script>alert(1)</script><!-- \u2028 \ud83d"
    pages = tuple(replace(page, content=text) for page in channel.pages)
    found = data_of(written(tmp_path, replace(channel, pages=pages)))
    assert found["streams"][0]["pages"][0]["text"] == text
