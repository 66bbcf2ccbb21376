"""A6: the home page as an administrator sees it in a browser: the menu is open, the footer is there. Makes docs/ui.png."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from tests.acceptance import web
from tests.acceptance.airflow import ADMIN, PASSWORD, Line
from tests.acceptance.chromium import Chromium, chromium
from tests.acceptance.containers import Engine
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import Room
from tests.acceptance.services import Postgres

WIDTH, HEIGHT = 1280, 800
PHONE_WIDTH, PHONE_HEIGHT = 390, 844

LOG_IN = f"""
document.querySelector('#username').value = '{ADMIN}';
document.querySelector('#password').value = '{PASSWORD}';
document.querySelector('form[name=login]').submit();
"""
TOGGLE = "[...document.querySelectorAll('a.dropdown-toggle')].find(a => a.textContent.trim().startsWith('Astronomer'))"
VISIBLE = (
    "(e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && r.bottom <= innerHeight; })"
)
# Of the footer's line and of each of its parts: [left, top, right, bottom, number of lines of text], in pixels of the view.
BOXES = """
(e => [e, ...e.querySelectorAll('span')].map(part => {
  const box = part.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(part);
  const tops = [...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top));
  return [box.left, box.top, box.right, box.bottom, new Set(tops).size];
}))(document.querySelector('[data-astro-runtime-ui]'))
"""
LINKS = (
    f"[...{TOGGLE}.parentElement.querySelectorAll(':scope > ul a')].filter({VISIBLE}).map(a => a.textContent.trim())"
)


def check_footer(browser: Chromium, width: int, height: int) -> None:
    """At 1280 pixels the line is one line; on a phone each part is, below the other, and all is in the view."""
    browser.screenshot(width, height)
    browser.evaluate("scrollTo(0, document.body.scrollHeight)")
    line, *parts = browser.evaluate(BOXES)
    assert len(parts) == 2
    assert all(left >= 0 and right <= width and bottom <= height for left, _, right, bottom, _ in (line, *parts)), parts
    assert [lines for *_, lines in parts] == [1, 1]
    assert len({round(top) for _, top, *_ in parts}) == (1 if width == WIDTH else 2)
    browser.evaluate("scrollTo(0, 0)")


def test_screenshot(engine: Engine, line: Line, room: Room, postgres: Postgres, dags: str, tmp_path: Path) -> None:
    output = Path(os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", tmp_path)) / "ui.png"
    deployment = Deployment(engine, line, options(line, "LocalExecutor", postgres.url(), dags))
    with deployed(deployment):
        deployment.prepare()
        deployment.start_all(["webserver", "scheduler", "triggerer"])
        api = web.Api()
        for dag in ("plain", "deferrable"):
            api.trigger(dag, "first")
        assert api.finish("plain", "first") == "success"
        with chromium(room) as browser:
            browser.open(f"{web.BASE}/login/")
            browser.evaluate(LOG_IN)
            browser.wait_until_loaded()
            browser.open(f"{web.BASE}/home")
            assert browser.evaluate(f"!!({TOGGLE})"), "there is no menu Astronomer"
            check_footer(browser, PHONE_WIDTH, PHONE_HEIGHT)
            check_footer(browser, WIDTH, HEIGHT)  # the size changes the layout
            browser.point_at(TOGGLE)
            if len(browser.evaluate(LINKS)) < 4:  # some versions open it by a click
                browser.point_at(TOGGLE, click=True)
            picture = browser.screenshot(WIDTH, HEIGHT)
            output.write_bytes(picture)
            assert len(browser.evaluate(LINKS)) >= 4, "the menu's links are not visible"
            footer = "document.querySelector('[data-astro-runtime-ui]')"
            assert line.tag in browser.evaluate(f"{footer}.textContent")
            assert browser.evaluate(f"{VISIBLE}({footer})"), "the footer is not visible"
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (WIDTH, HEIGHT)
    assert len(picture) < 300_000
    print(f"{output}: {len(picture)} bytes", flush=True)
