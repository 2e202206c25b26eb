"""Broken and hostile requests: none may cost more than its own answer."""

import base64
import io
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from tests.sample import SAMPLE
from tests.serving.servers import JSON, LINES, sample_streams, sent_pages, serving

pytestmark = pytest.mark.slow

MEMORY = 1_500_000  # kB
PNG = (SAMPLE / "test/images/letter-1adfff5ed4_001.png").read_bytes()
KINDS = {"PNG": "image/png", "JPEG": "image/jpeg"}


def picture(kind, size, mode):
    content = io.BytesIO()
    Image.new(mode, size).save(content, kind)
    return content.getvalue()


def mutated(content, rng):
    """A few bytes changed, cut out, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(changed))
        how = rng.randrange(4)
        if how == 0:
            changed[place] = rng.randrange(256)
        elif how == 1:
            del changed[place : place + rng.randint(1, 40)]
        elif how == 2:
            changed[place:place] = changed[place : place + rng.randint(1, 40)]
        elif rng.random() < 0.3:
            del changed[max(place, 1) :]
    return bytes(changed)


def mutations(times):
    rng = random.Random(9)
    pages = sent_pages(sample_streams()[0])[:2]
    seeds = [
        (JSON, json.dumps({"pages": pages}).encode()),
        (LINES, "\n".join(map(json.dumps, pages)).encode()),
        ("image/png", PNG),
        ("image/jpeg", picture("JPEG", (300, 400), "RGB")),
        ("image/png", picture("TIFF", (300, 400), "1")),
    ]
    for number in range(times):
        kind, content = seeds[number % len(seeds)]
        yield kind, mutated(content, rng)


def sent(**page):
    return JSON, json.dumps({"pages": [page]}).encode()


def bombs():
    """Small to send, and large to whoever believes them."""
    huge = picture("PNG", (20_000, 20_000), "1")
    allowed = picture("PNG", (6_300, 6_300), "RGBA")  # just below the limit
    most = 6 << 20
    yield from (("image/png", huge), ("image/png", allowed), ("image/png", allowed))
    yield sent(image=base64.b64encode(huge).decode())
    yield JSON, b"[" * most
    yield JSON, b'{"pages":' * (most // 10)
    yield JSON, b'{"pages": [' + b"{}," * (most // 3 - 10) + b"{}]}"
    yield JSON, b'{"pages": [' + b"0," * (most // 2 - 10) + b"0]}"
    yield LINES, b"{}\n" * (most // 3)
    yield LINES, b"\n" * most
    yield sent(text="x" * (most - 100))
    yield sent(text="ab 1 " * (most // 5 - 100))
    yield sent(text="page 1 of 2\n" * (most // 13 - 100))
    yield sent(text="\\u0000" * 1000, stream="s" * 1_000_000)
    yield sent(page=10**30)
    yield sent(page=2**31 - 1, text="last")


def test_hundreds_of_broken_requests_are_answered_one_by_one_beside_good_ones(plain):
    model = plain["sequence"].folder / "model"
    good = json.dumps({"pages": [{"text": "Dear Sir"}]}).encode()
    broken = [*mutations(300), *bombs()]
    with serving(model, timeout=50) as server, ThreadPoolExecutor(4) as clients:

        def ask(number):
            kind, body = broken[number]
            answers = [server.ask(body=body, Content_Type=kind)]
            if number % 10 == 0:
                answers.append(server.ask(body=good, Content_Type=JSON))
            return [answer.status for answer in answers]

        statuses = list(clients.map(ask, range(len(broken))))
        assert {said[0] for said in statuses} <= {200, 400, 413, 422}
        assert {said[1] for said in statuses if len(said) > 1} == {200}
        assert [said[0] for said in statuses[:300]].count(200) < 200  # most were broken indeed
        assert server.ping() == 200
        (worker,) = server.workers  # the first still lives
        for process in (worker, server.process.pid):
            status = Path(f"/proc/{process}/status").read_text()
            assert int(re.search(r"VmHWM:\s+(\d+)", status)[1]) < MEMORY
