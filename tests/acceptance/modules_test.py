"""Tests of the acceptance tests' own modules, as far as they need neither root nor images."""

from __future__ import annotations

import email
import hashlib
import os
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance import isolation, registries, web
from tests.acceptance.airflow import Line
from tests.acceptance.room import Finished, RoomError, wait_until

DEB = Path(os.environ["ACCEPTANCE_DEB"])


def line(airflow: str) -> Line:
    """Return a line with this Airflow."""
    return Line(line="x", edition="runtime", airflow=airflow, python="3.9", version="1.0.0", tag="1.0.0")


@pytest.mark.parametrize(
    ("airflow", "section", "verb"),
    [("2.2.5", "CORE", "upgrade"), ("2.6.3", "DATABASE", "upgrade"), ("2.8.4", "DATABASE", "migrate")],
)
def test_what_differs_between_versions(airflow: str, section: str, verb: str) -> None:
    assert list(line(airflow).connection("url")) == [f"AIRFLOW__{section}__SQL_ALCHEMY_CONN"]
    assert line(airflow).migrate == ("airflow", "db", verb)


def test_versions_are_numbers() -> None:
    assert line("2.10.0").since("2.9")
    assert not line("2.2.5").since("2.3")


def test_a_failed_program_tells_what_it_said() -> None:
    with pytest.raises(RoomError, match="(?s)false: exit status 1.*reason"):
        Finished(("false",), 1, "", "reason").succeeded()


def test_waiting_tells_the_last_reason() -> None:
    def never() -> None:
        raise RoomError("not yet")

    with pytest.raises(RoomError, match="a thing: not within 0.3 s .*not yet"):
        wait_until("a thing", never, 0.3, 0.1)


def test_mirrors_of_one_wheel_and_one_deb(tmp_path: Path) -> None:
    wheel = tmp_path / "a_name-1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    place = tmp_path / "served"
    place.mkdir()
    base = registries.INDEX.rpartition("/")[0].replace("localhost", "127.0.0.1")
    with registries.registries(place, [wheel], [DEB]):

        def get(path: str) -> bytes:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{base}/{path}") as answer:
                return answer.read()

        assert wheel.name.encode() in get("simple/a-name/")
        assert get(f"simple/a-name/{wheel.name}") == b"a wheel"
        paragraph = email.message_from_bytes(get("debian/Packages"))
        served = get(f"debian/{paragraph['Filename']}")
    assert served == DEB.read_bytes()
    assert paragraph["SHA256"] == hashlib.sha256(served).hexdigest()
    assert (paragraph["Package"], paragraph["Size"]) == (DEB.name.split("_")[0], str(len(served)))


def test_an_ordinary_user_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs root" in isolation.obstacle()


def test_nobody_listens() -> None:
    with pytest.raises(OSError, match="refused"):
        web.Browser().get("/health")
