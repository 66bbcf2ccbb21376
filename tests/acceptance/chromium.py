"""A real Chromium without a screen, driven by its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.acceptance.room import Room, RoomError

_PROGRAM = "/usr/lib/chromium/chromium"
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--force-device-scale-factor=1",
    "--user-data-dir=/tmp/chromium", "--remote-debugging-pipe",
)  # fmt: skip


class Chromium:
    """One tab."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._pending = b""
        self._number = 0
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, seconds: float = 120, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol; return its result.

        Raises:
            RoomError: it failed, or was not answered within `seconds`.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            answer = self._next(deadline - time.monotonic(), method)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RoomError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, seconds: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._pending:
            if not select.select([self._answers], [], [], max(seconds, 0))[0]:
                raise RoomError(f"{method}: no answer from Chromium")
            piece = os.read(self._answers, 1 << 20)
            if not piece:
                raise RoomError(f"{method}: Chromium has ended")
            self._pending += piece
        message, _, self._pending = self._pending.partition(b"\0")
        return json.loads(message)

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RoomError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url: str) -> None:
        """Goes to a page and waits until it is loaded."""
        self.call("Page.navigate", url=url)
        self.wait_until_loaded()

    def wait_until_loaded(self, seconds: float = 60) -> None:
        """Wait for the page that is being loaded."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                if (
                    self.evaluate("document.readyState") == "complete"
                    and self.evaluate("location.href") != "about:blank"
                ):
                    return
            except RoomError:
                continue  # between two pages
        raise RoomError(f"not loaded within {seconds} s")

    def point_at(self, element: str, click: bool = False) -> None:
        """Move the mouse to an element, given as a JavaScript expression, and click there if asked to."""
        place = f"(e => {{ const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})({element})"
        x, y = self.evaluate(place)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased") if click else ():
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        time.sleep(1)

    def screenshot(self, width: int, height: int) -> bytes:
        """Return the visible part of the page as PNG."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(1)
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextmanager
def chromium(room: Room) -> Iterator[Chromium]:
    """Start the browser."""
    child_reads, we_write = os.pipe()
    we_read, child_writes = os.pipe()
    log = room.path("/srv/chromium.log")
    with log.open("wb") as stream:
        command = " ".join((_PROGRAM, *_FLAGS, "--window-size=1280,800"))
        process = room.start(
            "/bin/bash", "-c", f"exec {command} 3<&{child_reads} 4>&{child_writes}",
            log=stream, user="browser", env={"HOME": "/tmp"}, pass_fds=(child_reads, child_writes),
        )  # fmt: skip
    os.close(child_reads)
    os.close(child_writes)
    try:
        yield Chromium(we_write, we_read)
    except RoomError as error:
        raise RoomError(f"{error}\n{log.read_text(errors='replace')[-3000:]}") from None
    finally:
        os.close(we_write)
        os.close(we_read)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
