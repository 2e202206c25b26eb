import dataclasses
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image
from tests.results.streams import make_channel, make_predictions
from tests.results.test_systems import outputs

from common.pages.channel import Channel
from common.results import report
from common.results.history import History
from common.results.predictions import Predictions, explained
from common.results.readings import ReadDocument, Reading, StreamPrediction
from common.results.report import write_report
from common.results.systems import CHAIN, beside, judge

TRUTH = {
    "fine": [("letter", 2), ("invoice", 1)],
    "torn": [("letter", 3), ("invoice", 2)],
}
SAID = {
    "fine": [("letter", 2), ("invoice", 1)],
    "torn": [("letter", 1), ("letter", 2), ("letter", 2)],
}
VOID = {"br", "img", "link", "meta"}


class Checker(HTMLParser):
    """Collects the elements, and complains when they do not nest."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def write(file, channel, predictions, base_outputs=(), others=None, **options):
    systems = beside(judge(channel, predictions), channel, base_outputs, others)
    write_report(file, channel, predictions, systems, **options)


def render(tmp_path, truth=TRUTH, said=SAID, channel=None, **options):
    channel = channel or make_channel(truth, tmp_path)
    write(tmp_path / "report.html", channel, make_predictions(said), **options)
    html = (tmp_path / "report.html").read_text()
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    return html, checker


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(tmp_path):
    html, page = render(tmp_path)
    tags = [tag for tag, _ in page.elements]
    assert {"title", "main", "header", "footer", "nav", "h1"} <= set(tags)
    assert not {"script", "link", "iframe", "object"} & set(tags)
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "url(http" not in html
    assert "@import" not in html


def test_identifiers_are_unique_and_links_lead_somewhere(tmp_path):
    _, page = render(tmp_path)
    headings = [
        attributes["id"]
        for tag, attributes in page.elements
        if "id" in attributes and tag not in {"path", "rect", "clippath"}
    ]
    assert len(set(headings)) == len(headings)
    targets = {a["href"][1:] for tag, a in page.elements if tag == "a"}
    described = {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a}
    assert targets | described <= set(headings)


def test_errors_are_marked_where_they_are(tmp_path):
    _, page = render(tmp_path)
    text = " ".join(" ".join(page.texts).split())
    assert "page 2: extra split inside one letter" in text
    assert "pages 4–5: letter instead of invoice" in text
    frames = [
        a["class"] for tag, a in page.elements if tag == "li" and "frame" in a.get("class", "")
    ]
    assert frames == ["frame"] * 4 + ["frame extra"] + ["frame"] * 3
    wrong = [
        a["title"] for _, a in page.elements if " wrong" in a.get("class", "") and "title" in a
    ]
    assert len(wrong) == 1
    assert "Truth: invoice" in wrong[0]


def test_confidence_and_status_are_shown(tmp_path):
    channel = make_channel({"a": [("letter", 1), ("invoice", 1)]}, tmp_path)
    predictions = make_predictions({"a": [("letter", 1), ("invoice", 1)]}, [0.97, 0.31])
    write(tmp_path / "report.html", channel, predictions)
    html = (tmp_path / "report.html").read_text()
    assert re.search(r"0\.97 ✓<span class=\"visually-hidden\"> accepted", html)
    assert re.search(r"0\.31 \?<span class=\"visually-hidden\"> for review", html)


def test_another_system_has_a_column_and_a_verdict(tmp_path):
    _, page = render(tmp_path, said=TRUTH, others={CHAIN: make_predictions(SAID)})
    text = " ".join(" ".join(page.texts).split())
    assert "The ensemble does not beat the linear chain beyond chance: +55.6 points" in text
    columns = [a.get("scope") for tag, a in page.elements if tag == "th"].count("col")
    _, without = render(tmp_path, said=TRUTH)
    fewer = [a.get("scope") for tag, a in without.elements if tag == "th"].count("col")
    assert columns == fewer + 2  # one in each table of figures


def test_other_readings_and_the_confidence_of_whole_streams_are_shown(tmp_path):
    truth = {"a": [("letter", 2)], "b": [("letter", 1)]}
    pages, segments, _ = make_predictions(truth)
    best, other = (
        Reading(probability, tuple(ReadDocument(*document) for document in documents))
        for probability, documents in (
            (0.81, [(1, 2, "letter")]),
            (0.07, [(1, 1, "letter"), (2, 2, "invoice")]),
        )
    )
    whole = [StreamPrediction("a", 0.81, (best, other))]
    predictions = Predictions(pages, segments, whole)
    write(tmp_path / "report.html", make_channel(truth, tmp_path), predictions)
    page = Checker()
    page.feed((tmp_path / "report.html").read_text())
    text = " ".join(" ".join(page.texts).split())
    assert text.count("all of it right with probability") == 1
    assert "probability 0.81" in text
    assert "0.070 page 1 letter, page 2 invoice" in text
    labels = [a.get("aria-label", "") for _, a in page.elements]
    assert any("diagram of streams: 0.81 was said 1 ×, 100% right" in label for label in labels)


def test_without_confidences_of_streams_there_is_no_diagram_of_them(tmp_path):
    channel, (pages, segments, _) = make_channel(TRUTH, tmp_path), make_predictions(SAID)
    write(tmp_path / "report.html", channel, Predictions(pages, segments, []))
    html = (tmp_path / "report.html").read_text()
    assert "diagram of streams" not in html
    assert "diagram of segments" in html


def test_hostile_names_and_texts_stay_text(tmp_path):
    evil = "<script>alert(1)</script>\"'>"
    channel = make_channel({evil: [(evil, 1)]}, tmp_path)
    page = dataclasses.replace(channel.pages[0], content=evil)
    html, _ = render(tmp_path, said={evil: [(evil, 1)]}, channel=replace(channel, pages=(page,)))
    assert "<script" not in html


def test_pages_are_shown_as_pictures_or_by_their_first_words(tmp_path):
    Image.new("L", (60, 80), 200).save(tmp_path / "one.png")
    (tmp_path / "two.png").write_bytes(b"broken")
    channel = make_channel({"a": [("letter", 3)]}, tmp_path)
    images = ["one.png", "two.png", None]
    pages = tuple(
        dataclasses.replace(page, image=image, content=f"Dear {number}")
        for number, (page, image) in enumerate(zip(channel.pages, images, strict=True))
    )
    channel = Channel("test", tmp_path, pages)
    _, page = render(tmp_path, said={"a": [("letter", 3)]}, channel=channel)
    assert [a["alt"] for tag, a in page.elements if tag == "img"] == ["page 1"]
    assert {"Dear 1", "Dear 2"} <= set(page.texts)
    assert "Dear 0" not in page.texts


def test_what_spoke_for_a_label_is_shown_with_its_page(tmp_path):
    channel = make_channel({"a": [("letter", 2)]}, tmp_path)
    predictions = explained(
        make_predictions({"a": [("letter", 2)]}), [[("dear", 2.0), ("<b>yours", 1.0)], []]
    )
    write(tmp_path / "report.html", channel, predictions)
    html = (tmp_path / "report.html").read_text()
    assert html.count("spoke for its label: ") == 1
    assert 'title="spoke for its label: dear, &lt;b&gt;yours"' in html
    assert '<span class="because">dear</span>' in html


def test_the_comparison_is_there_when_the_base_models_spoke(tmp_path):
    channel = make_channel(TRUTH, tmp_path)
    bases = [outputs(channel, "text", good=False), outputs(channel, "image", good=True)]
    html, page = render(tmp_path, base_outputs=bases)
    text = " ".join(" ".join(page.texts).split())
    # Drawing the stream `fine` twice, one draw in four, leaves no difference.
    assert "does not beat image alone (the better of its parts) beyond chance" in text
    assert "the mean of both" in text
    assert html.count('<th scope="col">Mean of both</th>') == 2
    alone, _ = render(tmp_path)
    assert "nothing to compare with" in alone


def test_learning_curves_are_there_when_training_left_a_history(tmp_path):
    history = History(epochs=[{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": 0.5}])
    html, _ = render(tmp_path, histories={"image": history})
    assert "Image model" in html
    assert "Learning curves of the image model over 2 epochs" in html
    without, _ = render(tmp_path)
    assert 'id="training"' not in without


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    channel = make_channel(TRUTH, tmp_path)
    options = {
        "base_outputs": [outputs(channel, "text", good=True)],
        "histories": {"text": History(epochs=[{"epoch": 1, "train_loss": 1.0}])},
    }
    first, _ = render(tmp_path, **options)
    second, _ = render(tmp_path, **options)
    assert first == second


@pytest.mark.parametrize("limits", [{"MOST_STREAMS": 1}, {"MOST_PAGES": 5}])
def test_a_cap_keeps_the_streams_with_errors_and_says_so(tmp_path, monkeypatch, limits):
    for name, value in limits.items():
        monkeypatch.setattr(report, name, value)
    _, page = render(tmp_path)
    text = " ".join(" ".join(page.texts).split())
    assert "1 of 2 streams came out without any error" in text
    assert "Drawn here are 1 of them, those with errors first" in text
    assert "torn" in page.texts
    assert "fine" not in page.texts


@pytest.mark.parametrize("most", [2, 4])
def test_a_stream_too_long_by_itself_is_drawn_as_far_as_the_room_goes(tmp_path, monkeypatch, most):
    monkeypatch.setattr(report, "MOST_PAGES", most)
    _, page = render(tmp_path)
    text = " ".join(" ".join(page.texts).split())
    assert f"5 pages, 2 documents; drawn: the first {most} pages" in text
    frames = [a for tag, a in page.elements if tag == "li" and "frame" in a.get("class", "")]
    assert len(frames) == most
    assert "pages 4–5: letter instead of invoice" in text  # told though not drawn


def test_a_long_stream_leaves_what_others_need_that_come_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "MOST_PAGES", 4)
    truth = {"long": [("letter", 6)], "torn": [("letter", 3)]}
    said = {"long": [("letter", 6)], "torn": [("letter", 1), ("letter", 2)]}
    _, page = render(tmp_path, truth, said)
    text = " ".join(" ".join(page.texts).split())
    assert "6 pages, 1 document; drawn: the first 1 page" in text
    frames = [a for tag, a in page.elements if tag == "li" and "frame" in a.get("class", "")]
    assert len(frames) == 4
