"""The repository rules fetch what a lock names, and only that, from the registry's configured place, or say what is wrong.

Real Bazel in a workspace of its own, and a real registry on loopback.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.locks.fetch.mirror import FILE, PATH, TARGET, Fetch, Mirror, Workspace, entry

VARIABLE = "RUNTIME_PYPI_INDEX_URL"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Mirror]]:
    """One Bazel server and one mirror for all tests: a server takes seconds to start."""
    bazel = os.environ.get("BAZEL_REAL") or shutil.which("bazel")
    assert bazel, "no Bazel to run: neither BAZEL_REAL is set nor bazel on PATH (start the tests by tools/bazel)"
    mirror = Mirror()
    workspace = Workspace(tmp_path_factory.mktemp("fetch"), bazel, registry=mirror.url)
    yield workspace, mirror
    workspace.close()
    mirror.close()


@pytest.fixture
def fetch(shared: tuple[Workspace, Mirror], request: pytest.FixtureRequest) -> Fetch:
    workspace, mirror = shared
    mirror.forget()
    fetch = Fetch(workspace, mirror, request.node.name)
    workspace.lock([entry(PATH, fetch.wheel, name="some")])
    return fetch


def assert_tells(stderr: str, *asked: str, variable: str = VARIABLE, lock: str = "requirements_lock/some.json") -> None:
    """Check that a message has the thing, the lock, the addresses, the mirror's variable and the remedy."""
    assert f"{FILE} can't be fetched" in stderr
    assert f"lock:     {lock} (sha256 " in stderr
    assert f"another mirror by {variable}=URL" in stderr
    assert f"tools/bazel run //{lock.rpartition('/')[0]}:update" in stderr
    for address in asked:
        assert address in stderr.partition("asked:")[2]


def test_good_file(fetch: Fetch) -> None:
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()
    assert fetch.fetched() == fetch.wheel
    assert fetch.asked() == [f"/files/{PATH}"]


def test_only_the_asked_file_is_requested(fetch: Fetch) -> None:
    entries = [entry(f"packages/{n}/file{n}.whl", b"%d" % n) for n in range(50)]
    fetch.workspace.lock(entries, debian=[entry("pool/main/a/a_1_amd64.deb", b"deb", "debian")])
    for n in range(50):
        fetch.serve(f"/files/packages/{n}/file{n}.whl", b"%d" % n)
    fetch.succeeds("pypi:file7.whl")
    assert fetch.asked() == ["/files/packages/7/file7.whl"]


def test_fetched_file_is_taken_from_the_cache(fetch: Fetch) -> None:
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()
    fetch.mirror.forget()
    fetch.succeeds(RUNTIME_PYPI_FILES_URL="file:///nowhere")
    assert fetch.asked() == []


def test_not_found(fetch: Fetch) -> None:
    stderr = fetch.fails()
    assert_tells(stderr, f"{fetch.url}/files/{PATH}", f"{fetch.url}/simple/some/")
    assert "404" in stderr
    assert fetch.fetched() is None


def test_garbage_of_the_same_name(fetch: Fetch) -> None:
    fetch.serve(f"/files/{PATH}", b"<html>Please log in</html>")
    stderr = fetch.fails()
    assert_tells(stderr, f"{fetch.url}/files/{PATH}")
    assert "Checksum was" in stderr
    assert fetch.fetched() is None


def test_truncated(fetch: Fetch) -> None:
    fetch.serve(f"/files/{PATH}", fetch.wheel[:4], promised=len(fetch.wheel))
    assert_tells(fetch.fails(), f"{fetch.url}/files/{PATH}")
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()
    assert fetch.fetched() == fetch.wheel


