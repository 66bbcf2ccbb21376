"""What happens in the web server."""

from __future__ import annotations

import logging
import os

from airflow.configuration import conf
from flask import Blueprint, current_app
from sqlalchemy.exc import SQLAlchemyError

from astro_runtime_ui import footer
from astro_runtime_ui.links import CATEGORY, LINKS

log = logging.getLogger(__name__)

_GRANT = "astro_runtime_ui.grant"  # in an application's extensions until its first request


class _OnceBlueprint(Blueprint):
    """Some versions of Airflow load a plugin twice, which Flask refuses."""

    def register(self, app, *args, **kwargs):
        if self.name not in app.extensions:
            app.extensions[self.name] = app.extensions[_GRANT] = self
            super().register(app, *args, **kwargs)


BLUEPRINT = _OnceBlueprint("astro_runtime_ui", __name__)


@BLUEPRINT.after_app_request
def add_footer(response):
    """Put the image's tag on every HTML page, including pages without Airflow's base template (404, API docs)."""
    if response.mimetype == "text/html" and not response.direct_passthrough and not response.is_streamed:
        page = response.get_data()
        marked = footer.insert(page, footer.line(os.environ))
        if marked is not page:
            response.set_data(marked)
    return response


@BLUEPRINT.before_app_request
def show_menu_to_every_role():
    """Let every role see the menu: it needs menu_access to each link and to the category, which Airflow grants to Admin alone.

    Runs with the first request, because on a new database some versions create the roles after they have loaded the plugins.
    """
    if current_app.extensions.pop(_GRANT, None):
        appbuilder = getattr(current_app, "appbuilder", None)
        manager = getattr(appbuilder, "sm", None)
        try:
            _make_roles(appbuilder, manager)
            _grant(manager)
        except SQLAlchemyError as error:
            # Another process of the web server was first, or the database is down: the next start tries again.
            log.debug("The Astronomer menu is not shown to every role yet: %s", error)
            manager.get_session.rollback()


def _make_roles(appbuilder, manager):
    """Create roles and permissions as `airflow sync-perm` does, if no role has any.

    With update_fab_perms off, as in Core, Airflow leaves the roles of a new database empty: users could log in but see nothing.
    """
    if not hasattr(manager, "sync_roles") or conf.getboolean("webserver", "update_fab_perms"):
        return
    if not any(role.permissions for role in manager.get_all_roles()):
        appbuilder.add_permissions(update_perms=True)
        manager.sync_roles()


def _grant(manager):
    create = getattr(manager, "create_permission", None) or getattr(manager, "add_permission_view_menu", None)
    add = getattr(manager, "add_permission_to_role", None) or getattr(manager, "add_permission_role", None)
    if not create or not add:
        return  # an auth manager without roles
    for name in (CATEGORY, *LINKS):
        permission = create("menu_access", name)
        for role in manager.get_all_roles():
            if permission is not None and permission not in role.permissions:
                add(role, permission)
