"""A8: programs that embed Python are built on an image: uWSGI and mod_wsgi from source, and a program frozen by PyInstaller."""

from __future__ import annotations

import pytest

from tests.acceptance.airflow import HOME, Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.fixtures import Given
from tests.acceptance.registries import INDEX, SOURCE, registries
from tests.acceptance.room import Room

IMAGE = "localhost/embedding"
PORT = 9090
APPLICATION = """\
import ssl, sys
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("served by %s, %d.%d, %s" % (sys.prefix, *sys.version_info[:2], ssl.OPENSSL_VERSION)).encode()]
"""
# Modules that are compiled, and what needs files of the interpreter.
FROZEN = """\
import asyncio, bz2, ctypes, decimal, lzma, multiprocessing, sqlite3, ssl, sys
print("frozen", sys.frozen, "%d.%d" % sys.version_info[:2], ssl.OPENSSL_VERSION)
"""
ASK = f"curl --silent --show-error --fail --retry 30 --retry-connrefused --retry-delay 1 http://127.0.0.1:{PORT}/; echo"


@pytest.fixture(scope="module")
def project(given: Given, engine: Engine, room: Room, line: Line) -> str:
    """Build a project that installs a compiler, Apache's headers and these programs; return its image."""
    wheels = [path for name, path in given.files.items() if name.startswith("embedding/")]
    debs = [path for name, path in given.files.items() if name.startswith("compiler/")]
    place = room.directory("/srv/project")
    files = {
        "Dockerfile": f"FROM {line.image}\n",
        "packages.txt": "gcc\nlibc6-dev\napache2-bin\napache2-dev\n",
        "packages.sources": f"{SOURCE}\n",
        "requirements.txt": "uwsgi\nmod_wsgi\npyinstaller\n",
        "requirements.conf": f"[global]\nindex-url = {INDEX}\n",
        "application.py": APPLICATION,
        "frozen.py": FROZEN,
    }
    for name, text in files.items():
        room.write(f"{place}/{name}", text)
    with registries(given.place / "registries", wheels, debs):
        options = ("--format", "docker", "--layers", "--network", "host", "--tag", IMAGE)
        room.run("podman", "build", *options, place, timeout=1500).succeeded()
    return IMAGE


def _library(line: Line) -> str:
    return f"/usr/local/lib/libpython{line.python}.so.1.0"


def _serves(line: Line) -> str:
    return f"served by /usr/local, {line.python}, OpenSSL 1.1.1"


def test_uwsgi(project: str, engine: Engine, line: Line) -> None:
    script = f"""
        ldd "$(type -p uwsgi)"
        uwsgi --http-socket 127.0.0.1:{PORT} --wsgi-file {HOME}/application.py --master --processes 2 --enable-threads &
        {ASK}
        kill -INT $!
        wait $! || true
    """
    said = engine.run(project, "bash", "-euc", script).succeeded().out
    assert _library(line) in said
    assert _serves(line) in said


def test_mod_wsgi(project: str, engine: Engine, line: Line) -> None:
    script = f"""
        ldd "$(mod_wsgi-express module-location)"
        mod_wsgi-express start-server --host 127.0.0.1 --port {PORT} --server-root /tmp/server {HOME}/application.py &
        {ASK}
        kill -TERM $!
        wait $! || true
    """
    said = engine.run(project, "bash", "-euc", script).succeeded().out
    assert _library(line) in said
    assert _serves(line) in said


@pytest.mark.parametrize(("kind", "program"), [("--onefile", "frozen"), ("--onedir", "frozen/frozen")])
def test_pyinstaller(project: str, engine: Engine, room: Room, line: Line, kind: str, program: str) -> None:
    """The program runs where no Python is installed."""
    place = room.directory(f"/srv/frozen{kind}")
    options = Options({}, (f"{place}:/made",), ("--user", "root"))
    freeze = ("pyinstaller", "--log-level=WARN", "--workpath=/tmp/work", "--specpath=/tmp", "--distpath=/made", kind)
    engine.run(project, *freeze, f"{HOME}/frozen.py", options=options).succeeded()
    assert room.run("sh", "-c", "type python3").status != 0
    said = room.run(f"{place}/{program}").succeeded().out
    assert said.startswith(f"frozen True {line.python} OpenSSL 1.1.1")
