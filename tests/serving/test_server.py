"""A server as a process, and all that clients may do to it."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.sample import SAMPLE
from tests.serving.servers import (
    JSON,
    LINES,
    PATIENCE,
    alive,
    answer_of,
    connection,
    kill,
    sample_streams,
    sent_pages,
    serving,
    started,
    until,
)

pytestmark = pytest.mark.slow

PAGE = {"text": "Invoice. Total 100 EUR."}


@pytest.fixture(scope="module")
def model(plain):
    return plain["sequence"].folder / "model"


@pytest.fixture(scope="module")
def server(model):
    """One for all tests that leave it as it was."""
    with serving(model, max_payload_mb=0.25, max_pages=50, timeout=60) as running:
        yield running


def chunked(parts):
    """A body that http.client sends in chunks."""
    yield from parts


def test_a_pdf_is_read_and_becomes_segments(server):
    body = (SAMPLE.parent / "pdf" / "hoa_statement.pdf").read_bytes()
    answer = server.ask("/invocations?pages=true", body, Content_Type="application/pdf")
    assert answer.status == 200
    (stream,) = answer.json["streams"]
    assert [page["page"] for page in stream["pages"]] == list(range(1, len(stream["pages"]) + 1))


def test_a_broken_pdf_is_told_and_the_server_goes_on(server):
    answer = server.ask(body=b"%PDF-1.7 and no more", Content_Type="application/pdf")
    assert (answer.status, answer.code) == (422, "unusable")
    assert server.judge([PAGE]).status == 200


def test_pages_become_segments(server):
    answer = server.judge([PAGE, PAGE])
    assert answer.status == 200
    assert answer.headers["Content-Type"] == JSON
    (stream,) = answer.json["streams"]
    covered = [
        page
        for one in stream["segments"]
        for page in range(one["first_page"], one["last_page"] + 1)
    ]
    assert covered == [1, 2]
    first = stream["segments"][0]
    assert {"label", "confidence", "status", "reasons", "alternatives"} <= first.keys()
    assert "pages" not in stream


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", JSON),
        ("", JSON),
        ("application/*", JSON),
        (LINES, LINES),
        ("text/csv, application/x-ndjson;q=0.5", LINES),
    ],
)
def test_the_answer_is_what_the_client_accepts(server, accept, given):
    answer = server.judge([PAGE], Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, given)
    records = [json.loads(line) for line in answer.body.splitlines()]
    assert len(records) == 1
    assert ("segments" in records[0]) == (given == LINES)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/invocations?pages=true&n_best=1", {}),
        ("/invocations", {"X_Amzn_SageMaker_Custom_Attributes": "pages=true, n_best=1"}),
    ],
)
def test_pages_and_readings_are_told_on_request(server, path, headers):
    body = json.dumps({"pages": [PAGE, PAGE]})
    answer = server.ask(path, body, Content_Type=JSON, **headers)
    (stream,) = answer.json["streams"]
    assert [page["page"] for page in stream["pages"]] == [1, 2]
    assert len(stream["readings"]) == 1


@pytest.mark.parametrize(
    ("status", "code", "sent"),
    [
        (400, "unreadable", {"body": b"{", "Content_Type": JSON}),
        (400, "unreadable", {"body": b"", "Content_Type": JSON}),
        (
            400,
            "wrong_option",
            {"path": "/invocations?pages=yes", "Content_Type": JSON},
        ),
        (
            400,
            "wrong_option",
            {"path": "/invocations?n_best=11", "Content_Type": JSON},
        ),
        (404, "no_such_path", {"path": "/"}),
        (405, "wrong_method", {"method": "GET"}),
        (405, "wrong_method", {"path": "/ping", "body": b"x"}),
        (406, "not_acceptable", {"body": b"{}", "Content_Type": JSON, "Accept": "text/csv"}),
        (413, "too_many_bytes", {"body": bytes(1 << 19), "Content_Type": JSON}),
        (413, "too_many_pages", {"body": b"{}\n" * 51, "Content_Type": LINES}),
        (415, "unknown_type", {"body": b"x", "Content_Type": "text/plain"}),
        (415, "unknown_type", {"body": b"x"}),
        (415, "encoded", {"body": b"x", "Content_Type": JSON, "Content_Encoding": "gzip"}),
        (422, "unusable", {"body": b'{"pages": []}', "Content_Type": JSON}),
        (422, "unusable", {"body": b"no image", "Content_Type": "image/jpeg"}),
    ],
)
def test_a_refusal_is_json_that_names_the_problem_and_the_remedy(server, status, code, sent):
    answer = server.ask(**sent)
    assert answer.status == status
    told = answer.json["error"]
    assert (told["status"], told["code"]) == (status, code)
    assert told["message"]
    assert told["remedy"].endswith(".")
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert server.ping() == 200


def test_a_method_that_is_not_answered_names_the_one_that_is(server):
    assert server.ask(method="DELETE").headers["Allow"] == "POST"


def test_chunks_are_read_up_to_the_limit(server):
    body = json.dumps({"pages": [PAGE]}).encode()
    small = server.ask(body=chunked([body[:5], body[5:]]), Content_Type=JSON)
    assert small.status == 200
    # No length is told beforehand, and far more is sent than anybody should hold.
    large = server.ask(body=chunked([b"x" * (1 << 16)] * 200), Content_Type=JSON)
    assert (large.status, large.code) == (413, "too_many_bytes")


def raw(server, head, *, then=b"", close=False):
    """What a server says to bytes on a socket, until it hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(head.replace(b"\n", b"\r\n") + then)
        if close:
            client.shutdown(socket.SHUT_WR)
        parts = []
        while part := client.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


