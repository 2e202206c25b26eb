"""The report of predictions as somebody uses it: in a real browser, by keyboard."""

import csv
import http.server
import json
import random
import threading
import time
import urllib.request
from dataclasses import replace
from itertools import pairwise

import pytest
from PIL import Image
from tests.results.page import focus_by_tab, saved
from tests.results.streams import make_channel, make_predictions

from common.documents.labels import LabelledRange, read_labels
from common.results.prediction_report import SCRIPTS, write_prediction_report
from common.results.predictions import Predictions, Voice
from common.results.readings import ReadDocument, Reading, StreamPrediction
from common.results.segments import Alternative

STREAMS = {
    "one.pdf": [("letter", 3), ("invoice", 2), ("letter", 1)],
    "two.pdf": [("invoice", 1), ("report", 4)],
}
CONFIDENCES = [0.95, 0.4, 0.6, 0.97, 0.2]
FINISHED = "return document.querySelector('#download').textContent"


def predictions_of(streams=STREAMS, confidences=CONFIDENCES):
    """As sure as `confidences` say, with every class possible for every document."""
    found = make_predictions(streams, confidences, accepted=0.9)
    labels = sorted({label for documents in streams.values() for label, _ in documents})
    segments = [
        replace(
            each,
            reasons=("two labels are possible",) if each.status == "review" else (),
            alternatives=tuple(Alternative(one, 0.1) for one in labels if one != each.label),
        )
        for each in found.segments
    ]
    pages = [replace(page, probabilities=dict.fromkeys(labels, 0.3)) for page in found.pages]
    return Predictions(pages, segments, found.streams)


@pytest.fixture
def page(browser, tmp_path):
    """Opens a report in which nobody has done anything yet."""

    def open_report(channel=None, predictions=None, streams=STREAMS):
        channel = channel or make_channel(streams, tmp_path)
        write_prediction_report(tmp_path / "found.html", channel, predictions or predictions_of())
        browser.open(tmp_path / "found.html")
        browser.run("localStorage.clear()")
        browser.reload()
        return browser

    return open_report


def documents(page, stream=0):
    """(first page, last page, label, standing) as the film strip tells them."""
    told = page.run(
        "return [...document.querySelectorAll('[role=listbox].film')[arguments[0]].children]"
        ".map((each) => ["
        "  [...each.querySelectorAll('.folio')].map((folio) => Number(folio.textContent)),"
        "  each.querySelector('.label').textContent, each.getAttribute('aria-label')])",
        stream,
    )
    found = []
    for numbers, label, name in told:
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        span = f"pages {numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else f"page {numbers[0]}"
        said, standing = name.split(", ")
        assert said == f"{span} {label}"
        found.append((numbers[0], numbers[-1], label, standing))
    return found


def here(page):
    """The name of what has the focus."""
    return page.run("return document.activeElement.getAttribute('aria-label')")


def to_the_strip(page):
    focus_by_tab(page, "[role=option]")


def status(page):
    return page.run("return document.querySelector('[role=status]').textContent")


def queue(page):
    return page.run(
        "return [...document.querySelectorAll('#queue tbody th')].map((each) => each.textContent)"
    )


def downloaded(page):
    return saved(page, lambda: page.run("document.querySelector('#download').click()"))


def test_what_is_for_review_comes_by_doubt_and_goes_when_it_is_accepted(page):
    shown = page()
    assert queue(shown) == ["two.pdf, pages 2–5", "one.pdf, pages 4–5", "one.pdf, page 6"]
    to_the_strip(shown)
    assert here(shown) == "Page 2: report, 1 of 4, for review"
    shown.press("a")
    assert status(shown) == "Accepted: pages 2–5 report."
    assert here(shown) == "Page 4: invoice, 1 of 2, for review"
    assert queue(shown) == ["one.pdf, pages 4–5", "one.pdf, page 6"]
    shown.press("a", "a")
    assert queue(shown) == []
    assert shown.run("return !document.querySelector('#nothing').hidden")
    assert documents(shown)[1] == (4, 5, "invoice", "accepted by you")
    assert documents(shown)[0] == (1, 3, "letter", "accepted")


