"""What differs between the versions of Airflow, and a deployment's settings."""

from __future__ import annotations

from dataclasses import dataclass

ADMIN, VIEWER, PASSWORD = "admin", "viewer", "secret"
WEB_PORT = 8080
HOME = "/usr/local/airflow"


@dataclass(frozen=True)
class Line:
    """An image of the catalogue."""

    line: str
    edition: str
    airflow: str
    python: str
    version: str
    tag: str

    def since(self, version: str) -> bool:
        """Return whether its Airflow is of this minor version or newer."""
        return _numbers(self.airflow)[:2] >= _numbers(version)

    @property
    def image(self) -> str:
        """Its name in the engine's storage."""
        return f"localhost/astro-runtime:{self.tag}"

    @property
    def migrate(self) -> tuple[str, ...]:
        """The command that makes or upgrades a database's tables."""
        return ("airflow", "db", "migrate" if self.since("2.7") else "upgrade")

    def connection(self, url: str) -> dict[str, str]:
        """Return the variable with the database's URL; its section has changed in 2.3."""
        return {f"AIRFLOW__{'DATABASE' if self.since('2.3') else 'CORE'}__SQL_ALCHEMY_CONN": url}

    def deployment(self, executor: str, database: str) -> dict[str, str]:
        """Variables that every component of a deployment gets."""
        backends = "AIRFLOW__API__AUTH_BACKENDS" if self.since("2.3") else "AIRFLOW__API__AUTH_BACKEND"
        return {
            **self.connection(database),
            "AIRFLOW__CORE__EXECUTOR": executor,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": "dGVzdHMgaGF2ZSBub3RoaW5nIHRvIGhpZGUuLi4uLi4=",
            "AIRFLOW__CORE__DAGS_FOLDER": f"{HOME}/dags",
            "AIRFLOW__WEBSERVER__SECRET_KEY": "one-key-for-all-components",
            "AIRFLOW__WEBSERVER__WORKERS": "2",
            "AIRFLOW__WEBSERVER__WEB_SERVER_MASTER_TIMEOUT": "400",
            "AIRFLOW__WEBSERVER__WEB_SERVER_WORKER_TIMEOUT": "300",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
            "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "5",
            # Like the default, but also says how the tests log in to the API.
            backends: "airflow.api.auth.backend.basic_auth",
        }

    def create_user(self, name: str, role: str) -> tuple[str, ...]:
        """Return the command that makes a user whose password is PASSWORD."""
        return (
            "airflow", "users", "create", "--username", name, "--role", role, "--password", PASSWORD,
            "--firstname", name, "--lastname", role, "--email", f"{name}@example.com",
        )  # fmt: skip


@dataclass(frozen=True)
class Lines:
    """The table that defs.bzl writes for a test."""

    lines: tuple[Line, ...]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
