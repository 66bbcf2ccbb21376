"""The entry point of the group airflow.plugins."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from astro_runtime_ui.links import CATEGORY, LINKS


class AstroRuntimePlugin(AirflowPlugin):
    """Menu links, and a blueprint that marks every page."""

    name = "astro_runtime_ui"
    appbuilder_menu_items: ClassVar[list] = [
        {"name": name, "category": CATEGORY, "href": href} for name, href in LINKS.items()
    ]

    @property
    def flask_blueprints(self):
        """Read by the web server alone."""
        from astro_runtime_ui.web import BLUEPRINT

        return [BLUEPRINT]
