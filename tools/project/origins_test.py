"""Wheels from a project's own places: indexes with and without credentials, pages of links, addresses, files of the project."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.locks.pypi.local_index import LocalIndex
from tools.project import lock
from tools.project.errors import ProjectError
from tools.project.local_project import PYTHON, SITE, TAG, Place, names

pytest_plugins = ["tools.project.local_project"]
WORD = "p@ss/1:2"
SECRET = "Basic " + base64.b64encode(f"team:{WORD}".encode()).decode()
"""What the private index wants to hear."""


class Own:
    """A private index beside the machine's, and its files as a plain directory of links at /links/."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.index = LocalIndex(folder)
        self.secret = ""
        self.hits: list[str] = []
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> Any:
                own.hits.append(self.path)
                if own.secret and self.headers["Authorization"] != own.secret:
                    return self.send_error(401)
                if self.path.startswith("/links/"):
                    return self._links()
                return own.index.answer(self)

            do_HEAD = do_GET  # noqa: N815 (the name is http.server's)

            def _links(self) -> Any:
                name = self.path[len("/links/") :]
                if name and not (own.folder / name).is_file():
                    return self.send_error(404)
                wheels = sorted(path.name for path in own.folder.glob("*.whl"))
                body = "".join(f'<a href="{wheel}">{wheel}</a>' for wheel in wheels).encode()
                body = (own.folder / name).read_bytes() if name else b"<!DOCTYPE html><html>" + body
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream" if name else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}/simple"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    made = Own(tmp_path / "own")
    made.index.html_only = True  # no time of upload, as of most private indexes
    made.index.wheel("ours", "2.0", requires=["extra"])
    made.index.wheel("extra", "9.0")
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """HOME, without what the person who runs the tests has there."""
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.delenv("NETRC", raising=False)
    return place


def locked(place: Place) -> dict[str, Any]:
    """Return the lock's entries by distribution; it names no host and no credential."""
    text = (place.root / lock.NAME).read_text()
    assert "127.0.0.1" not in text and "team" not in text and WORD[:4] not in text
    return {entry["name"]: entry for entry in json.loads(text)["files"]}


def test_extra_index(place: Place, own: Own) -> None:
    """It goes before the machine's, whatever version that has."""
    place.index.wheel("ours", "99.0")
    assert place.lock(f"--extra-index-url {own.url}\nours\nnative\n") == {
        "ours-2.0-py3-none-any.whl": "2.0",
        "extra-9.0-py3-none-any.whl": "9.0",
        f"native-1.0-{TAG}-{TAG}-manylinux_2_17_x86_64.whl": "1.0",
        f"native-1.0-{TAG}-{TAG}-manylinux_2_17_aarch64.whl": "1.0",
    }
    assert {name: entry["registry"] for name, entry in locked(place).items()} == {
        "ours": "index",
        "extra": "index",
        "native": "pypi",
    }
    assert json.loads((place.root / lock.NAME).read_text())["texts"] == ["requirements.txt"]
    assert f"{SITE}/ours.py" in set().union(*map(names, place.layers("amd64")))


def test_index_in_place_of_the_machines(place: Place, own: Own) -> None:
    assert set(place.lock(f"--index-url={own.url}\nours\n").values()) == {"2.0", "9.0"}
    with pytest.raises(ProjectError, match=r"native 1.0 is on none of the indexes that requirements.txt names"):
        place.lock(f"-i {own.url}\nnative\n")


