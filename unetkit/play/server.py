"""The server of the page, on this machine only: its files for everybody here, its answers to who has the token."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from unetkit.errors import Fault, FileError
from unetkit.play.answer import answer
from unetkit.play.desk import Desk

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
"""The files of the page."""
MAX_BODY = 1 << 20
_FILE = re.compile(r"/([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:html|js|css|svg|json))")
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SECONDS = 30
"""How long a connection may send nothing."""


class PlayServer(ThreadingHTTPServer):
    """The server of one file, or of none, with a token of its own."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        self.token = secrets.token_urlsafe(24)
        self.lock = Lock()
        """One request is answered at a time: the registry of components is not made for several."""
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            message = f"port {port} of {HOST} cannot be opened: {error.strerror or error}"
            raise FileError(Fault("port-taken", message, cure="Choose another with --port.")) from error

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"http://{HOST}:{self.server_address[1]}"

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"{self.origin}/?token={self.token}"

    def knows(self, token: str) -> bool:
        """Whether a token is that of this server."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def prepare(self) -> None:
        """Draws the text of the page before it is asked for: modules are imported while the browser starts."""
        with self.lock:
            opened = answer({"do": "open"}, self.desk)
            answer({"text": opened.get("text"), "want": ["parts"]}, self.desk)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away."""


@contextmanager
def serving(desk: Desk, port: int = 0) -> Iterator[PlayServer]:
    """A server that answers within the context, in a thread of its own."""
    with PlayServer(desk, port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Refusal(Exception):
    """A request that is refused, and why."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    """Answers one request after another of a connection."""

    server: PlayServer
    protocol_version = "HTTP/1.1"
    server_version = "unetkit"
    sys_version = ""
    timeout = _SECONDS
    wbufsize = -1  # headers and content are sent at once
    disable_nagle_algorithm = True  # else the content waits 40 ms for the browser to confirm the headers

    def do_GET(self) -> None:
        """Sends a file of the page."""
        self.answered(self.get)

    def do_POST(self) -> None:
        """Answers a question of the page."""
        self.answered(self.post)

    def answered(self, make: Any) -> None:
        """Sends what `make` gives, or why it is refused."""
        try:
            self.check_host()
            kind, content = make()
        except _Refusal as refusal:
            self.close_connection = True  # a body that was not read would be taken for the next request
            body = json.dumps({"refused": str(refusal)}).encode()
            self.send(refusal.status, "application/json", body)
        else:
            self.send(HTTPStatus.OK, kind, content)

    def check_host(self) -> None:
        """Refuses requests that another host, or a page of another origin, makes (DNS rebinding, cross-site)."""
        port = self.server.server_address[1]
        hosts = self.headers.get_all("Host", [])
        if hosts not in ([f"{HOST}:{port}"], [f"localhost:{port}"]):
            raise _Refusal(HTTPStatus.FORBIDDEN, "this server answers to 127.0.0.1 only")
        origins = self.headers.get_all("Origin", [])
        if origins and origins != [f"http://{hosts[0]}"]:
            raise _Refusal(HTTPStatus.FORBIDDEN, "this server answers to its own page only")
        opened = self.command == "GET" and self.headers.get("Sec-Fetch-Mode") == "navigate"  # by a link, with the token
        if not opened and self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise _Refusal(HTTPStatus.FORBIDDEN, "this server answers to its own page only")

    def get(self) -> tuple[str, bytes]:
        """A file of the page by its name; the page itself needs the token."""
        url = urlsplit(self.path)
        if url.path in ("/", "/index.html"):
            tokens = parse_qs(url.query).get("token", [])
            if len(tokens) != 1 or not self.server.knows(tokens[0]):
                raise _Refusal(HTTPStatus.FORBIDDEN, "open the address that unetkit play printed, with its token")
            name = "index.html"
        else:
            match = _FILE.fullmatch(url.path)
            if match is None:
                raise _Refusal(HTTPStatus.NOT_FOUND, "there is no such file")
            name = match[1]
        if name == "engine.json":
            file = self.server.desk.file
            return _TYPES["json"], json.dumps({"engine": "local", "file": file and file.name}).encode()
        try:
            return _TYPES[name.rpartition(".")[2]], (PAGE / name).read_bytes()
        except OSError:
            raise _Refusal(HTTPStatus.NOT_FOUND, "there is no such file") from None

    def post(self) -> tuple[str, bytes]:
        """The answer to a question."""
        if self.path != "/answer":
            raise _Refusal(HTTPStatus.NOT_FOUND, "there is nothing to ask here")
        if not self.server.knows(self.headers.get("X-Unetkit-Token", "")):
            raise _Refusal(HTTPStatus.FORBIDDEN, "the token is missing or wrong: open the address again")
        if self.headers.get_content_type() != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a question is JSON")
        try:
            request = json.loads(self.body())
        except (ValueError, RecursionError):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "a question is JSON") from None
        with self.server.lock:
            found = answer(request, self.server.desk)
        return _TYPES["json"], json.dumps(found).encode()

    def body(self) -> bytes:
        """The body of a request."""
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED, "a question says how long it is")
        if len(length) > 9 or int(length) > MAX_BODY:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {MAX_BODY:,} bytes")
        return self.rfile.read(int(length))

    def send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        """Sends a response."""
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing: what was asked for may hold the token."""
