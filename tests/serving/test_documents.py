"""Files that something else turns into pages, on a front within this process."""

import base64
import http.client
import json
import threading
from dataclasses import dataclass
from time import monotonic
from types import SimpleNamespace

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from common.serving.documents import Documents
from common.serving.exchange import Reply
from common.serving.front import Front
from common.serving.problems import Problem, unusable
from common.serving.settings import read_settings


@dataclass(frozen=True)
class FakePage:
    text: str
    bitmap: bytes


def read(body):
    """A page for each word."""
    if body == b"encrypted":
        raise unusable("it is encrypted", "Save it without a password.")
    if body.startswith(b"crash"):
        raise ArithmeticError(body)
    return [FakePage(word.decode(), word[::-1]) for word in body.split()]


class Echo:
    """Workers that answer with what they were asked."""

    ready = 1

    def ask(self, question, deadline):
        body = json.dumps([question.content_type, question.body.decode()]).encode()
        return Reply(body, pages=1, streams=1), SimpleNamespace(together=1, queued=0.0)


def asked(front, content_type, body, path="/invocations"):
    """(status, JSON) of one request to a front."""
    server = WSGIServer(("127.0.0.1", 0), front, log=None)
    server.start()

    def ask():
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        client.request("POST", path, body, {"Content-Type": content_type})
        response = client.getresponse()
        found = response.status, json.loads(response.read())
        client.close()
        return found

    try:
        return gevent.get_hub().threadpool.apply(ask)
    finally:
        server.stop()


@pytest.fixture
def front():
    settings = read_settings("", ["--max-payload-mb", "0.01"], {})
    return Front(settings, Echo(), Documents(read, at_once=1))


@pytest.mark.parametrize("kind", ["application/pdf", "image/tiff", "image/png"])
def test_a_file_reaches_the_models_as_pages_of_one_stream(front, kind):
    status, (sent_type, lines) = asked(front, kind, b"one two")
    assert (status, sent_type) == (200, "application/jsonlines")
    pages = [json.loads(line) for line in lines.splitlines()]
    assert pages == [
        {"text": "one", "image": base64.b64encode(b"eno").decode()},
        {"text": "two", "image": base64.b64encode(b"owt").decode()},
    ]


def test_json_is_no_file(front):
    assert asked(front, "application/json", b"one two") == (200, ["application/json", "one two"])


def test_a_file_that_is_refused_is_refused_alone(front):
    status, told = asked(front, "application/pdf", b"encrypted")
    assert (status, told["error"]["code"]) == (422, "unusable")
    assert told["error"]["message"] == "it is encrypted"
    assert asked(front, "application/pdf", b"one")[0] == 200


def test_a_failure_of_the_reader_is_ours_and_quotes_nothing(front, capfd, caplog):
    status, told = asked(front, "application/pdf", b"crash: private words")
    assert (status, told["error"]["code"]) == (500, "internal")
    said = capfd.readouterr()
    assert "ArithmeticError" in caplog.text
    assert "private" not in said.out + said.err + caplog.text + json.dumps(told)


def test_files_have_the_limit_of_bytes_that_all_have(front):
    assert asked(front, "application/pdf", bytes(20_000))[0] == 413


def test_without_a_reader_pdfs_are_415(front):
    bare = Front(read_settings("", [], {}), Echo())
    status, told = asked(bare, "application/pdf", b"%PDF-1.7")
    assert (status, told["error"]["code"]) == (415, "unknown_type")
    assert asked(bare, "image/png", b"one")[1] == ["image/png", "one"]


def test_reading_holds_nobody_up_and_ends_in_time():
    release = threading.Event()

    def slow(body):
        release.wait(20)
        return []

    documents = Documents(slow, at_once=1)
    reading = gevent.spawn(documents.lines, b"x", monotonic() + 0.2)
    gevent.sleep(0.01)
    assert not reading.ready()  # the loop was free meanwhile
    with pytest.raises(Problem) as caught:
        reading.get()
    release.set()
    assert (caught.value.status, caught.value.code) == (503, "too_slow")
