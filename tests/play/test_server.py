"""The server answers its own page only: to its token, under its own name, from its own origin."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stopping import default_handlers
from unetkit.errors import FileError
from unetkit.play import Desk
from unetkit.play.server import MAX_BODY, PlayServer, serving

TEXT = "unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [8, 16]\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlayServer]:
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT, encoding="utf-8")
    with serving(Desk(file)) as running:
        yield running


class Reply:
    """A response, read whole."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.content = response.status, response.headers, response.read()

    def json(self) -> Any:
        return json.loads(self.content)


def ask(
    server: PlayServer, path: str = "/answer", body: bytes | None = b"{}", method: str = "POST", **headers: str
) -> Reply:
    """Sends a request of the page, with some headers in place of its own."""
    port = server.server_address[1]
    own = {"Host": f"127.0.0.1:{port}", "Origin": server.origin, "Content-Type": "application/json"}
    own |= {"X-Unetkit-Token": server.token, "Sec-Fetch-Site": "same-origin"}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in own.items():
            if value:
                connection.putheader(name, value)
        if body is not None and "Content_Length" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return Reply(connection.getresponse())
    finally:
        connection.close()


def opened(server: PlayServer, path: str, **headers: str) -> Reply:
    """Opens an address as a browser does when it is typed."""
    own = {"Origin": "", "X_Unetkit_Token": "", "Content_Type": "", "Sec_Fetch_Site": "none"}
    return ask(server, path, None, "GET", **(own | headers))


def test_page_asks_and_saves(server: PlayServer) -> None:
    def post(**request: Any) -> Any:
        return ask(server, body=json.dumps(request).encode()).json()

    found = post(do="open")
    assert found["text"] == TEXT
    assert post(text=found["text"])["svg"].startswith("<svg")
    assert post(do="save", text=f"{TEXT}dims: 3\n", digest=found["digest"])["file"] == "mine.yaml"
    assert server.desk.file is not None and server.desk.file.read_text("utf-8").endswith("dims: 3\n")


def test_wrong_or_missing_token_is_refused(server: PlayServer) -> None:
    for token in ("", "x", server.token[:-1], f"{server.token}x", "é"):
        assert ask(server, X_Unetkit_Token=token.encode().decode("latin-1")).status == 403
    for query in ("", "?token=", "?token=x", f"?token={server.token}&token=x", f"?token={server.token}x"):
        assert opened(server, f"/{query}").status == 403
    assert ask(server).status == 200


@pytest.mark.parametrize(
    "host", ["", "attacker.example", "attacker.example:{port}", "127.0.0.1", "[::1]:{port}", "127.0.0.1:1"]
)
def test_other_host_is_refused(server: PlayServer, host: str) -> None:
    name = host.format(port=server.server_address[1])
    assert ask(server, Host=name, Origin=f"http://{name}").status in (400, 403)
    assert opened(server, f"/?token={server.token}", Host=name).status in (400, 403)


@pytest.mark.parametrize(
    "origin", ["null", "http://attacker.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://127.0.0.1"]
)
def test_other_origin_is_refused(server: PlayServer, origin: str) -> None:
    assert ask(server, Origin=origin.format(port=server.server_address[1])).status == 403


def test_request_of_another_site_is_refused_but_a_link_is_followed(server: PlayServer) -> None:
    assert ask(server, Origin="", Sec_Fetch_Site="cross-site").status == 403
    assert ask(server, Origin="", Sec_Fetch_Site="same-site").status == 403
    for mode in ("no-cors", "cors"):
        assert opened(server, "/page.js", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode).status == 403
    link = opened(server, "/engine.json", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
    assert link.status == 200


def test_form_of_another_site_cannot_ask(server: PlayServer) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert ask(server, Content_Type=kind).status == 415


def test_body_is_limited_and_measured(server: PlayServer) -> None:
    assert ask(server, Content_Length=str(MAX_BODY + 1)).status == 413
    assert ask(server, Content_Length="9" * 40).status == 413
    for length in ("", "-1", "1e3", "٣"):
        assert ask(server, Content_Length=length.encode().decode("latin-1")).status == 411
    assert ask(server, Transfer_Encoding="chunked", Content_Length="2").status == 411
    for wrong in (b"", b"{", b"\xff", b"[" * 100_000):
        assert ask(server, body=wrong).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/%2e%2e/server.py",
        "/..%2fserver.py",
        "//etc/passwd",
        "/page/../../server.py",
        "/server.py",
        "/.env",
        "/index.html.",
        "/page.js/",
        "/C:/x.js",
        "/\\..\\server.py",
        "/mine.yaml",
        "/PAGE.JS",
        "/a..js",
        "/nothing.js",
        "http://x/y.js",
    ],
)
def test_nothing_but_the_files_of_the_page_is_sent(server: PlayServer, path: str) -> None:
    assert opened(server, path).status == 404


def test_other_methods_and_paths_are_refused(server: PlayServer) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT"):
        assert ask(server, method=method).status in (403, 404, 405, 501)
    for path in ("/", "/answer/", "/answer?x=1", "/save", f"/?token={server.token}"):
        assert ask(server, path).status == 404


def test_every_reply_tells_the_browser_to_trust_nothing_else(server: PlayServer) -> None:
    for reply in (
        opened(server, "/engine.json"),
        opened(server, "/nothing.js"),
        ask(server),
        ask(server, Origin="null"),
    ):
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in reply.headers
        assert "Set-Cookie" not in reply.headers


def test_page_learns_its_engine(server: PlayServer) -> None:
    assert opened(server, "/engine.json").json() == {"engine": "local", "file": "mine.yaml"}


def test_port_that_is_taken_is_a_fault(server: PlayServer) -> None:
    with pytest.raises(FileError, match="port"):
        PlayServer(Desk(), server.server_address[1])


def test_tokens_differ_and_the_server_is_not_seen_from_outside(server: PlayServer) -> None:
    with serving(Desk()) as other:
        assert other.token != server.token and len(other.token) >= 32
    assert server.server_address[0] == "127.0.0.1"


def test_command_prints_the_address_and_ends_with_control_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unetkit.cli", "play", str(tmp_path / "new.yaml"), "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=default_handlers
    ) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:") and "/?token=" in address
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, errors) == (0, "")
    assert not (tmp_path / "new.yaml").exists()
