"""A web server on loopback that fails on request, in the ways in which servers fail."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODIFIED = "Wed, 01 Jan 2025 00:00:00 GMT"


@dataclass
class Remote:
    """One file on the server and how requests for it are answered.

    Attributes
    ----------
    data : bytes
        Content of the file.
    etag, modified : str or None
        Headers that identify the content; None omits the header.
    ranges : bool
        Whether requests for a range of bytes are answered with that range.
    cuts : list of int
        For the first answers, the number of bytes after which the connection is cut.
    statuses : list of int
        Status codes of the first answers, which contain no file.
    headers : dict
        Headers added to the correct ones or replacing them, in refusals too; None omits a header.
    login : str or None
        Required value of the ``Authorization`` header.
    before : callable
        Called with the number of the request before it is answered.
    seen : list of dict
        Headers of all requests so far.
    sent : int
        Bytes of bodies sent so far.
    """

    data: bytes
    etag: str | None = '"one"'
    modified: str | None = MODIFIED
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str | None] = field(default_factory=dict)
    login: str | None = None
    before: Callable[[int], None] = lambda number: None
    seen: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0

    def same(self, asked: str | None) -> bool:
        return asked is not None and asked in (self.etag, self.modified)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, Remote]

    def do_GET(self) -> None:
        remote = self.files.get(self.path.partition("?")[0])
        if remote is None:
            return self.refuse(404, {})
        remote.seen.append(dict(self.headers))
        remote.before(len(remote.seen))
        if remote.statuses:
            return self.refuse(remote.statuses.pop(0), remote.headers)
        if remote.login and self.headers.get("Authorization") != remote.login:
            return self.refuse(401, remote.headers)
        question = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
        if remote.same(question):
            self.send_response(304)
            self.end_headers()
            return None
        start, data = 0, remote.data
        first = self.headers.get("Range")
        if first and remote.ranges and remote.same(self.headers.get("If-Range")):
            start = int(first.removeprefix("bytes=").removesuffix("-"))
        self.answer(remote, start, data)
        return None

    def refuse(self, status: int, headers: dict[str, str | None]) -> None:
        page = b"<html>no</html>"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(page))}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def answer(self, remote: Remote, start: int, data: bytes) -> None:
        headers: dict[str, str | None] = {
            "Content-Length": str(len(data) - start),
            "ETag": remote.etag,
            "Last-Modified": remote.modified,
        }
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send_response(206 if start else 200)
        for name, value in {**headers, **remote.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        body = data[start:]
        if remote.headers.get("Transfer-Encoding") == "chunked":
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        if remote.cuts:
            body = body[: remote.cuts.pop(0)]
            self.close_connection = True
        remote.sent += len(body)
        self.wfile.write(body)
        self.wfile.flush()
        if self.close_connection:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *request: object) -> None:
        """Ignore clients that close the connection; any other error is a fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*request)


@contextmanager
def serving(files: dict[str, Remote]) -> Iterator[str]:
    """Serve ``files`` by their paths until the end of the block; yields the server's address."""
    handler = type("OneServer", (Handler,), {"files": files})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
