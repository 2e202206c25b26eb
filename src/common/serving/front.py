"""What a server says over HTTP: /ping, /execution-parameters and /invocations."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, perf_counter
from typing import Any

from werkzeug.wrappers import Request, Response

from common.serving.answers import joined
from common.serving.body import read_body, swallow
from common.serving.content import CONTENT_TYPES, JSON, JSON_LINES, LINES
from common.serving.documents import FILES, Documents
from common.serving.exchange import Question
from common.serving.failures import own_fault
from common.serving.problems import Problem, unavailable
from common.serving.request_log import RequestRecord
from common.serving.settings import Settings
from common.serving.workers import ModelWorkers

_ID_HEADERS = ("X-Request-Id", "X-Amzn-SageMaker-Inference-Id", "X-Amzn-RequestId")
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_OPTIONS = "X-Amzn-SageMaker-Custom-Attributes"  # name=value, name=value
_MOST_READINGS = 10
_HELD = 256 << 20  # bytes of bodies that are there at once
_OF_CONTENT = (400, 413, 422)  # statuses that speak of what was sent

StartResponse = Callable[..., Any]


class Front:
    """A WSGI application; greenlets call it at the same time."""

    def __init__(
        self, settings: Settings, workers: ModelWorkers, documents: Documents | None = None
    ) -> None:
        """Without `documents` PDFs and TIFFs are not read, and images are pages without text."""
        self._settings = settings
        self._workers = workers
        self._documents = documents
        self._there = 0  # requests
        self._held = 0  # bytes
        self.draining = False

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        response = self._routed(request)
        if self.draining:
            response.headers["Connection"] = "close"
        return response(environ, start_response)

    def _routed(self, request: Request) -> Response:
        if request.path == "/invocations" and request.method == "POST":
            return self._invocation(request)
        if request.method in ("GET", "HEAD") and request.path in _ASKED:
            return _ASKED[request.path](self)
        known = {"/invocations": "POST", "/ping": "GET", "/execution-parameters": "GET"}
        record = self._record(request)
        if request.path not in known:
            problem = Problem(
                404, "no_such_path", "there is nothing here", f"Ask {', '.join(known)}."
            )
        else:
            allowed = known[request.path]
            problem = Problem(
                405, "wrong_method", f"{request.method} is not answered here", f"Use {allowed}."
            )
        return self._refusal(request, record, problem, JSON)

    def ping(self) -> Response:
        """200 as soon as any worker can answer."""
        return Response(status=200 if self._workers.ready and not self.draining else 503)

    def execution_parameters(self) -> Response:
        return Response(json.dumps(self._settings.execution_parameters), content_type=JSON)

    def _record(self, request: Request) -> RequestRecord:
        given = (request.headers.get(name, "") for name in _ID_HEADERS)
        request_id = next((one for one in given if _ID.fullmatch(one)), None)
        return RequestRecord(
            request_id or str(uuid.uuid4()), request.path, self._settings.log_content
        )

    def _invocation(self, request: Request) -> Response:
        record = self._record(request)
        media_type = JSON
        try:
            media_type = _media_type(request)
            self._there += 1
            try:
                body = self._answered(request, media_type, record)
            finally:
                self._there -= 1
        except Problem as problem:
            return self._refusal(request, record, problem, media_type)
        except Exception as error:
            own = own_fault(error, quote=self._settings.log_content)
            return self._refusal(request, record, own, media_type)
        record.write(200, len(body))
        return Response(body, content_type=media_type, headers={"X-Request-Id": record.request_id})

    def _answered(self, request: Request, media_type: str, record: RequestRecord) -> bytes:
        content_type = _content_type(request, self._content_types)
        pages, n_best = _options(request, self._settings)
        if self._there > self._settings.waiting or self._held > _HELD:
            raise unavailable("busy", "too many requests are there already")
        start = perf_counter()
        body = read_body(request, self._settings.limits)
        record.took("receive", start)
        record.facts |= {"bytes_in": len(body), "type": content_type}
        record.quote(body)
        self._held += len(body)
        try:
            deadline = monotonic() + self._settings.limits.seconds
            sent, sent_type = self._as_pages(body, content_type, deadline, record)
            start = perf_counter()
            question = Question(sent, sent_type, media_type, pages, n_best)
            reply, ticket = self._workers.ask(question, deadline)
        finally:
            self._held -= len(body)
        record.seconds |= reply.seconds
        record.took("answer", start)
        record.facts |= {
            "pages": reply.pages,
            "streams": reply.streams,
            "together": ticket.together,
        }
        record.seconds["queue"] = ticket.queued
        if reply.problem is not None:
            raise reply.problem
        return reply.body

    @property
    def _content_types(self) -> tuple[str, ...]:
        others = FILES if self._documents else ()
        return tuple(dict.fromkeys((*CONTENT_TYPES, *others)))

    def _as_pages(
        self, body: bytes, content_type: str, deadline: float, record: RequestRecord
    ) -> tuple[bytes, str]:
        """What a model worker reads, and of what type it is."""
        if self._documents is None or content_type not in FILES:
            return body, content_type
        start = perf_counter()
        lines = self._documents.lines(body, deadline)
        record.took("document", start)
        return lines, JSON_LINES

    def _refusal(
        self, request: Request, record: RequestRecord, problem: Problem, media_type: str
    ) -> Response:
        record.refused(problem)
        told = json.dumps(problem.record(record.request_id), ensure_ascii=False).encode()
        status, headers = problem.status, {"X-Request-Id": record.request_id}
        if self._settings.batch_transform and status in _OF_CONTENT:
            status, body = 200, joined([told], media_type)
        else:
            media_type, body = JSON, told + b"\n"
        if status == 503:
            headers["Retry-After"] = "1"
        response = Response(body, status=status, content_type=media_type, headers=headers)
        if status == 405:
            response.headers["Allow"] = problem.remedy.split()[-1].rstrip(".")
        if _unread(request):
            response.headers["Connection"] = "close"
            response.call_on_close(lambda: swallow(request.environ["wsgi.input"]))
        record.write(status, len(body))
        return response


_ASKED: dict[str, Callable[[Front], Response]] = {
    "/ping": Front.ping,
    "/execution-parameters": Front.execution_parameters,
}


def _unread(request: Request) -> bool:
    """Whether the client may still be sending."""
    stream = request.environ["wsgi.input"]
    chunked = stream.chunked_input and stream.chunk_length != 0
    return chunked or stream.position < (stream.content_length or 0)


def _content_type(request: Request, known: Sequence[str]) -> str:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "encoded", "the body is compressed", "Send it as it is.")
    if request.mimetype not in known:
        got = f"'{request.mimetype}' is" if request.mimetype else "no Content-Type is"
        raise Problem(415, "unknown_type", f"{got} not read here", f"Send {', '.join(known)}.")
    return request.mimetype


def _media_type(request: Request) -> str:
    """What the answer is written as; of equal wishes JSON."""
    accepted = request.accept_mimetypes
    if not accepted:
        return JSON
    found = accepted.best_match([JSON, *LINES])
    if found is None:
        raise Problem(
            406, "not_acceptable", "no such answer is given", f"Accept {JSON} or {JSON_LINES}."
        )
    return JSON if found == JSON else JSON_LINES


def _options(request: Request, settings: Settings) -> tuple[bool, int]:
    """(pages, n_best): by the query, or by SageMaker's custom attributes."""
    given = dict(
        (part.partition("=")[::2]) for part in request.headers.get(_OPTIONS, "").split(",")
    )
    said = {name.strip(): value.strip() for name, value in given.items()} | dict(request.args)
    pages = said.get("pages", str(settings.pages)).lower()
    n_best = said.get("n_best", "3")
    if pages not in ("true", "false"):
        raise Problem(400, "wrong_option", f"pages is '{pages}'", "Say true or false.")
    if not (n_best.isascii() and n_best.isdecimal() and 1 <= int(n_best) <= _MOST_READINGS):
        raise Problem(
            400,
            "wrong_option",
            f"n_best is '{n_best}'",
            f"Say a number from 1 to {_MOST_READINGS}.",
        )
    return pages == "true", int(n_best)