class Index:
    """A package index in a directory: Bazel reads pages, which have no checksum, by https or from files only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"file://{directory}/simple"

    def page(self, project: str, *links: str) -> None:
        anchors = "".join(f'<a data-x="1" href="{link}">x</a><br/>\n' for link in links)
        self.file(f"simple/{project}/index.html", f"<!DOCTYPE html><html>{anchors}".encode())

    def file(self, path: str, body: bytes) -> None:
        (self.directory / path).parent.mkdir(parents=True)
        (self.directory / path).write_bytes(body)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


@pytest.mark.parametrize(
    "link", ["{root}/files/packages/00/pip-1.whl", "../../files/packages/00/pip-1.whl?x=1#sha256=00"]
)
def test_relative_links_say_where_the_files_are(fetch: Fetch, index: Index, link: str) -> None:
    index.page("pip", "https://elsewhere.example/about", link.format(root=index.directory))
    index.file(f"files/{PATH}", fetch.wheel)
    fetch.succeeds(RUNTIME_PYPI_FILES_URL="", RUNTIME_PYPI_INDEX_URL=index.url)
    assert fetch.fetched() == fetch.wheel


def test_absolute_links_say_where_the_files_are(fetch: Fetch, index: Index) -> None:
    index.page("pip", f"{fetch.url}/files/packages/00/pip-1.whl#sha256=00")
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds(RUNTIME_PYPI_FILES_URL="", RUNTIME_PYPI_INDEX_URL=index.url)
    assert fetch.asked() == [f"/files/{PATH}"]


def test_index_with_a_layout_of_its_own(fetch: Fetch, index: Index) -> None:
    """Mirrors that keep files by project and version: the project's page is asked."""
    index.page("pip", "../../+f/00/pip-1.whl")
    index.page("some", "../../+f/ab/some-0.9.whl", f"{fetch.url}/+f/cd/{FILE}#sha256=00")
    fetch.serve(f"/+f/cd/{FILE}", fetch.wheel)
    fetch.succeeds(RUNTIME_PYPI_FILES_URL="", RUNTIME_PYPI_INDEX_URL=index.url)
    assert fetch.asked() == [f"/+f/cd/{FILE}"]


def test_file_that_moved_on_the_index(fetch: Fetch, index: Index) -> None:
    index.page("some", f"../../other/{FILE}")
    index.file(f"other/{FILE}", fetch.wheel)
    fetch.succeeds(RUNTIME_PYPI_INDEX_URL=index.url)
    assert fetch.fetched() == fetch.wheel


def test_index_without_the_page(fetch: Fetch, index: Index) -> None:
    stderr = fetch.fails(RUNTIME_PYPI_FILES_URL="", RUNTIME_PYPI_INDEX_URL=index.url)
    assert f"{index.url}/pip/index.html: the package index does not give this page" in stderr
    assert "RUNTIME_PYPI_INDEX_URL" in stderr and "RUNTIME_PYPI_FILES_URL" in stderr


def test_index_without_encryption(fetch: Fetch) -> None:
    stderr = fetch.fails(RUNTIME_PYPI_FILES_URL="")
    assert f"{fetch.url}/simple/pip/: Bazel reads a package index by https or from a directory" in stderr
    assert "RUNTIME_PYPI_INDEX_URL" in stderr and "RUNTIME_PYPI_FILES_URL" in stderr


def test_credentials_of_the_url(fetch: Fetch) -> None:
    """They are sent to the mirror, and never shown."""
    authorization = "Basic " + base64.b64encode(b"me:p@ss").decode()
    files = f"{fetch.url}/files".replace("//", "//me:p%40ss@")
    stderr = fetch.fails(RUNTIME_PYPI_FILES_URL=files)
    assert_tells(stderr, f"{fetch.url}/files/{PATH}")
    assert "p%40ss" not in stderr and "p@ss" not in stderr

    fetch.serve(f"/files/{PATH}", fetch.wheel, authorization=authorization)
    fetch.succeeds(RUNTIME_PYPI_FILES_URL=files)


