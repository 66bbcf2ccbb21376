"""What install-system-packages and install-python-dependencies share.

Text as editors on Windows save it, programs that never fall silent, and credentials that are never shown.
"""

from __future__ import annotations

import base64
import codecs
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

SILENCE = 5.0
"""Seconds after which a program that says nothing is reported to be still running."""

# UTF-32 before UTF-16, whose mark is the beginning of its own.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"
_USERINFO = re.compile(rf"({_SCHEME})[^\s/?#]*@")
_QUERY = re.compile(rf"({_SCHEME}[^\s?#'\"]*\?)[^\s#'\"<>)]+")
_HIDDEN = "****"


class StepError(Exception):
    """A step of the build can't be done; each argument is a line of the message."""


def read_text(file: Path) -> str:
    """Read a text file of a project in any encoding that says which one it is.

    Bytes that are not UTF-8 become surrogates: a comment may hold them.

    Raises:
        StepError: the file is UTF-16 without a byte order mark, or not text.
    """
    data = file.read_bytes()
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise StepError(f"{file}: is broken {encoding.upper()}; save it as UTF-8") from None
    if b"\0" in data:
        # Of ASCII in UTF-16, every other byte is zero.
        zeros = max(data[::2].count(0), data[1::2].count(0))
        kind = "is UTF-16" if zeros > len(data) / 4 else "has NUL bytes"
        raise StepError(f"{file}: {kind}; save it as UTF-8")
    return data.decode("utf-8", "surrogateescape")


def plain_copy(file: Path, suffix: str) -> str:
    """Write a copy as UTF-8 with Unix line ends, for programs that take nothing else; give its path."""
    text = "".join(f"{line}\n" for line in read_text(file).splitlines())
    handle, name = tempfile.mkstemp(suffix=suffix)
    with open(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)
    os.chmod(name, 0o644)  # apt reads it as its own user
    return name


class Redactor:
    """Hides credentials in what is printed: in every URL, and wherever a known password occurs."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        # Not every variable: the password of a database may be a word like airflow, which then is hidden everywhere.
        for name, value in os.environ.items():
            if name.lower().endswith("_proxy"):
                self.learn(value if "://" in value else f"http://{value}")
            elif name.startswith("PIP_"):
                self.learn(value)

    def learn(self, text: str) -> None:
        """Remember the credentials of the URLs in a text, with ${VARIABLE} as pip expands it."""
        text = re.sub(r"\$\{([A-Z0-9_]+)\}", lambda match: os.environ.get(match[1], match[0]), text)
        for line in text.splitlines():
            for scheme in re.finditer(_SCHEME, line):
                rest = line[scheme.end() :]
                authority = re.split(r"[\s/?#]", rest, maxsplit=1)[0]
                if "@" in authority:
                    self._add(authority.rpartition("@")[0])
                elif "@" in rest and not re.fullmatch(r"[^:]*(:\d*)?", authority):
                    # A reserved character that is not encoded: parsers cut the password there.
                    userinfo = rest.rpartition("@")[0]
                    self._add(userinfo)
                    for piece in re.split(r"[\s/?#@:]+", userinfo.partition(":")[2]):
                        self._remember(piece)

    def learn_passwords(self, text: str) -> None:
        """Remember the passwords of a file in the format of netrc."""
        for match in re.finditer(r"\bpassword\s+(\S+)", text):
            self._remember(match[1])

    def learn_file(self, file: Path) -> None:
        """Remember the credentials in a file, if it is there."""
        try:
            text = file.read_bytes().decode("utf-8", "replace")
        except OSError:
            return
        self.learn(text)
        self.learn_passwords(text)

    def _add(self, userinfo: str) -> None:
        user, _, password = userinfo.partition(":")
        self._remember(password or user)
        if len(user) >= 16:  # a token in the user's place
            self._remember(user)
        self._remember(base64.b64encode(unquote(userinfo).encode()).decode())

    def _remember(self, secret: str) -> None:
        plain = unquote(secret)
        encoded = quote(plain, safe="")
        lower = re.sub("%..", lambda match: match[0].lower(), encoded)
        # Shorter ones would hide half of the text; in URLs they are hidden by their place.
        self._secrets.update(each for each in (secret, plain, encoded, lower, repr(plain)[1:-1]) if len(each) >= 4)

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return _QUERY.sub(rf"\1{_HIDDEN}", _USERINFO.sub(rf"\1{_HIDDEN}@", text))


class Step:
    """One program of a build: its name, and how it speaks.

    Everything goes to standard error, so that the order of the lines is the order of the events.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.redact = Redactor()

    def say(self, *lines: str) -> None:
        """Print lines of our own."""
        for line in lines:
            self._print(f"{self._name}: {line}")

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a program, show each line when it comes and say so when none comes; give its status and what it said."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
        assert process.stdout is not None
        chunks: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout.fileno(), chunks), daemon=True).start()
        try:
            said = self._follow(process, chunks)
            return process.returncode, "\n".join(said)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)

    def _follow(self, process: subprocess.Popen[bytes], chunks: queue.Queue[bytes]) -> list[str]:
        began = shown = time.monotonic()
        said: list[str] = []
        pending = b""
        while True:
            try:
                chunk = chunks.get(timeout=0.5)
            except queue.Empty:
                if process.poll() is not None:
                    break  # a daemon that it has started may keep the pipe open
                if time.monotonic() - shown >= SILENCE:
                    shown = time.monotonic()
                    last = pending.decode("utf-8", "replace") or (said[-1] if said else "nothing")
                    self.say(f"still running after {shown - began:.0f} s; its last message: {last.strip()}")
                continue
            if not chunk:
                break
            *lines, pending = re.split(rb"[\r\n]+", pending + chunk)
            for line in lines:
                shown = time.monotonic()
                said.append(self._print(line.decode("utf-8", "replace")))
        if pending:
            said.append(self._print(pending.decode("utf-8", "replace")))
        process.wait()
        return said

    def _print(self, line: str) -> str:
        line = self.redact(line)
        if line.strip():
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        return line

    def main(self, work: Callable[[Step, Path], None], default: str) -> int:
        """Do the work on the file that the command line names; give the exit status."""
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        file = Path(sys.argv[1] if len(sys.argv) > 1 else default)
        try:
            if not file.is_file():
                raise StepError(f"there is no {file} in {os.getcwd()}: make one (it may be empty)")
            work(self, file)
        except StepError as error:
            self.say(*error.args)
            return 1
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        return 0


def _read(descriptor: int, chunks: queue.Queue[bytes]) -> None:
    while True:
        chunk = os.read(descriptor, 65536)
        chunks.put(chunk)
        if not chunk:
            return