def test_keys_lead_from_page_to_page_document_to_document_and_stream_to_stream(page):
    shown = page()
    to_the_strip(shown)
    for key, number in (
        ("Left", "1: invoice"),
        ("Left", "6: letter"),
        ("Up", "4: invoice"),
        ("Down", "6: letter"),
        ("Home", "1: letter"),
        ("Left", "1: letter"),
        ("Right", "2: letter"),
        ("Up", "1: letter"),
        ("Down", "4: invoice"),
        ("Down", "6: letter"),
        ("Down", "1: invoice"),
        ("Down", "2: report"),
        ("End", "5: report"),
        ("Right", "5: report"),
        ("n", "2: report"),
    ):
        shown.press(key)
        assert here(shown).startswith(f"Page {number}"), key
    selected = "return [...document.querySelectorAll('[aria-selected=true]')].length"
    stops = "return document.querySelectorAll('.film [tabindex=\"0\"]').length"
    assert [shown.run(selected), shown.run(stops)] == [1, 1]


def test_boundaries_are_split_joined_moved_and_taken_back(page):
    shown = page()
    to_the_strip(shown)
    before = documents(shown, 1)
    shown.press("Right", "Right", "s")
    assert documents(shown, 1)[1:] == [
        (2, 3, "report", "for review"),
        (4, 5, "report", "for review"),
    ]
    assert status(shown) == "Split: pages 2–3 report; pages 4–5 report."
    assert here(shown) == "Page 4: report, 1 of 2, for review"
    shown.press("Shift+Left")
    assert [each[:2] for each in documents(shown, 1)] == [(1, 1), (2, 2), (3, 5)]
    shown.press("Shift+Left")
    assert status(shown) == "That cannot be done here."
    shown.press("Shift+Right", "Shift+Right")
    assert [each[:2] for each in documents(shown, 1)] == [(1, 1), (2, 4), (5, 5)]
    shown.press("Right", "j")
    assert documents(shown, 1)[1:] == [(2, 5, "report", "for review")]
    shown.press("u", "u", "u", "Control+z", "u")
    assert documents(shown, 1) == before
    shown.press("u")
    assert status(shown) == "There is nothing to undo."


def test_a_label_is_typed_and_picked_a_new_one_too(page):
    shown = page()
    to_the_strip(shown)
    shown.press("l")
    assert shown.run("return document.activeElement.id") == "label"
    offered = "return [...document.querySelectorAll('#labels li')].map((each) => each.textContent)"
    assert shown.run(offered) == ["report", "invoice", "letter"]
    shown.press("l", "e")
    assert shown.run(offered) == ["letter", "new label: le"]
    shown.press("Enter")
    assert documents(shown, 1)[1] == (2, 5, "letter", "accepted by you")
    assert here(shown) == "Page 2: letter, 1 of 4, accepted by you"
    shown.press("l", *"passport", "Enter")
    assert documents(shown, 1)[1] == (2, 5, "passport", "accepted by you")
    shown.press("l", "i", "Escape")
    assert documents(shown, 1)[1] == (2, 5, "passport", "accepted by you")
    shown.press("l", "Down", "Enter")  # the first of the others
    assert documents(shown, 1)[1] == (2, 5, "invoice", "accepted by you")
    shown.press("2")
    assert documents(shown, 1)[1] == (2, 5, "letter", "accepted by you")


