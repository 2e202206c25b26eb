"""Why a request gets no segments: a status, a name for programs, and the remedy for people."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """A request that is answered with an error.

    `code` names the kind of problem and never changes; `detail` says what is wrong with this
    request, which may quote it; `remedy` what to do.
    """

    def __init__(self, status: int, code: str, detail: str, remedy: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.status, self.code, self.detail, self.remedy = status, code, detail, remedy

    def record(self, request_id: str) -> dict[str, Any]:
        """The JSON that says so."""
        told = {"code": self.code, "message": self.detail, "remedy": self.remedy}
        return {"error": {"status": self.status, **told, "request_id": request_id}}


def unreadable(detail: str, remedy: str) -> Problem:
    """The body is not in the format that it claims to be in."""
    return Problem(400, "unreadable", detail, remedy)


def too_large(code: str, detail: str, remedy: str) -> Problem:
    """The body is, or holds, more than this server takes."""
    return Problem(413, code, detail, remedy)


def unusable(detail: str, remedy: str) -> Problem:
    """The body can be read, but pages cannot be made of it."""
    return Problem(422, "unusable", detail, remedy)


def unavailable(code: str, detail: str, remedy: str = "Send the request again later.") -> Problem:
    """The server cannot answer now; the same request may succeed later."""
    return Problem(503, code, detail, remedy)