POST = b"POST /invocations HTTP/1.1\nHost: x\nContent-Type: application/json\n"


def test_a_length_beyond_the_limit_is_refused_before_anything_is_sent(server):
    said = raw(server, POST + b"Content-Length: 99999999\nExpect: 100-continue\n\n", close=True)
    assert said.startswith(b"HTTP/1.1 413 ")  # no "100 Continue" before it
    assert b"too_many_bytes" in said


@pytest.mark.parametrize(
    "torn",
    [
        POST + b"Content-Length: 100\n\n",
        POST + b"Transfer-Encoding: chunked\n\n5\nab",
        POST + b"Transfer-Encoding: chunked\n\nzz\n",
        POST + b"Content-Length: -1\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\n\n",
        b"GET\n\n",
    ],
)
def test_broken_http_breaks_nothing_else(server, torn):
    assert raw(server, torn, close=True).startswith((b"HTTP/1.1 400 ", b""))
    assert server.ping() == 200
    assert server.judge([PAGE]).status == 200


def test_the_clients_request_id_is_kept_and_a_strange_one_is_not(server):
    for name in ("X_Request_Id", "X_Amzn_SageMaker_Inference_Id"):
        answer = server.judge([PAGE], **{name: f"mine-{name}"})
        assert answer.headers["X-Request-Id"] == f"mine-{name}"
    made = server.judge([PAGE], X_Request_Id="two words" * 100).headers["X-Request-Id"]
    assert len(made) == 36
    assert made != server.judge([PAGE]).headers["X-Request-Id"]


def test_the_log_has_a_line_for_the_request_and_nothing_of_its_content(server):
    body = {"stream": "Mrs Secret", "text": "secret words", "image": "secret!"}
    refused = server.judge([body], X_Request_Id="logged-refusal")
    assert refused.status == 422
    assert server.judge([{**body, "image": None}], X_Request_Id="logged").status == 200
    until(lambda: any(line["request"] == "logged" for line in server.requests))
    (line,) = (line for line in server.requests if line["request"] == "logged")
    assert line["status"] == 200
    assert (line["pages"], line["streams"]) == (1, 1)
    assert line["bytes_in"] > 0
    assert line["bytes_out"] > 0
    assert {"receive", "queue", "read", "models", "decide", "total"} <= line["ms"].keys()
    assert sum(line["ms"][stage] for stage in ("read", "models", "decide")) <= line["ms"]["total"]
    (line,) = (line for line in server.requests if line["request"] == "logged-refusal")
    assert (line["status"], line["error"]) == (422, "unusable")
    assert "ecret" not in "\n".join(server.lines)