def test_whatever_is_pressed_the_documents_are_those_of_a_plain_list_of_starts(page):
    shown = page()
    to_the_strip(shown)
    shown.press("Home", "Up", "Home")
    assert here(shown).startswith("Page 1: letter")
    labels = ["letter", "letter", "letter", "invoice", "invoice", "letter"]
    starts = {0, 3, 5}
    history = []
    draw = random.Random(7)
    for _ in range(60):
        at, key = draw.randrange(6), draw.choice(["s", "j", "Shift+Left", "Shift+Right", "u"])
        shown.press("Home", *["Right"] * at, key)
        first = max(each for each in starts if each <= at)
        after = min([each for each in starts if each > at], default=6)
        before = max((each for each in starts if each < first), default=None)
        as_it_was = (set(starts), list(labels))
        moved = first + {"Shift+Left": -1, "Shift+Right": 1}.get(key, 0)
        if key == "u":
            starts, labels = history.pop() if history else as_it_was
        elif key == "s":
            starts.add(at)
        elif key == "j" and before is not None:
            starts.remove(first)
            labels[first:after] = [labels[before]] * (after - first)
        elif before is not None and before < moved < after:
            starts = starts - {first} | {moved}
            labels[min(first, moved)] = labels[first if moved < first else before]
        if key != "u" and starts != as_it_was[0]:
            history.append(as_it_was)
        assert [each[:3] for each in documents(shown)] == [
            (begin + 1, end, labels[begin]) for begin, end in pairwise([*sorted(starts), 6])
        ]


def test_changes_survive_a_reload_until_they_are_reset(page):
    shown = page()
    before = documents(shown, 1)
    to_the_strip(shown)
    shown.press("Right", "s", "l", *"inv", "Enter")
    changed = documents(shown, 1)
    assert changed[1:] == [(2, 2, "report", "for review"), (3, 5, "invoice", "accepted by you")]
    shown.reload()
    assert documents(shown, 1) == changed
    assert status(shown) == "From before, 2 changes of yours."
    to_the_strip(shown)
    shown.press("u")
    assert documents(shown, 1)[2][2:] == ("report", "for review")
    shown.run("setTimeout(() => document.querySelector('#reset').click())")
    shown.confirm()
    assert documents(shown, 1) == before
    shown.reload()
    assert documents(shown, 1) == before


def test_what_was_kept_and_does_not_fit_is_passed_over(page):
    shown = page()
    before = documents(shown)
    fine = {"stream": 0, "at": 0, "count": 1}
    document = {"label": "x", "status": "review", "reasons": [], "alternatives": []}
    for kept in (
        "no JSON",
        {},
        [None],
        [{**fine, "stream": 9, "put": [{**document, "first": 0, "last": 2}]}],
        [{**fine, "put": []}],
        [{**fine, "put": [{**document, "first": 0, "last": 9}]}],
        [{**fine, "put": [{**document, "first": 1, "last": 2}]}],
        [{**fine, "put": [{**document, "first": 0, "last": 2, "label": None}]}],
    ):
        text = kept if isinstance(kept, str) else json.dumps(kept)
        shown.run("localStorage.setItem(STORED, arguments[0])", text)
        shown.reload()
        assert documents(shown) == before, kept


def test_finished_streams_are_saved_as_the_labels_that_prepare_reads(page, tmp_path):
    name = 'Grüße, "sehr" eilig;\u00a0=1+1.pdf'
    streams = {"one.pdf": STREAMS["one.pdf"], name: STREAMS["two.pdf"]}
    shown = page(make_channel(streams, tmp_path), predictions_of(streams))
    assert shown.run("return document.querySelector('#download').disabled")
    to_the_strip(shown)
    shown.press("Right", "s", "l", *'a "b", c', "Enter", "Up", "a")
    assert shown.run(FINISHED) == "Download corrections: 1 stream"
    pages = {"one.pdf": 6, name: 5}
    assert read_labels(downloaded(shown), pages) == {
        name: [
            LabelledRange(1, 1, "invoice"),
            LabelledRange(2, 2, "report"),
            LabelledRange(3, 5, 'a "b", c'),
        ]
    }
    shown.press("n", "Shift+a")  # the other stream, all of it
    with downloaded(shown).open(newline="") as rows:
        assert list(csv.reader(rows))[:3] == [
            ["file", "first_page", "last_page", "label"],
            ["one.pdf", "1", "3", "letter"],
            ["one.pdf", "4", "5", "invoice"],
        ]


