"""A web server on the loopback interface that fails, on request, as real servers do."""

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
class ServedFile:
    """One file on the server, and how the server sends it.

    Attributes
    ----------
    data : bytes
        Content.
    etag, modified : str or None
        What distinguishes the content from another; None sends no such header.
    ranges : bool
        Whether ranges of bytes can be requested.
    cuts : list of int
        Number of bytes after which the connection is cut, for each of the first responses.
    statuses : list of int
        Statuses of the first responses, which then bring no file.
    headers : dict
        Headers that are added or replaced, also in refusals; None removes one.
    login : str or None
        What the ``Authorization`` of a request must be.
    before : callable
        Called with the number of the request before it is answered.
    requests : list of dict
        Headers of all requests.
    sent : int
        Number of bytes of content that were sent.
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
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0

    def is_current(self, asked: str | None) -> bool:
        """Return whether an ETag or date in a request is that of the content."""
        return asked is not None and asked in (self.etag, self.modified)


class Handler(BaseHTTPRequestHandler):
    """Answers requests for whole files and for the rest of a file."""

    protocol_version = "HTTP/1.1"
    files: dict[str, ServedFile]

    def do_GET(self) -> None:
        file = self.files.get(self.path.partition("?")[0])
        if file is None:
            return self.refuse(404, {})
        file.requests.append(dict(self.headers))
        file.before(len(file.requests))
        if file.statuses:
            return self.refuse(file.statuses.pop(0), file.headers)
        if file.login and self.headers.get("Authorization") != file.login:
            return self.refuse(401, file.headers)
        question = self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since")
        if file.is_current(question):
            self.send_response(304)
            self.end_headers()
            return None
        start, data = 0, file.data
        first = self.headers.get("Range")
        if first and file.ranges and file.is_current(self.headers.get("If-Range")):
            start = int(first.removeprefix("bytes=").removesuffix("-"))
        self.answer(file, start, data)
        return None

    def refuse(self, status: int, headers: dict[str, str | None]) -> None:
        page = b"<html>no</html>"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(page))}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def answer(self, file: ServedFile, start: int, data: bytes) -> None:
        headers: dict[str, str | None] = {
            "Content-Length": str(len(data) - start),
            "ETag": file.etag,
            "Last-Modified": file.modified,
        }
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send_response(206 if start else 200)
        for name, value in {**headers, **file.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        body = data[start:]
        if file.headers.get("Transfer-Encoding") == "chunked":
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        if file.cuts:
            body = body[: file.cuts.pop(0)]
            self.close_connection = True
        file.sent += len(body)
        self.wfile.write(body)
        self.wfile.flush()
        if self.close_connection:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Prints no traceback when a client hangs up."""

    def handle_error(self, *request: object) -> None:
        """Report an error, unless the client has only hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*request)


class RangeHandler(BaseHTTPRequestHandler):
    """Answers requests for any range of bytes, as HTTP libraries of `.hic` readers send them.

    Attributes
    ----------
    contents : dict
        Content of each path.
    refuses : callable
        Returns whether a request is refused with status 500.
    ignores_ranges : bool
        Whether only whole files are sent.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: otherwise each response waits 40 ms
    contents: dict[str, bytes]
    refuses: Callable[[BaseHTTPRequestHandler], bool]
    ignores_ranges = False

    def do_GET(self) -> None:
        data = self.contents.get(self.path)
        if data is None or type(self).refuses(self):
            self.send_error(404 if data is None else 500)
            return
        has_range = "Range" in self.headers and not self.ignores_ranges
        start, end = 0, len(data)
        if has_range:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(data)) + 1, len(data))
        self.send_response(206 if has_range else 200)
        if has_range:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self.wfile.write(data[start:end])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def run_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve requests until the context ends; give the address of the server."""
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serve(files: dict[str, ServedFile]) -> Iterator[str]:
    """Serve files by their paths; give the address of the server."""
    with run_server(type("FilesHandler", (Handler,), {"files": files})) as address:
        yield address


@contextmanager
def serve_ranges(contents: dict[str, bytes]) -> Iterator[tuple[str, type[RangeHandler]]]:
    """Serve contents by ranges of bytes; give the address and the handler, to make it fail."""

    class OneServer(RangeHandler):
        pass

    OneServer.contents = contents
    OneServer.refuses = staticmethod(lambda request: False)
    with run_server(OneServer) as address:
        yield address, OneServer