def test_every_one_of_32_clients_gets_its_own_answer(server):
    """Together with others, and with as many pages as it has sent."""

    def ask(number):
        pages = [{**PAGE, "stream": f"s{number}"}] * (1 + number % 5)
        return number, len(pages), server.judge(pages)

    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(ask, range(128)))
    for number, pages, answer in answers:
        assert answer.status == 200
        (stream,) = answer.json["streams"]
        assert stream["stream"] == f"s{number}"
        assert stream["segments"][-1]["last_page"] == pages
    assert max(line.get("together", 0) for line in server.requests) > 1


def test_a_connection_serves_one_request_after_another(server):
    with connection(server.port) as client:
        for _ in range(3):
            client.request("POST", "/invocations", b'{"pages": [{}]}', {"Content-Type": JSON})
            assert answer_of(client).status == 200
        client.request("POST", "/invocations", b"{", {"Content-Type": JSON})
        assert answer_of(client).status == 400
        client.request("GET", "/ping")
        assert answer_of(client).status == 200


def test_ping_answers_while_the_models_work(server):
    """A worker that is stopped in the middle of a request stands for one that works for long."""
    (worker,) = server.workers[-1:]
    kill(worker, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as clients:
            waiting = clients.submit(server.judge, [PAGE])
            until(lambda: server.ping() == 200)
            assert not waiting.done()
            kill(worker, signal.SIGCONT)
            assert waiting.result().status == 200
    finally:
        kill(worker, signal.SIGCONT)


def test_a_worker_that_is_killed_is_replaced_and_its_request_is_answered_by_the_next(model):
    with serving(model) as server, ThreadPoolExecutor(8) as clients:
        (first,) = server.workers
        kill(first, signal.SIGSTOP)  # so that requests are there when it dies
        waiting = [clients.submit(server.judge, [PAGE]) for _ in range(8)]
        time.sleep(0.5)
        kill(first)
        assert [one.result().status for one in waiting] == [200] * 8
        assert len(server.workers) == 2
        assert server.workers[1] != first
        assert not alive(first)


def test_a_worker_that_dies_while_nobody_asks_is_replaced_too(model):
    with serving(model) as server:
        kill(server.workers[0])
        until(lambda: len(server.workers) == 2)
        assert server.ping() == 200
        assert server.judge([PAGE]).status == 200


def test_a_request_that_takes_too_long_is_503_and_its_worker_is_replaced(model):
    with serving(model, timeout=2) as server:
        kill(server.workers[0], signal.SIGSTOP)
        answer = server.judge([PAGE])
        assert (answer.status, answer.code) == (503, "too_slow")
        until(lambda: len(server.workers) == 2)
        assert not alive(server.workers[0])
        until(lambda: server.judge([PAGE]).status == 200)


def test_too_many_requests_at_once_are_503_and_told_when_to_come_back(model):
    with serving(model, max_waiting=2) as server, ThreadPoolExecutor(2) as clients:
        kill(server.workers[0], signal.SIGSTOP)
        waiting = [clients.submit(server.judge, [PAGE]) for _ in range(2)]
        time.sleep(0.5)
        answer = server.judge([PAGE])
        assert (answer.status, answer.code) == (503, "busy")
        assert int(answer.headers["Retry-After"]) >= 1
        kill(server.workers[0], signal.SIGCONT)
        assert [one.result().status for one in waiting] == [200, 200]


def test_a_client_that_is_too_slow_is_let_go_and_keeps_nobody_waiting(model):
    with serving(model, timeout=3) as server, ThreadPoolExecutor(1) as clients:
        slow = clients.submit(raw, server, POST + b"Content-Length: 100\n\n", then=b"{")
        assert server.judge([PAGE]).status == 200
        assert slow.result().startswith(b"HTTP/1.1 408 ")
        assert b"too_slow_body" in slow.result()


def test_sigterm_lets_every_request_be_answered_and_then_ends(model):
    with serving(model) as server, ThreadPoolExecutor(12) as clients:
        worker = server.workers[0]
        kill(worker, signal.SIGSTOP)
        waiting = [clients.submit(server.judge, [PAGE]) for _ in range(12)]
        with connection(server.port) as idle, connection(server.port) as busy:
            for client in (idle, busy):
                client.request("GET", "/ping")
                assert answer_of(client).status == 200
            time.sleep(0.5)
            server.terminate()
            busy.request("POST", "/invocations", b'{"pages": [{}]}', {"Content-Type": JSON})
            time.sleep(1)
            assert server.process.poll() is None
            kill(worker, signal.SIGCONT)
            answers = [one.result() for one in waiting]
            assert [one.status for one in answers] == [200] * 12
            assert answer_of(busy).status == 200
            assert server.end() == 0
        assert not alive(worker)
        with pytest.raises(OSError, match="refused"):
            server.judge([PAGE])


def test_sigterm_does_not_wait_for_ever(model):
    with serving(model, drain=1) as server, ThreadPoolExecutor(1) as clients:
        worker = server.workers[0]
        kill(worker, signal.SIGSTOP)
        waiting = clients.submit(server.judge, [PAGE])
        time.sleep(0.5)
        server.terminate()
        assert server.end() == 0
        answer = waiting.result()
        assert (answer.status, answer.code) == (503, "ending")
        until(lambda: not alive(worker))


def test_a_model_that_cannot_be_used_ends_the_server(tmp_path):
    words = ["--model", str(tmp_path), "--host", "127.0.0.1", "--port", "0", "--workers", "1"]
    with started(words) as server:
        assert server.end() == 1
        assert server.lines[-1].startswith("ClientError: ")
        assert str(tmp_path) in server.lines[-1]


def test_a_port_that_is_taken_ends_the_server(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started(["--model", str(tmp_path), "--host", "127.0.0.1", "--port", port]) as server:
            assert server.end() == 1
            assert server.lines[-1].startswith(f"ClientError: 127.0.0.1:{port}: Address already in")


def test_the_log_quotes_content_where_that_is_wanted(model):
    with serving(model, log_content=True) as server:
        server.judge([{"text": "words of the page"}])
        server.ask(body=b'{"pages": [{"text": 1}]}', Content_Type=JSON)
        until(lambda: len(server.requests) == 2)
        assert "words of the page" in server.requests[0]["content"]
        assert "pages[0].text" in server.requests[1]["detail"]


def test_objects_of_a_batch_transform_get_an_answer_each_the_poisoned_one_an_error_record(model):
    """As SageMaker drives it: what it sets, what it asks for first, several objects at once."""
    variables = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
    }
    objects = {stream: sent_pages(stream) for stream in sample_streams()}
    bodies = {name: "\n".join(map(json.dumps, pages)) for name, pages in objects.items()}
    bodies |= {"cut off": bodies[next(iter(bodies))][:-5], "no page": json.dumps({"text": 5})}
    with serving(model, variables) as server, ThreadPoolExecutor(4) as transforms:
        told = server.ask("/execution-parameters", method="GET").json
        assert told["MaxPayloadInMB"] == 6

        def transform(item):
            return item[0], server.ask(body=item[1].encode(), Content_Type=LINES, Accept=LINES)

        answers = dict(transforms.map(transform, bodies.items()))
        wrong_job = server.ask(body=b"x", Content_Type="text/csv")
    assert answers.keys() == bodies.keys()
    for name, answer in answers.items():
        assert answer.status == 200
        (line,) = answer.body.splitlines()
        record = json.loads(line)
        if name in objects:
            assert record["stream"] == name
            assert record["segments"][-1]["last_page"] == len(objects[name])
        else:
            assert record["error"]["status"] == (400 if name == "cut off" else 422)
    assert wrong_job.status == 415  # of the whole job, which should fail
