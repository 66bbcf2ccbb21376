"""A6: log-in by the users of a directory (AUTH_LDAP), against OpenLDAP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.acceptance import services, web
from tests.acceptance.airflow import ADMIN, HOME, PASSWORD, Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import Room, RoomError, wait_until
from tests.acceptance.services import LDAP_PORT, READER, SUFFIX, Postgres

MENU = 'href="/dagrun/list/"'
PEOPLE = f"ou=people,{SUFFIX}"
# Name, family name, kind of employee, password.
USERS = [
    ("ada", "Lovelace", "operators", PASSWORD),
    ("zo\u00eb", "O'Hara (tests)", "guests", "p\u00e4ssword: with #, blank"),
    ("eve", "Stranger", "strangers", PASSWORD),
]
CONFIGURATION = f"""
from flask_appbuilder.security.manager import AUTH_LDAP
AUTH_TYPE = AUTH_LDAP
AUTH_LDAP_SERVER = "ldap://directory:{LDAP_PORT}"
AUTH_LDAP_SEARCH = "{PEOPLE}"
AUTH_LDAP_BIND_USER = "{READER}"
AUTH_LDAP_BIND_PASSWORD = "{services.PASSWORD}"
AUTH_LDAP_GROUP_FIELD = "employeeType"
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Public"
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {{"operators": ["Admin"], "guests": ["Viewer"]}}
WTF_CSRF_ENABLED = True
AUTH_RATE_LIMITED = False  # five log-ins in 40 seconds are fewer than the tests'
"""


def _entry(name: str, family: str, kind: str, password: str) -> str:
    return (
        f"dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name} {family}\ngivenName: {name}\n"
        f"sn: {family}\nmail: {name.encode('ascii', 'ignore').decode()}@example.com\nemployeeType: {kind}\n"
        f"userPassword: {password}\n\n"
    )


@pytest.fixture(scope="module")
def airflow(engine: Engine, line: Line, room: Room, postgres: Postgres, dags: str) -> Iterator[Deployment]:
    """Return the web server; each test starts the directory."""
    unit = f"dn: {PEOPLE}\nobjectClass: organizationalUnit\n\n"
    services.prepare_directory(room, unit + "".join(_entry(*user) for user in USERS))
    room.write("/srv/webserver_config.py", CONFIGURATION)
    usual = options(line, "LocalExecutor", postgres.url(), dags)
    mounted = "/srv/webserver_config.py:" + HOME + "/webserver_config.py:ro"
    deployment = Deployment(engine, line, Options(usual.env, (*usual.volumes, mounted), usual.flags))
    with deployed(deployment):
        deployment.prepare()
        deployment.start("webserver", "airflow", "webserver")
        wait_until("the web server", lambda: web.Browser().get("/login/").status == 200, 600, 3)
        yield deployment


@pytest.fixture
def directory(airflow: Deployment, room: Room) -> Iterator[None]:
    """Run the directory."""
    with services.directory(room):
        yield


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(("number", "role", "variables"), [(0, "Admin", 200), (1, "Viewer", 403)])
def test_who_may_log_in(postgres: Postgres, number: int, role: str, variables: int) -> None:
    name, family, _, password = USERS[number]
    browser = web.Browser()
    browser.log_in(name, password)
    assert MENU in browser.get("/home").text
    page = browser.get("/variable/list/")
    assert (page.status if page.url.endswith("/variable/list/") else 403) == variables
    found = postgres.query(
        "SELECT u.first_name, u.last_name, r.name FROM ab_user u JOIN ab_user_role m ON m.user_id = u.id"
        f" JOIN ab_role r ON r.id = m.role_id WHERE u.username = '{name}' ORDER BY r.name"
    )
    assert found == [[name, family, each] for each in sorted((role, "Public"))]  # who registers gets that role as well
    assert "dags" in web.Api(name, password).call("dags")


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("unknown", PASSWORD), ("ada", ""), ("ad*", PASSWORD), ("ada)(uid=*", PASSWORD)],
)
def test_who_may_not(name: str, password: str) -> None:
    with pytest.raises(RoomError, match="could not log in \\(200\\)"):
        web.Browser().log_in(name, password)
    with pytest.raises(RoomError, match="GET dags: 401"):
        web.Api(name, password).call("dags")


@pytest.mark.usefixtures("directory")
def test_a_user_of_airflow_has_the_api_alone(airflow: Deployment) -> None:
    """The directory does not know the administrator; Airflow's API asks its own database as well."""
    with pytest.raises(RoomError, match="could not log in \\(200\\)"):
        web.Browser().log_in(ADMIN)
    assert "dags" in web.Api().call("dags")


@pytest.mark.usefixtures("directory")
def test_a_user_without_a_role_sees_nothing(airflow: Deployment) -> None:
    browser = web.Browser()
    with contextlib.suppress(RoomError):  # pages of old versions send such a user from one to the other
        browser.log_in("eve")
    assert MENU not in browser.get("/home").text
    with pytest.raises(RoomError, match="GET variables: 403"):
        web.Api("eve").call("variables")


def test_a_directory_that_does_not_answer(airflow: Deployment, room: Room) -> None:
    with pytest.raises(RoomError, match="could not log in \\(200\\)"):
        web.Browser().log_in("ada")
    with services.directory(room):
        web.Browser().log_in("ada")