AUTHORIZATION = "Basic " + base64.b64encode(b"me:secret").decode()
ENTRY = "machine 127.0.0.1 login me password secret\n"


@pytest.fixture
def netrc(fetch: Fetch) -> Iterator[Path]:
    path = fetch.workspace.home / ".netrc"
    yield path
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "text",
    [
        ENTRY,
        "machine 127.0.0.1 # a mirror\nlogin me # mine\npassword secret # and so on\n",
        f"machine code.example\nlogin a\npassword b\nprotocol https\n\n{ENTRY}",
        f"macdef init\ncd /\n\n{ENTRY}",
        "\ufeffmachine 127.0.0.1\r\nlogin me\r\npassword secret\r\n",
        'machine other.example login a password "b c"\ndefault login "me" password "secret"',
    ],
    ids=["plain", "comments", "protocol", "macdef", "windows", "default"],
)
def test_credentials_of_netrc(fetch: Fetch, netrc: Path, text: str) -> None:
    fetch.serve(f"/files/{PATH}", fetch.wheel, authorization=AUTHORIZATION)
    netrc.write_text(text, encoding="utf-8")
    fetch.succeeds()


def test_netrc_that_can_not_be_read(fetch: Fetch, netrc: Path) -> None:
    """Bazel's own downloader warns of it, once."""
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    netrc.mkdir()
    result = fetch()
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("WARNING: ") == 1 and f"Failed to parse {netrc}" in result.stderr


@pytest.mark.parametrize("variable", ["", "/nonexistent", "{home}/elsewhere", "~/elsewhere"])
def test_netrc_of_the_environment(fetch: Fetch, netrc: Path, variable: str) -> None:
    """NETRC goes before ~/.netrc; what it names need not exist."""
    elsewhere = fetch.workspace.home / "elsewhere"
    fetch.serve(f"/files/{PATH}", fetch.wheel, authorization=None if variable == "/nonexistent" else AUTHORIZATION)
    netrc.write_text("machine 127.0.0.1 login x password y\n" if variable else ENTRY)
    elsewhere.write_text(f"{ENTRY}protocol https\n")
    try:
        fetch.succeeds(NETRC=variable.format(home=fetch.workspace.home))
    finally:
        elsewhere.unlink()


def test_netrc_by_its_other_name(fetch: Fetch) -> None:
    """As pip reads it."""
    fetch.serve(f"/files/{PATH}", fetch.wheel, authorization=AUTHORIZATION)
    netrc = fetch.workspace.home / "_netrc"
    netrc.write_text(ENTRY)
    try:
        fetch.succeeds()
    finally:
        netrc.unlink()


def test_clients_are_asked(fetch: Fetch, index: Index, tmp_path: Path) -> None:
    """pip for the index, apt for the archive, where no variable is set."""
    archives = [f"{fetch.url}/debian-security/", "mirror+file:///etc/list/debian/", f"{fetch.url}/debian/"]
    for name, lines in (("python3", [index.url]), ("apt-get", archives)):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n" + "".join(f"echo {line}\n" for line in lines))
        program.chmod(0o755)
    deb = entry("pool/main/a/a_1+b~1_amd64.deb", b"deb", "debian")
    fetch.workspace.lock([entry(PATH, fetch.wheel)], debian=[deb])
    index.page("pip", f"{fetch.url}/files/packages/00/pip-1.whl")
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.serve("/debian/pool/main/a/a_1%2Bb~1_amd64.deb", b"deb")
    fetch.variables = {}
    path = f"{tmp_path}:{os.environ['PATH']}"
    for label in (TARGET, "debian:a_1+b~1_amd64.deb"):
        fetch.succeeds(label, f"--repo_env=PATH={path}")