@pytest.mark.parametrize("credentials", ["netrc", "variables", "keyring"])
def test_private_index(place: Place, own: Own, home: Path, monkeypatch: pytest.MonkeyPatch, credentials: str) -> None:
    own.secret = SECRET
    url = own.url
    if credentials == "netrc":
        (home / ".netrc").write_text(f"machine 127.0.0.1 login team password {WORD}\n")
    elif credentials == "variables":
        url = "http://${OWN_USER}:${OWN_WORD}@${OWN_HOST}/simple"
        with pytest.raises(ProjectError, match=r"line 1: \$\{OWN_USER\} is not set: export OWN_USER"):
            place.lock(f"--extra-index-url {url}\nours\n")
        place.environment = {"OWN_USER": "team", "OWN_WORD": WORD, "OWN_HOST": own.host}
    else:
        url = own.url.replace("//", "//team@")
        program = home / "keyring"
        program.write_text(f'#!/bin/sh\n[ "$1 $3" = "get team" ] && echo {WORD}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{home}:/usr/bin:/bin")
    assert place.lock(f"--extra-index-url {url}\nours\n")["ours-2.0-py3-none-any.whl"] == "2.0"
    locked(place)
    assert place.layers("amd64")


def test_private_index_without_credentials(place: Place, own: Own, home: Path) -> None:
    own.secret = SECRET
    with pytest.raises(ProjectError, match=r"line 1: http://127.0.0.1:.*/ours/: 401 .*: put .* into ~/.netrc"):
        place.lock(f"--extra-index-url {own.url}\nours\n")
    url = own.url.replace("//", "//${OWN_USER}:${OWN_WORD}@")
    place.environment = {"OWN_USER": "team", "OWN_WORD": "of-last-year"}
    with pytest.raises(ProjectError, match=r"/ours/: 401 [^:]*: correct OWN_USER and OWN_WORD$"):
        place.lock(f"--extra-index-url {url}\nours\n")


def test_credentials_of_a_lock_that_is_there(place: Place, own: Own, home: Path) -> None:
    place.lock(f"--extra-index-url {own.url}\nours\n")
    own.secret = SECRET
    with pytest.raises(ProjectError, match=r"line 1: http://127.0.0.1:.*: 401 .* ~/.netrc"):
        place.layers("amd64")


def test_page_of_links(place: Place, own: Own) -> None:
    """As of a plain web server: no hashes, no index."""
    assert place.lock(f"--find-links http://{own.host}/links/\nours==2.0\n")["ours-2.0-py3-none-any.whl"] == "2.0"
    assert locked(place)["ours"]["path"] == "links/ours-2.0-py3-none-any.whl"
    assert place.layers("amd64")


def test_directory_of_links(place: Place, own: Own) -> None:
    (own.folder).rename(place.root / "wheels")
    assert place.lock("-f ./wheels\nours\n")["ours-2.0-py3-none-any.whl"] == "2.0"
    assert locked(place)["ours"]["path"] == "wheels/ours-2.0-py3-none-any.whl"
    assert place.layers("amd64")
    with pytest.raises(ProjectError, match=r"line 1: none: the project has no such directory"):
        place.lock("-f none\nours\n")


def test_address(place: Place, own: Own) -> None:
    wheel = own.folder / "ours-2.0-py3-none-any.whl"
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    url = f"http://{own.host}/links/{wheel.name}"
    assert place.lock(f"ours @ {url}#sha256={sha256}\n") == {wheel.name: "2.0", "extra-3.0-py3-none-any.whl": "3.0"}
    entry = locked(place)["ours"]
    assert (entry["registry"], entry["path"], entry["sha256"]) == ("address", f"links/{wheel.name}", sha256)
    assert entry["size"] == wheel.stat().st_size
    assert place.layers("amd64")
    assert place.lock(f"{url}\n")[wheel.name] == "2.0"
    with pytest.raises(ProjectError, match=rf"has the sha256 {sha256}, and the line says {'0' * 64}"):
        place.lock(f"ours @ {url}#sha256={'0' * 64}\n")
    with pytest.raises(ProjectError, match="line 1: http://.*/links/ours-3.0-py3-none-any.whl: 404"):
        place.lock(f"{url.replace('2.0', '3.0')}\n")


@pytest.mark.parametrize("line", ["./wheels/{}", "wheels/{}", "ours @ file:./wheels/{}", "ours @ file:wheels/{}"])
def test_wheel_of_the_project(place: Place, own: Own, line: str) -> None:
    wheel = place.root / "wheels/ours-2.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes((own.folder / wheel.name).read_bytes())
    text = line.format(wheel.name) + "\n"
    assert place.lock(text)[wheel.name] == "2.0"
    assert (locked(place)["ours"]["registry"], locked(place)["ours"]["path"]) == ("project", f"wheels/{wheel.name}")
    assert place.layers("amd64")
    wheel.write_bytes(wheel.read_bytes() + b" ")
    with pytest.raises(ProjectError, match=rf"wheels/{wheel.name} is missing, or has changed since requirements.lock"):
        place.layers("amd64")
    wheel.unlink()
    with pytest.raises(ProjectError, match="the project has no such file"):
        place.lock(text)


def test_a_wheel_of_the_project_replaces_the_bases(place: Place, own: Own) -> None:
    """Also one of the same version."""
    own.index.wheel("lib", "1.0", entry_points="[console_scripts]\nmine = lib:main\n")
    (own.folder).rename(place.root / "wheels")
    assert place.lock("./wheels/lib-1.0-py3-none-any.whl\n") == {"lib-1.0-py3-none-any.whl": "1.0"}
    (made,) = place.layers("amd64")
    assert {"usr/local/bin/mine", "usr/local/bin/.wh.old", "usr/local/bin/.wh.both"} <= names(made)


def test_a_wheel_for_each_architecture(place: Place, own: Own) -> None:
    for machine in ("x86_64", "aarch64"):
        own.index.wheel("fast", "1.0", f"{TAG}-{TAG}-manylinux_2_17_{machine}")
    (own.folder).rename(place.root / "wheels")
    line = "./wheels/fast-1.0-{0}-{0}-manylinux_2_17_{1}.whl ; platform_machine == '{1}'\n"
    place.lock("".join(line.format(TAG, machine) for machine in ("x86_64", "aarch64")))
    entries = json.loads((place.root / lock.NAME).read_text())["files"]
    assert {entry["tags"][0].rpartition("_")[2]: entry["archs"] for entry in entries} == {
        "64": ["amd64"],
        "aarch64": ["arm64"],
    }
    assert place.base.spec.python == PYTHON
    with pytest.raises(ProjectError, match="fast"):
        place.lock(line.format(TAG, "x86_64").partition(" ;")[0] + "\n")
