"""Postgres, Redis, a registry and a directory: the real ones, started in the room and stopped with the test."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.acceptance.room import Room, RoomError, wait_until

POSTGRES_PORT, REDIS_PORT, REGISTRY_PORT, LDAP_PORT = 5432, 6379, 5000, 3890
PASSWORD = "airflow"

_POSTGRES = "/usr/lib/postgresql/13/bin/"


def listens(port: int) -> bool:
    """Return whether a server accepts connections on the loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _service(room: Room, name: str, port: int, command: Sequence[str], user: str, stop: int) -> Iterator[None]:
    log = room.path(f"/srv/{name}.log")
    with log.open("wb") as stream:
        process = room.start(*command, log=stream, user=user)
    try:

        def answers() -> bool:
            if process.poll() is not None:
                raise RoomError(f"{name} has ended with {process.returncode}: {log.read_text()[-4000:]}")
            return listens(port)

        wait_until(f"{name} on port {port}", answers, 60, 0.1)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Postgres:
    """A server with the user and database "airflow"."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def url(self, database: str = "airflow", scheme: str = "postgresql+psycopg2") -> str:
        """As Airflow takes it."""
        return f"{scheme}://postgres:{PASSWORD}@postgres:{POSTGRES_PORT}/{database}"

    def query(self, sql: str, database: str = "airflow") -> list[list[str]]:
        """Run a statement; return its rows."""
        done = self._room.run(
            f"{_POSTGRES}psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-X", "-A", "-t", "-F", "\t",
            "-v", "ON_ERROR_STOP=1", "-c", sql, user="postgres", env={"PGPASSWORD": PASSWORD},
        ).succeeded()  # fmt: skip
        return [line.split("\t") for line in done.out.splitlines()]

    def create(self, database: str) -> None:
        """Make an empty database."""
        self.query(f"CREATE DATABASE {database}", "postgres")


@contextmanager
def postgres(room: Room) -> Iterator[Postgres]:
    """Start Postgres 13 with passwords, an empty database "airflow" and no durability."""
    data = room.directory("/srv/postgres", "postgres", 0o700)
    room.write("/srv/password", PASSWORD, "postgres")
    room.run(
        f"{_POSTGRES}initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256", "--pwfile=/srv/password",
        "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", user="postgres",
    ).succeeded()  # fmt: skip
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(POSTGRES_PORT),
        "unix_socket_directories": data,
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "fsync": "off",
        "jit": "off",
    }
    settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    command = (f"{_POSTGRES}postgres", "-D", data, *settings)
    with _service(room, "postgres", POSTGRES_PORT, command, "postgres", signal.SIGINT):
        server = Postgres(room)
        began = time.monotonic()
        while True:
            try:
                server.create("airflow")
                break
            except RoomError:
                if time.monotonic() - began > 30:  # it listens before it is ready
                    raise
                time.sleep(0.5)
        yield server


@contextmanager
def redis(room: Room) -> Iterator[str]:
    """Start Redis; return the broker's URL."""
    room.directory("/srv/redis", "redis")
    command = ["/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", str(REDIS_PORT), "--dir", "/srv/redis"]
    command += ("--save", "", "--appendonly", "no", "--daemonize", "no")
    with _service(room, "redis", REDIS_PORT, command, "redis", signal.SIGTERM):
        yield f"redis://redis:{REDIS_PORT}/0"


@contextmanager
def registry(room: Room) -> Iterator[str]:
    """Start a registry (docker distribution); return its address as image names have it."""
    storage = room.directory("/srv/registry")
    room.write(
        "/srv/registry.yml",
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {storage}\n"
        f"http:\n  addr: 127.0.0.1:{REGISTRY_PORT}\n",
    )
    with _service(
        room,
        "registry",
        REGISTRY_PORT,
        ("/usr/bin/docker-registry", "serve", "/srv/registry.yml"),
        "root",
        signal.SIGTERM,
    ):
        yield f"localhost:{REGISTRY_PORT}"


SUFFIX = "dc=example,dc=com"
READER = f"cn=reader,{SUFFIX}"
"""The account that looks users up; its password is PASSWORD."""

_SLAPD = f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /srv/ldap/slapd.pid
disallow bind_anon
database mdb
maxsize 67108864
suffix "{SUFFIX}"
directory /srv/ldap
access to attrs=userPassword by anonymous auth
access to * by dn.exact="{READER}" read
"""


def prepare_directory(room: Room, entries: str) -> None:
    """Make the database of `directory` from entries in LDIF, below SUFFIX and beside READER."""
    room.directory("/srv/ldap", "openldap", 0o700)
    room.write("/srv/slapd.conf", _SLAPD, "openldap")
    top = f"dn: {SUFFIX}\nobjectClass: domain\n\ndn: {READER}\nobjectClass: organizationalRole\n"
    top += f"objectClass: simpleSecurityObject\nuserPassword: {PASSWORD}\n\n"
    room.write("/srv/entries.ldif", top + entries, "openldap")
    load = ("/usr/sbin/slapadd", "-f", "/srv/slapd.conf", "-l", "/srv/entries.ldif")
    room.run(*load, user="openldap").succeeded()


@contextmanager
def directory(room: Room) -> Iterator[None]:
    """Start OpenLDAP's slapd on LDAP_PORT of the host "directory"; it allows no anonymous bind."""
    address = f"ldap://127.0.0.1:{LDAP_PORT}"
    command = ("/usr/sbin/slapd", "-d", "stats", "-f", "/srv/slapd.conf", "-h", address)
    with _service(room, "slapd", LDAP_PORT, command, "openldap", signal.SIGTERM):
        yield