@pytest.mark.parametrize(
    "label, variable", [(TARGET, "RUNTIME_PYPI_INDEX_URL"), ("debian:a_1_amd64.deb", "RUNTIME_DEBIAN_URL")]
)
def test_nobody_says_where_the_registry_is(fetch: Fetch, label: str, variable: str) -> None:
    fetch.workspace.lock([entry(PATH, fetch.wheel)], debian=[entry("pool/a_1_amd64.deb", b"unknown", "debian")])
    # Other values of what these repositories depend on: else Bazel keeps what the clients of another test said.
    fetch.variables = {"PIP_CONFIG_FILE": "/dev/null", "RUNTIME_DEBIAN_SECURITY_URL": f"{fetch.url}/security"}
    stderr = fetch.fails(label, "--repo_env=PATH=/nonexistent")
    assert f"no client on this machine says where the registry is: set {variable} to " in stderr
    assert f"--repo_env={variable}=https://" in stderr


def test_security_archive(fetch: Fetch) -> None:
    fetch.workspace.lock([], debian=[entry("pool/updates/a_1_amd64.deb", b"security", "debian-security")])
    fetch.serve("/debian-security/pool/updates/a_1_amd64.deb", b"security")
    fetch.succeeds("debian:a_1_amd64.deb")
    fetch.workspace.lock([], debian=[entry("pool/updates/a_1_amd64.deb", b"newer", "debian-security")])
    stderr = fetch.fails("debian:a_1_amd64.deb", RUNTIME_DEBIAN_SECURITY_URL=f"{fetch.url}/nothing/")
    assert "another mirror by RUNTIME_DEBIAN_SECURITY_URL=URL" in stderr
    assert "lock:     runtime/debian/bullseye_amd64.json" in stderr


def test_old_release_on_another_mirror(fetch: Fetch) -> None:
    """Debian moves an old release to its archive; the sources of an interpreter are of a newer one, and stay."""
    old, new = b"old" + fetch.wheel, b"new" + fetch.wheel
    fetch.workspace.lock(
        [], debian=[entry("pool/a_1_amd64.deb", old, "debian")], sources=[entry("pool/b_1.tar.gz", new, "debian")]
    )
    security = entry("pool/updates/c_1_amd64.deb", b"c" + fetch.wheel, "debian-security")
    fetch.serve("/debian/pool/b_1.tar.gz", new)
    stderr = fetch.fails("debian:a_1_amd64.deb")
    assert f"{fetch.url}/debian/pool/a_1_amd64.deb" in stderr
    assert "archive of old releases (bullseye is one)" in stderr and "RUNTIME_DEBIAN_URL=URL" in stderr

    mirrors = f"{fetch.url}/debian/  {fetch.url}/old"
    fetch.serve("/old/pool/a_1_amd64.deb", old)
    for label in ("debian:a_1_amd64.deb", "debian:b_1.tar.gz"):
        fetch.succeeds(label, RUNTIME_DEBIAN_URL=mirrors)
    fetch.workspace.lock([], debian=[security])
    fetch.serve("/old-security/pool/updates/c_1_amd64.deb", b"c" + fetch.wheel)
    fetch.succeeds("debian:c_1_amd64.deb", RUNTIME_DEBIAN_URL=mirrors)
    assert fetch.asked()[-2:] == [f"/{name}-security/pool/updates/c_1_amd64.deb" for name in ("debian", "old")]


def test_file_from_a_directory(fetch: Fetch, tmp_path: Path) -> None:
    """The air gap: --distdir, and no download at all."""
    (tmp_path / FILE).write_bytes(fetch.wheel)
    fetch.succeeds(TARGET, f"--distdir={tmp_path}", "--repository_disable_download")
    assert fetch.asked() == []
    assert fetch.fetched() == fetch.wheel


def test_missing_file_without_downloads(fetch: Fetch) -> None:
    stderr = fetch.fails(TARGET, "--repository_disable_download")
    assert fetch.asked() == []
    assert FILE in stderr


