"""The Hugging Face Hub: its own client talks to a stand-in on this machine, which keeps what it is sent."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

import unetkit
from tests.support.commandline import run
from unetkit.data import Normalization
from unetkit.errors import FileError
from unetkit.model.hub import local, parse_address
from unetkit.trained import Trained
from unetkit.trained.card import make_card, write_card
from unetkit.trained.card.files import read_card_files
from unetkit.trained.card.push import upload

pytest.importorskip("huggingface_hub", reason="unetkit[hub] only")
COMMIT = "c" * 40


class StandIn(BaseHTTPRequestHandler):
    """As much of the Hub as a push and a fetch need."""

    repos: dict[str, dict[str, bytes]]
    private: dict[str, bool]

    def log_message(self, format: str, *values: Any) -> None:
        """Says nothing."""

    def answer(self, values: Any, code: int = 200, **headers: str) -> None:
        self.reply(json.dumps(values).encode(), code, **headers)

    def reply(self, content: bytes, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0]
        if self.headers.get("Authorization") != "Bearer hf_test":
            self.answer(
                {"error": "Invalid username or password."}, 401, X_Error_Message="Invalid username or password."
            )
        elif path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.private[name] = bool(asked.get("private") or asked.get("visibility") == "private")
            self.repos.setdefault(name, {})
            self.answer({"url": f"http://127.0.0.1/{name}", "name": name})
        elif path.endswith("/preupload/main"):
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self.answer({"files": files})
        elif path.endswith("/commit/main"):
            name = path.removeprefix("/api/models/").removesuffix("/commit/main")
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    self.repos[name][entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            url = f"http://127.0.0.1/{name}/commit/{COMMIT}"
            self.answer({"commitUrl": url, "commitOid": COMMIT, "success": True})
        else:
            self.answer({})

    def do_GET(self) -> None:
        name, _, rest = self.path.partition("?")[0].lstrip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        content = self.repos.get(name, {}).get(file)
        if revision not in ("main", COMMIT, "v1") or name not in self.repos:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif content is None:
            self.answer({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
        else:
            self.reply(content, ETag=f'"{sha256(content).hexdigest()}"', X_Repo_Commit=COMMIT)

    do_HEAD = do_GET


@pytest.fixture
def repos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, bytes]]]:
    """The repositories of a stand-in for the Hub, which the client takes for it."""
    handler = type("Handler", (StandIn,), {"repos": {}, "private": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_PROGRESS_BARS", True)
    yield handler.repos  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file."""
    network = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"]), seed=0).eval()
    return Trained(network, Normalization("none"), ("nothing", "cell")).save(tmp_path / "m.safetensors")


def test_what_is_pushed_comes_back_with_its_card(model: Path, repos: dict[str, dict[str, bytes]]) -> None:
    assert run("push", model, "anna/cells").stdout.strip().endswith("hf://anna/cells")
    kept = repos["anna/cells"]
    assert sorted(kept) == ["README.md", "card-files/network.svg", "card.html", "model.safetensors"]
    assert kept["model.safetensors"] == model.read_bytes()
    assert kept["README.md"].startswith(b"---\nlibrary_name: unetkit\n")
    image = torch.rand(1, 1, 8, 8)
    again = unetkit.load_model("hf://anna/cells")
    with torch.no_grad():
        assert torch.equal(again(image), unetkit.load_model(model)(image))
    assert Trained.load(Path("hf://anna/cells@v1")).classes == ("nothing", "cell")  # a path has one slash less


def test_a_repository_keeps_its_model_unless_it_is_to_be_overwritten(
    model: Path, repos: dict[str, dict[str, bytes]]
) -> None:
    run("push", model, "anna/cells")
    repos["anna/cells"]["README.md"] = b"mine"
    told = run("push", model, "anna/cells", code=1).stderr
    assert told.count("error[file-exists]: hf://anna/cells has ") == 3 and repos["anna/cells"]["README.md"] == b"mine"
    run("push", model, "anna/cells", "--overwrite")
    assert repos["anna/cells"]["README.md"] != b"mine"


def test_a_card_that_was_edited_is_sent_as_it_is(
    model: Path, repos: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    write_card(make_card(model), tmp_path / "card")
    readme = tmp_path / "card" / "README.md"
    readme.write_text(readme.read_text("utf-8") + "\nMore words.\n", "utf-8")
    run("push", model, "anna/cells", "--card", tmp_path / "card")
    assert repos["anna/cells"]["README.md"].endswith(b"\nMore words.\n")
    other = Trained(Trained.load(model).model, Normalization("image"), ("a", "b")).save(tmp_path / "other.safetensors")
    with pytest.raises(FileError, match=r"README\.md is the card of another file: .*other\.safetensors"):
        read_card_files(tmp_path / "card", other)
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_card_files(tmp_path / "nowhere", model)


@pytest.mark.parametrize("address", ["hf://anna", "hf://anna/cells/weights.bin", "hf://anna/../../x/y", "hf://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(FileError, match=r"is no address of a model file\n +Write hf://owner/name"):
        parse_address(address)


def test_what_is_not_there_is_told(model: Path, repos: dict[str, dict[str, bytes]]) -> None:
    with pytest.raises(FileError, match=r"error\[hub\]: hf://anna/none: .*\n +Is the name right"):
        local("hf://anna/none")
    repos["anna/empty"] = {}
    with pytest.raises(FileError, match=r"hf://anna/empty: "):
        unetkit.load_model("hf://anna/empty")
    repos["anna/other"] = {"model.safetensors": b"\x80\x04pickle"}
    with pytest.raises(FileError, match="cannot be read"):
        unetkit.load_model("hf://anna/other")


def test_without_a_login_and_without_a_network_the_reason_is_told(
    model: Path, repos: dict[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(FileError, match=r"hf://anna/cells: .*401"):
        upload(model, "anna/cells", {})
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FileError, match="hf://anna/cells: "):
        upload(model, "anna/cells", {})
    assert not repos


def test_the_hub_is_asked_for_only_where_an_address_says_so(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    assert local(model) == model
    with pytest.raises(FileError, match=r"needs the package huggingface_hub\n +pip install 'unetkit\[hub\]'"):
        local("hf://anna/cells")
