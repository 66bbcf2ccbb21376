r"""Translates regular expressions of Go's regexp package (RE2) into Python's.

container-structure-test's patterns are Go's. What both languages write alike but mean differently is translated: "$" and
"\z", "\s", ASCII classes, flags in the middle, "\Q…\E". What Go refuses (look-around, references) is refused; what is its
own and cannot be said in Python (Unicode classes, ungreedy mode) is an error of its own, never a guess.
"""

from __future__ import annotations

import re
import warnings

_ASCII_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\x0b\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PERL = {"d": "0-9", "s": r"\t\n\f\r ", "w": "0-9A-Za-z_"}
_CONTROL = {"a": r"\x07", "f": r"\f", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\x0b"}
_REPEAT = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
_GROUP = re.compile(r"\?(?:P?<([A-Za-z_0-9]+)>|([imsU]*(?:-[imsU]+)?)([:)]))")
_MAX_REPEAT = 1000


class InvalidPatternError(ValueError):
    """Go does not compile it."""


class UnknownPatternError(ValueError):
    """Go may compile it, but what it means cannot be said in Python's terms."""


def compile_go(pattern: str) -> re.Pattern[str]:
    """Translate a pattern of Go into one of Python, whose `search` agrees with MatchString.

    Raises:
        InvalidPatternError, UnknownPatternError: see there.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(_Translator(pattern).translate(), re.ASCII)
    except (re.error, Warning, OverflowError) as error:
        raise InvalidPatternError(f"{pattern!r}: {error}") from error


class _Translator:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._outer: list[frozenset[str]] = []

    def translate(self) -> str:
        out: list[str] = []
        repeated = False
        while self._at < len(self._pattern):
            match = _REPEAT.match(self._pattern, self._at)
            if match:
                out.append(self._repeat(match, repeated or not out))
                repeated = True
                continue
            repeated = False
            out.append(self._next())
        if self._outer:
            raise InvalidPatternError(f"{self._pattern!r}: a group is not closed")
        return "".join(out)

    def _repeat(self, match: re.Match[str], forbidden: bool) -> str:
        if forbidden:
            raise InvalidPatternError(f"{self._pattern!r}: {match[0]} repeats nothing, or another repetition")
        if match[1]:
            least, most = int(match[1]), int(match[3] or match[1])
            if max(least, most) > _MAX_REPEAT or (match[3] and least > most):
                raise InvalidPatternError(f"{self._pattern!r}: {match[0]} is out of range")
        self._at = match.end()
        lazy = self._pattern.startswith("?", self._at)
        self._at += lazy
        return match[0] + ("?" if lazy else "")

    def _next(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._cased(self._class())
        if character == "(":
            return self._group()
        if character == ")":
            if not self._outer:
                raise InvalidPatternError(f"{self._pattern!r}: a group is closed that is not open")
            self._flags = self._outer.pop()
            return ")"
        if character == "|":
            return "|"
        if character == "^":
            return "(?m:^)" if "m" in self._flags else r"\A"
        if character == "$":
            return "(?m:$)" if "m" in self._flags else r"\Z"
        if character == ".":
            return "(?s:.)" if "s" in self._flags else "."
        return self._cased(re.escape(character))

    def _cased(self, term: str) -> str:
        return f"(?i:{term})" if "i" in self._flags else term

    def _group(self) -> str:
        if not self._pattern.startswith("?", self._at):
            self._outer.append(self._flags)
            return "("
        match = _GROUP.match(self._pattern, self._at)
        if not match:
            raise InvalidPatternError(
                f"{self._pattern!r}: Go has no group {self._pattern[self._at - 1 : self._at + 3]!r}"
            )
        self._at = match.end()
        if match[1]:
            self._outer.append(self._flags)
            return f"(?P<{match[1]}>"
        on, _, off = match[2].partition("-")
        if "U" in match[2]:
            raise UnknownPatternError(f"{self._pattern!r}: ungreedy mode")
        if match[3] == ":":
            self._outer.append(self._flags)
        self._flags = (self._flags | set(on)) - set(off)
        return "(?:" if match[3] == ":" else ""

    def _escape(self) -> str:
        character = self._take()
        if character in "AbB":
            return "\\" + character
        if character == "z":
            return r"\Z"
        if character.lower() in _PERL:
            return f"[{'^' if character.isupper() else ''}{_PERL[character.lower()]}]"
        if character == "Q":
            text, _, _ = self._pattern[self._at :].partition(r"\E")
            self._at = min(len(self._pattern), self._at + len(text) + 2)
            if not text:
                return "(?:)"
            return "".join(self._cased(re.escape(each)) for each in text)
        return self._cased(self._character(character))

    def _character(self, character: str) -> str:
        """Translate an escape of one character, after its backslash."""
        if character in "pPC":
            raise UnknownPatternError(f"{self._pattern!r}: \\{character}")
        if character in _CONTROL:
            return _CONTROL[character]
        if character == "x":
            match = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})").match(self._pattern, self._at)
            if not match:
                raise InvalidPatternError(f"{self._pattern!r}: \\x")
            self._at = match.end()
            return re.escape(chr(int(match[1] or match[2], 16)))
        if character in "01234567":
            match = re.compile("[0-7]{1,2}").match(self._pattern, self._at)
            if character != "0" and not match:
                raise InvalidPatternError(f"{self._pattern!r}: Go has no references like \\{character}")
            digits = match[0] if match else ""
            self._at += len(digits)
            return re.escape(chr(int(character + digits, 8)))
        if character.isalnum() or not character.isascii():
            raise InvalidPatternError(f"{self._pattern!r}: Go has no \\{character}")
        return re.escape(character)

    def _take(self) -> str:
        if self._at == len(self._pattern):
            raise InvalidPatternError(f"{self._pattern!r} is cut off")
        self._at += 1
        return self._pattern[self._at - 1]

    def _class(self) -> str:
        out = ["["]
        if self._pattern.startswith("^", self._at):
            self._at += 1
            out.append("^")
        first = True
        while first or not self._pattern.startswith("]", self._at):
            first = False
            if self._pattern.startswith("[:", self._at):
                match = re.compile(r"\[:(\^?)(\w+):\]").match(self._pattern, self._at)
                if not match or match[2] not in _ASCII_CLASSES:
                    raise InvalidPatternError(f"{self._pattern!r}: unknown class")
                if match[1]:
                    raise UnknownPatternError(f"{self._pattern!r}: negated class in a class")
                self._at = match.end()
                out.append(_ASCII_CLASSES[match[2]])
                continue
            out.append(self._class_item())
        self._at += 1
        return "".join(out) + "]"

    def _class_item(self) -> str:
        character = self._take()
        if character != "\\":
            # "-" keeps its meaning: both languages take it as a range between two characters.
            return character if character == "-" else re.escape(character)
        character = self._take()
        if character.lower() in _PERL:
            if character == "S":
                return r"\S\x0b"
            return "\\" + character if character.isupper() else _PERL[character]
        return self._character(character)
