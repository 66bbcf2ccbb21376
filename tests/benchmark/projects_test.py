"""What the benchmark of projects counts, and what it makes of that."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.acceptance import isolation
from tests.acceptance.room import Room
from tests.benchmark import builder, costs, projects, served, team, ways
from tests.benchmark.costs import Cost, Row
from tools.host.rootless import syscalls
from tools.inputs.wheel.samples import make_wheel

_BUSY = "sum(range(10_000_000))"


def _seconds(program: str) -> float:
    costs.reap()
    return costs.end_of(subprocess.Popen([sys.executable, "-c", program]))


def test_counts_the_command_and_what_it_leaves_behind() -> None:
    syscalls.adopt_orphans()
    idle = _seconds("pass")
    alone = _seconds(_BUSY)
    # Its parent knows that it has ended, and does not take it in.
    orphan = _seconds(
        f"import os\npid = os.fork()\nif not pid:\n {_BUSY}\n os._exit(0)\nos.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)"
    )
    assert min(alone, orphan) > 2 * idle


def test_says_how_a_command_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-c", "print('why'); raise SystemExit(3)"], stdout=stream)
    with pytest.raises(ways.BenchmarkError, match="(?s)exit status 3.*why"):
        ways.end(process, log)


def test_reads_the_processor_time_of_a_server() -> None:
    before = costs.processor_of(os.getpid())
    exec(_BUSY)
    after = costs.processor_of(os.getpid())
    assert 0 < before < after < before + 60
    assert costs.processor_of(2**22 + 1) == 0  # no process has that number


def test_table() -> None:
    ours = Row(
        "cold", "ours", [Cost(3.0, 1.0, 900, 12_000, 1), Cost(1.0, 1.5, 900, 14_000, 1), Cost(2.0, 1.2, 900, 13_000, 1)]
    )
    other = Row("cold", "other", [Cost(40.0, 18.0, 2_000_000, 395_000_000, 4)])
    assert ours.ratio(other, "seconds") == 20
    assert costs.table([ours, other], "other").splitlines()[2:] == [
        "| cold | ours | 1.00 / 2.00 / 3.00 | 1.00 / 1.20 / 1.50 | 0.9 | 12 / 13 / 14 | 1 | 20 ×, 15 × |",
        "| cold | other | 40.00 | 18.00 | 2000 | 395000 | 4 |  |",
    ]
    first, second = costs.document([ours, other], "other")
    assert (first["ratio"], first["costs"][1]["seconds"]) == ({"seconds": 20, "processor": 15}, 1.0)
    assert second["ratio"] == {"seconds": 1, "processor": 1}


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(3 * len(body)))
        self.end_headers()
        self.wfile.write(3 * body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_meter_counts_both_directions(upstream: str) -> None:
    with served.Meter(upstream).running() as meter:
        for _ in range(2):
            connection = http.client.HTTPConnection(meter.address, timeout=30)
            connection.request("POST", "/", b"x" * 1_000_000)
            assert connection.getresponse().read() == b"x" * 3_000_000
            connection.close()
        assert 2_000_000 < meter.sent < 2_001_000
        assert 6_000_000 < meter.received < 6_001_000


def test_the_index_has_wheels_and_their_metadata(tmp_path: Path) -> None:
    index = served.Index()
    wheel = make_wheel(tmp_path, {"a.py": ""}, name="A_name", metadata_extra="Requires-Dist: other\n")
    index.add(wheel)
    with index.running():

        def get(url: str) -> bytes:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
                return answer.read()

        page = f"{index.url}/a-name/"
        (file,) = json.loads(get(page))["files"]
        url = urllib.parse.urljoin(page, file["url"])
        assert get(url) == wheel.read_bytes()
        assert b"Requires-Dist: other" in get(f"{url}.metadata")
        with pytest.raises(urllib.error.HTTPError):
            get(f"{index.url}/other/")


def test_a_project_is_edited_and_put_back(tmp_path: Path) -> None:
    project = team.Project(tmp_path, "registry.example/astro-runtime:10.9.0", "http://127.0.0.1:1/simple")
    (tmp_path / "requirements.lock").write_text("of two")

    def state() -> dict[str, str]:
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    first = state()
    project.edit()
    assert [name for name, text in state().items() if first[name] != text] == ["dags/orders_0.py"]
    second = state()
    with project.asking("new==1.0"):
        (tmp_path / "requirements.lock").write_text("of three")
        assert state()["requirements.txt"] == second["requirements.txt"] + "new==1.0\n"
    assert state() == second


class _Room(Room):
    """Starts nothing; keeps the commands, and where the cache of the engine then was."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[tuple[tuple[str, ...], str]] = []

    def directory(self, inner: str, user: str = "root", mode: int = 0o755) -> str:
        self.path(inner).mkdir(parents=True, exist_ok=True)
        return inner

    def start(self, *command: str, log: IO[bytes], **_: object) -> subprocess.Popen[bytes]:
        self.started.append((command, os.readlink(self.path("/var/lib/containers/cache"))))
        return subprocess.Popen(["true"])


def _project(room: Room, inner: str) -> team.Project:
    return team.Project(room.path(room.directory(inner)), "registry.example/base:1", "http://127.0.0.1:1/simple")


def test_each_builder_has_a_storage_of_its_own(tmp_path: Path) -> None:
    room, uv = _Room(tmp_path), tmp_path / "program"
    uv.touch()
    by_pip = builder.Buildah(room, _project(room, "/srv/pip"), "/srv/pip")
    by_uv = builder.BuildahUv(room, _project(room, "/srv/uv/project"), "/srv/uv", "registry.example/base:1-base", uv)
    used: list[tuple[str, ...]] = []
    for way in (by_pip, by_uv):
        for context in (contextlib.nullcontext(), way.empty(), way.empty(), contextlib.nullcontext()):
            room.started.clear()
            with context:
                way.push("registry.example/team:dev")
            (storages,) = {(command[4], command[6], known) for command, known in room.started}
            used.append(storages)
    pip, uvs = used[:4], used[4:]
    assert (pip[0], uvs[0]) == (pip[3], uvs[3])
    for column in zip(*used):
        assert len(set(column)) == 6


def test_the_stages_of_uv(tmp_path: Path) -> None:
    room, uv = _Room(tmp_path), tmp_path / "program"
    uv.write_text("of uv")
    project = _project(room, "/srv/uv/project")
    builder.BuildahUv(room, project, "/srv/uv", "registry.example/base:1-base", uv)
    context = tmp_path / "srv/uv"
    lines = (context / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("FROM")] == [
        "FROM registry.example/base:1-base AS packages",
        "FROM registry.example/base:1-base",
    ]
    sources = [line.split()[-2] for line in lines if line.startswith("COPY") and "--from" not in line]
    assert [(context / source).resolve() for source in sources] == [
        context / "uv",
        project.root / "requirements.txt",
        project.root,
    ]
    assert (context / "uv").read_text() == "of uv"
    assert (project.root / "Dockerfile").read_text() == "FROM registry.example/base:1\n"


def test_says_why_this_machine_can_not(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs root" in isolation.obstacle()
    assert (
        projects.main(["--layout=l", "--plain-layout=p", "--client=c", "--uv=u", "--tag=1", "--plain-tag=1-base"]) == 1
    )
    assert "projects: a container engine needs root" in capsys.readouterr().err