def test_mirror_in_a_directory(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_bytes(fetch.wheel)
    fetch.succeeds(RUNTIME_PYPI_FILES_URL=f"file://{tmp_path}", RUNTIME_PYPI_INDEX_URL="")


LOCK = "requirements_lock/some.json"
REMEDY = "remake it: tools/bazel run //requirements_lock:update"


def wrong_entry(**changes: Any) -> dict[str, Any]:
    """Return an entry with other values; None removes the key."""
    changed = {**entry(PATH, b""), **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    "wrong, message",
    [
        (wrong_entry(path=None), f"{LOCK}: the entry {FILE} lacks path"),
        (wrong_entry(file=None), f"{LOCK}: the entry {{"),
        (wrong_entry(size="9"), f"{LOCK}: the entry {FILE} lacks size"),
        (wrong_entry(registry="npm"), "names the registry 'npm'; known are debian, debian-security, pypi"),
        (wrong_entry(sha256="abc"), f"{LOCK}: the entry {FILE} has no whole sha256: 'abc'"),
    ],
)
def test_wrong_entry(fetch: Fetch, wrong: dict[str, Any], message: str) -> None:
    fetch.workspace.lock([entry("packages/good.whl", b"good"), wrong])
    stderr = fetch.fails("pypi:good.whl")
    assert message in stderr and REMEDY in stderr
    assert fetch.asked() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": {}}'])
def test_file_that_is_no_lock(fetch: Fetch, text: str) -> None:
    fetch.workspace.write(Path(LOCK), text)
    stderr = fetch.fails()
    assert f"{LOCK}: no lock (JSON with a list 'files')" in stderr and REMEDY in stderr


def test_file_that_no_lock_names(fetch: Fetch) -> None:
    stderr = fetch.fails("pypi:other.whl")
    assert "other.whl" in stderr and "@@_main~locked~locked//pypi" in stderr


def test_locks_of_the_catalogue(fetch: Fetch) -> None:
    """One that has not been made yet is left out, and seen as soon as it is there."""
    lock = Path("requirements_lock/line_py311.json")
    image = entry("packages/9/image.whl", b"image")
    fetch.serve("/files/packages/9/image.whl", b"image")
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.workspace.catalogue(["line_py311"])
    try:
        fetch.succeeds()
        fetch.fails("pypi:image.whl")
        fetch.workspace.write(lock, json.dumps({"files": [image]}))
        fetch.succeeds("pypi:image.whl")
        assert fetch.workspace.fetched(image) == b"image"
    finally:
        fetch.workspace.catalogue([])
        (fetch.workspace.path / lock).unlink(missing_ok=True)


def test_same_name_with_different_sha256(fetch: Fetch) -> None:
    fetch.workspace.lock([entry(PATH, fetch.wheel)], sources=[entry(f"packages/other/{FILE}", b"other")])
    stderr = fetch.fails()
    message = f"{FILE} is in {LOCK} and in runtime/python/sources.json with different sha256"
    assert message in stderr


def test_same_file_in_two_locks(fetch: Fetch) -> None:
    fetch.workspace.lock([entry(PATH, fetch.wheel)], sources=[entry(PATH, fetch.wheel)])
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()


def test_same_bytes_with_two_names(fetch: Fetch) -> None:
    fetch.workspace.lock([entry(PATH, fetch.wheel)], sources=[entry("pool/some.tar.gz", fetch.wheel, "debian")])
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()
    fetch.succeeds("debian:some.tar.gz")
    assert fetch.asked() == [f"/files/{PATH}"], "the second has the bytes from the cache"


def test_changed_lock_is_seen(fetch: Fetch) -> None:
    fetch.serve(f"/files/{PATH}", fetch.wheel)
    fetch.succeeds()
    newer = entry(PATH, fetch.wheel + b", newer")
    fetch.workspace.lock([newer])
    fetch.serve(f"/files/{PATH}", fetch.wheel + b", newer")
    fetch.succeeds()
    assert fetch.workspace.fetched(newer) == fetch.wheel + b", newer"