def test_what_nobody_has_looked_at_is_not_saved(page):
    shown = page(predictions=predictions_of(confidences=[0.95, 0.96, 0.97, 0.98, 0.2]))
    to_the_strip(shown)
    shown.press("a")
    assert shown.run(FINISHED) == "Download corrections: 1 stream"
    assert {row.split(",")[0] for row in downloaded(shown).read_text().split()[1:]} == {"two.pdf"}


def test_page_numbers_with_gaps_stay_what_they_are(page, tmp_path):
    channel = make_channel({"a": [("letter", 1), ("invoice", 2)]}, tmp_path)
    numbers = {1: 4, 2: 7, 3: 9}
    channel = replace(
        channel, pages=tuple(replace(each, page=numbers[each.page]) for each in channel.pages)
    )
    found = predictions_of({"a": [("letter", 1), ("invoice", 2)]}, [0.1, 0.2])
    found = Predictions(
        [replace(each, page=numbers[each.page]) for each in found.pages],
        [
            replace(each, first_page=numbers[each.first_page], last_page=numbers[each.last_page])
            for each in found.segments
        ],
        [],
    )
    shown = page(channel, found)
    to_the_strip(shown)
    shown.press("Shift+a")
    assert downloaded(shown).read_text().splitlines()[1:] == ["a,4,4,letter", "a,7,9,invoice"]


def test_other_readings_are_shown_on_the_strip_while_they_have_the_focus(page):
    streams = {"a.pdf": [("letter", 2), ("invoice", 2)]}
    found = predictions_of(streams, [0.3, 0.4])
    best, other = (
        Reading(probability, tuple(ReadDocument(*each) for each in read))
        for probability, read in (
            (0.81, [(1, 2, "letter"), (3, 4, "invoice")]),
            (0.07, [(1, 1, "letter"), (2, 4, "report")]),
        )
    )
    found = found._replace(streams=[StreamPrediction("a.pdf", 0.81, (best, other))])
    shown = page(predictions=found, streams=streams)
    marks = (
        "return [...document.querySelectorAll('.frame')].map((each) =>"
        " [each.dataset.would || '', each.classList.contains('would-join')])"
    )
    nothing = [["", False]] * 4
    assert shown.run(marks) == nothing
    told = "return document.querySelector('.reading').textContent"
    assert shown.run(told) == "0.070 page 1 letter, pages 2–4 report"
    shown.run("document.querySelector('.reading').focus()")
    assert shown.run(marks) == [["letter", False], ["report", False], ["", True], ["", False]]
    shown.press("Tab")
    assert shown.run(marks) == nothing
    shown.run("document.querySelector('.reading').focus()")
    shown.press("Enter")
    assert [each[:3] for each in documents(shown)] == [(1, 1, "letter"), (2, 4, "report")]
    assert shown.run(marks) == nothing


def test_a_document_tells_its_other_labels_and_a_page_what_spoke_for_it(page):
    found = predictions_of()
    pages = [
        replace(each, because=(Voice("rechnung", 1.5), Voice("iban", 0.75))) for each in found.pages
    ]
    shown = page(predictions=found._replace(pages=pages))
    words = "return [...document.querySelectorAll('#words li')].map((each) => each.textContent)"
    assert shown.run(words) == ["rechnung +1.50", "iban +0.75"]
    shown.run("document.querySelector('.document').dispatchEvent(new Event('pointerenter'))")
    title = shown.run("return document.querySelector('.document').title")
    assert title == "Else: invoice 0.10, report 0.10"


