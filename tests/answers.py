"""What a server would answer that knows the labels."""

from itertools import groupby


def answers(channel, wrong=()):
    """A server's answer to each stream, as labelled; the labels of documents in `wrong` are not."""
    records = []
    for stream, documents in groupby(channel.documents, key=lambda document: document.stream):
        segments = [
            {
                "stream": stream,
                "document": number,
                "first_page": channel.pages[document.rows.start].page,
                "last_page": channel.pages[document.rows.stop - 1].page,
                "label": "other" if (stream, number) in wrong else document.label,
                "confidence": 0.9,
                "alternatives": [],
                "status": "review",
                "reasons": [],
            }
            for number, document in enumerate(documents, start=1)
        ]
        documents = [
            {name: s[name] for name in ("first_page", "last_page", "label")} for s in segments
        ]
        reading = {"probability": 0.9, "documents": documents}
        records.append(
            {"stream": stream, "confidence": 0.9, "segments": segments, "readings": [reading]}
        )
    return records
