"""The closed circle: what somebody corrects in the report of predictions is learnt."""

from dataclasses import replace

import pytest
from tests.contract.ensembles import train
from tests.contract.programs import run_here
from tests.documents.papers import text_page, text_pdf
from tests.results.page import focus_by_tab, saved
from tests.sample import SAMPLE

from common.pages.channel import Channel, read_channel, write_channel
from common.results.predictions import read_predictions

pytestmark = pytest.mark.slow

STREAM = "sample-pages-0009"  # that the model has not seen: two invoices and a contract
Documents = list[tuple[int, int, str]]  # first page, last page, label of each


def succeed(program, **arguments):
    outcome = run_here(program, {name.replace("_", "-"): each for name, each in arguments.items()})
    assert outcome.status == 0, outcome.err


def labelled(channel: Channel) -> Documents:
    return [
        (channel.pages[each.rows[0]].page, channel.pages[each.rows[-1]].page, each.label)
        for each in channel.documents
    ]


def predicted(folder) -> Documents:
    found = read_predictions(folder).segments
    return [(each.first_page, each.last_page, each.label) for each in found]


def correct(browser, truth: Documents) -> None:
    """Make of a stream what it is, by keys alone; looks only at where documents start."""
    focus_by_tab(browser, "[role=option]")
    browser.press("Home")
    starts, last = {first for first, _, _ in truth}, truth[-1][1]
    for page in range(2, last + 1):
        browser.press("Right")
        shown = shown_starts(browser)
        if page in shown - starts:
            browser.press("j")
        elif page in starts - shown and page < last and page + 1 not in shown:
            browser.press("Right", "s", "Shift+Left", "Left")  # a page late, then moved
        elif page in starts - shown:
            browser.press("s")
    for first, _, label in truth:
        browser.press("Home", *["Right"] * (first - 1), "l", *label, "Enter")


def shown_starts(browser) -> set[int]:
    first_of_each = "return [...document.querySelectorAll('.document .frame:first-child .folio')]"
    return set(browser.run(f"{first_of_each}.map((each) => Number(each.textContent))"))


def test_corrections_of_a_report_become_labels_that_are_learnt(plain, browser, tmp_path):
    pages = [page for page in read_channel(SAMPLE / "test").pages if page.stream == STREAM]
    truth = labelled(Channel("truth", SAMPLE, tuple(pages)))
    texts = [page.text.encode("cp1252", "ignore").decode("cp1252") for page in pages]
    pdf = text_pdf(tmp_path / "upload.pdf", [text_page(text.splitlines()) for text in texts])
    given = {"input": pdf, "ocr": "none"}

    before, report = tmp_path / "before", tmp_path / "report.html"
    model = plain["sequence"].folder / "model"
    succeed("predict.py", model=model, output=before, report=report, **given)
    wrong = predicted(before)
    assert {label for _, _, label in wrong} != {label for _, _, label in truth}
    assert {first for first, _, _ in wrong} != {first for first, _, _ in truth}

    browser.open(report)
    correct(browser, truth)
    focus_by_tab(browser, "#download", "Shift+Tab")
    labels = saved(browser, lambda: browser.press("Enter"))

    prepared = tmp_path / "prepared"
    succeed("prepare.py", labels=labels, output=prepared, split="100/0/0", **given)
    corrected = read_channel(prepared / "train", labelled=True)
    assert labelled(corrected) == truth

    together = tmp_path / "together"
    both = [*read_channel(SAMPLE / "train").pages, *corrected.pages]
    write_channel(together, [replace(page, image=None) for page in both])
    text = train(tmp_path / "text", "text", {"train": together, "epochs": 10})
    bases = {"train": together, "text": text.folder, "compare": "false"}
    ensemble = train(tmp_path / "sequence", "sequence", bases)
    after = tmp_path / "after"
    succeed("predict.py", model=ensemble.folder / "model", output=after, **given)
    assert predicted(after) == truth