def test_a_screen_reader_finds_its_way(page):
    shown = page()
    told = shown.seen_by_readers()
    roles = {role for role, _, _ in told}
    assert {"banner", "navigation", "main", "contentinfo", "status", "region"} <= roles
    assert {"listbox", "option", "combobox", "group", "progressbar", "table"} <= roles
    nameless = [role for role, name, focusable in told if focusable and not name]
    assert set(nameless) <= {"RootWebArea"}, nameless
    assert [name for role, name, _ in told if role == "listbox"][:2] == [
        "Pages of one.pdf",
        "Pages of two.pdf",
    ]
    headings = "return [...document.querySelectorAll('h1,h2,h3')].map((each) => each.tagName)"
    first, *others = shown.run(headings)
    assert first == "H1"
    assert set(others) == {"H2", "H3"}
    shown.press("Tab")
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert shown.run(outline) != "none"
    to_the_strip(shown)
    assert shown.run(outline) != "none"
    shown.press("l")
    assert ("combobox", "Label", True) in shown.seen_by_readers()


HOSTILE = "</script><script>hacked=1</script><img src=x onerror=hacked=1><!--"


def test_hostile_names_texts_and_labels_stay_text(page, tmp_path):
    name = f"{HOSTILE}.pdf"
    streams = {name: [(HOSTILE, 2), ("letter", 1)]}
    channel = make_channel(streams, tmp_path / "nowhere")
    pages = tuple(replace(each, content=HOSTILE) for each in channel.pages)
    found = predictions_of(streams, [0.3, 0.4])
    said = [replace(each, because=(Voice(HOSTILE, 1.0),)) for each in found.pages]
    shown = page(replace(channel, pages=pages, name=HOSTILE), found._replace(pages=said))
    to_the_strip(shown)
    shown.press("Right", "s", "Enter", "Escape", "l", *"<b>x</b>", "Enter")
    assert shown.run("return typeof hacked") == "undefined"
    assert shown.run("return document.querySelectorAll('img[src=x], b').length") == 0
    assert shown.run("return document.querySelectorAll('script').length") == 1 + len(SCRIPTS)
    assert shown.run("return document.title") == f"Page streams taken apart: {HOSTILE}"
    assert shown.run("return document.querySelector('.strip h3').textContent") == name
    assert documents(shown)[1][2] == "<b>x</b>"


def test_nothing_is_asked_of_a_network_and_no_other_script_runs(page):
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        urllib.request.urlopen(f"{address}/alive", timeout=10).close()
        shown = page()
        shown.run(
            "const [address] = arguments;"
            "fetch(address + '/fetch').catch(() => 0);"
            "new Image().src = address + '/image';"
            "for (const [name, key] of [['script', 'src'], ['iframe', 'src'], ['link', 'href']]) {"
            "  const made = document.createElement(name); made[key] = address + '/' + name;"
            "  made.rel = 'stylesheet'; document.body.append(made); }"
            "const script = document.createElement('script'); script.textContent = 'hacked = 1';"
            "document.body.append(script);",
            address,
        )
        time.sleep(0.5)
        assert shown.run("return typeof hacked") == "undefined"
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/alive"]


def test_pictures_of_a_long_stream_wait_and_a_change_draws_only_its_documents(page, tmp_path):
    Image.new("L", (60, 80), 200).save(tmp_path / "page.png")
    streams = {"long.pdf": [("letter", 3), ("invoice", 2)] * 160}
    channel = make_channel(streams, tmp_path)
    pages = tuple(replace(each, image="page.png") for each in channel.pages)
    found = predictions_of(streams, [0.5] * 320)
    shown = page(replace(channel, pages=pages), found)
    waiting = "return document.querySelectorAll('.frame img:not([src])').length"
    assert shown.run(waiting) > 600
    assert shown.run("return document.querySelectorAll('#queue tbody tr').length") == 8
    to_the_strip(shown)
    shown.run(
        "changed = 0; new MutationObserver((records) => records.forEach((each) => {"
        " changed += each.addedNodes.length + each.removedNodes.length;"
        "})).observe(document.querySelector('.film'), { childList: true, subtree: true });"
    )
    shown.press("Right", "s")
    assert shown.run("return changed") < 40
    shown.press("End")
    time.sleep(0.3)
    last = "return document.querySelector('.document:last-child .frame:last-child img').src.length"
    assert shown.run(last) > 100
