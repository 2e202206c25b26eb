"""What channels hold: classes, lengths, languages, and documents that two of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.documents.language import language_of
from common.documents.leaks import Leak, find_leaks, pieces_of
from common.pages.channel import Channel

SHOWN = 10  # leaks that are told one by one
SHOWN_LABELS = 30  # the same of labels


def describe(channels: Mapping[str, Channel]) -> dict[str, Any]:
    """Figures as JSON holds them: by channel, and under `leaks` what is in two of them."""
    return {
        "channels": {name: _figures(channel) for name, channel in channels.items()},
        "leaks": [_leak(leak) for leak in find_leaks(channels)],
    }


def _figures(channel: Channel) -> dict[str, Any]:
    pages = channel.pages
    lengths = [len(piece.rows) for piece in pieces_of({channel.name: channel})]
    characters = [len(text) for text in channel.texts]
    documents = Counter(
        pages[piece.rows.start].label or "" for piece in pieces_of({channel.name: channel})
    )
    return {
        "streams": len(channel.streams),
        "documents": len(lengths),
        "pages": len(pages),
        "blank_pages": sum(page.blank for page in pages),
        "pages_without_text": sum(not page.has_text for page in pages),
        "pages_without_image": sum(not page.has_image for page in pages),
        "pages_turned": sum(page.rotation != 0 for page in pages),
        "pages_of_document": _spread(lengths),
        "characters_of_page": _spread(characters),
        "languages": _counted(page.language or language_of(page.text) or "?" for page in pages),
        "classes": {
            label or "?": {"documents": documents[label], "pages": count}
            for label, count in sorted(Counter(page.label or "" for page in pages).items())
        },
    }


def _counted(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _spread(values: Sequence[int]) -> dict[str, float]:
    low, median, high, most = np.quantile(values, (0.1, 0.5, 0.9, 1))
    return {"p10": float(low), "median": float(median), "p90": float(high), "most": float(most)}


def _leak(leak: Leak) -> dict[str, str]:
    one, other = leak.one, leak.other
    return {
        "channel": one.channel,
        "document": one.name,
        "other_channel": other.channel,
        "other_document": other.name,
        "by": leak.by,
    }


def in_words(description: Mapping[str, Any]) -> str:
    """The same for a terminal, with what was found of `doubtful_labels`; None: not checked."""
    lines = []
    for name, found in description["channels"].items():
        lines.append(
            f"{name}: {found['streams']} streams, {found['documents']} documents, "
            f"{found['pages']} pages ({found['blank_pages']} blank, "
            f"{found['pages_without_text']} without text, "
            f"{found['pages_without_image']} without image, {found['pages_turned']} turned)"
        )
        for what in ("pages_of_document", "characters_of_page"):
            spread = found[what]
            lines.append(
                f"  {what.replace('_', ' ')}: 10 % up to {spread['p10']:.0f}, "
                f"half up to {spread['median']:.0f}, 90 % up to {spread['p90']:.0f}, "
                f"the most {spread['most']:.0f}"
            )
        languages = (f"{code} {count}" for code, count in found["languages"].items())
        lines.append(f"  languages of pages: {', '.join(languages)}")
        lines += _classes(found["classes"])
    lines += _leaks(description["leaks"])
    return "\n".join([*lines, *_doubtful(description["doubtful_labels"])])


def _classes(classes: Mapping[str, Mapping[str, int]]) -> list[str]:
    width = max(map(len, classes))
    return [
        f"  {label:<{width}}  {count['documents']:>6} documents  {count['pages']:>7} pages"
        for label, count in classes.items()
    ]


def _leaks(leaks: Sequence[Mapping[str, str]]) -> list[str]:
    if not leaks:
        return ["No document is nearly the same in two channels."]
    told = [
        f"  {leak['channel']} '{leak['document']}' and {leak['other_channel']} "
        f"'{leak['other_document']}', by {leak['by']}"
        for leak in leaks[:SHOWN]
    ]
    more = [f"  … and {len(leaks) - SHOWN} more"] if len(leaks) > SHOWN else []
    return [f"Documents that are nearly the same in two channels: {len(leaks)}", *told, *more]


def _doubtful(labels: Sequence[Mapping[str, Any]] | None) -> list[str]:
    if labels is None:
        return ["Labels were not checked: too few unrelated documents have a label and a text."]
    if not labels:
        return ["No label looks wrong."]
    told = [
        f"  {each['channel']} '{each['stream']}' pages {each['first_page']} to "
        f"{each['last_page']}: {each['label']}, but reads like {each['other']} "
        f"({each['probability']:.3f}; {', '.join(each['words'])})"
        for each in labels[:SHOWN_LABELS]
    ]
    more = [f"  … and {len(labels) - SHOWN_LABELS} more"] if len(labels) > SHOWN_LABELS else []
    return [f"Labels that look wrong, the most certain first: {len(labels)}", *told, *more]
