"""Results of checks, and their JUnit file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"

_SHOWN = 1500  # characters of a message's beginning and end on the console
_MAX_MESSAGE = 20_000
# What XML 1.0 has no way to hold.
_UNPRINTABLE = {code: "�" for code in range(32) if chr(code) not in "\t\n\r"}


class Result(NamedTuple):
    """The outcome of one check."""

    suite: str
    name: str
    outcome: str = PASSED
    message: str = ""
    """Why it failed or was skipped."""
    seconds: float = 0.0


class ReportError(Exception):
    """A report of another program cannot be read."""


def read_junit(file: Path, suite: str) -> list[Result]:
    """Read the results in a JUnit file.

    Raises:
        ReportError: it is not there or not in that format.
    """
    try:
        root = ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ReportError(f"{file}: {error}") from error
    results = []
    for case in root.iter("testcase"):
        outcome, message = PASSED, ""
        for tag, verdict in (("skipped", SKIPPED), ("error", FAILED), ("failure", FAILED)):
            for element in case.findall(tag):
                outcome = verdict
                message = "\n".join(filter(None, (message, element.get("message"), element.text)))
        results.append(
            Result(
                suite,
                case.get("name") or "container-structure-test",
                outcome,
                message.strip(),
                float(case.get("time") or 0),
            )
        )
    return results


def write_junit(results: Sequence[Result], file: Path) -> None:
    """Write results as JUnit, one <testsuite> for each suite, in the order of their first results."""
    root = ElementTree.Element("testsuites")
    for suite in dict.fromkeys(result.suite for result in results):
        cases = [result for result in results if result.suite == suite]
        element = ElementTree.SubElement(
            root,
            "testsuite",
            name=suite,
            tests=str(len(cases)),
            failures=str(count(cases, FAILED)),
            skipped=str(count(cases, SKIPPED)),
        )
        for result in cases:
            case = ElementTree.SubElement(
                element, "testcase", classname=suite, name=_printable(result.name), time=f"{result.seconds:.3f}"
            )
            if result.outcome != PASSED:
                tag = "failure" if result.outcome == FAILED else "skipped"
                ElementTree.SubElement(case, tag, message=_printable(result.message[:_MAX_MESSAGE]))
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def count(results: Sequence[Result], outcome: str) -> int:
    """Count the results with this outcome."""
    return sum(result.outcome == outcome for result in results)


def report(program: str, results: Sequence[Result]) -> int:
    """Print what did not pass and a summary, write $XML_OUTPUT_FILE where it is set; return the program's exit status."""
    for result in results:
        if result.outcome != PASSED:
            print(f"{result.outcome.upper()}: {result.suite}: {result.name}\n  {_shortened(result.message)}")
    if "XML_OUTPUT_FILE" in os.environ:
        write_junit(results, Path(os.environ["XML_OUTPUT_FILE"]))
    numbers = {outcome: count(results, outcome) for outcome in (PASSED, FAILED, SKIPPED)}
    print(f"{program}: " + ", ".join(f"{number} {outcome}" for outcome, number in numbers.items()))
    return 1 if numbers[FAILED] or not results else 0


def _shortened(message: str) -> str:
    """Indented, and without the middle of what a chatty command said."""
    if len(message) > 2 * _SHOWN:
        left_out = len(message) - 2 * _SHOWN
        message = f"{message[:_SHOWN]}\n[... {left_out} characters ...]\n{message[-_SHOWN:]}"
    return message.replace("\n", "\n  ")


def _printable(text: str) -> str:
    return text.translate(_UNPRINTABLE).encode("utf-8", "replace").decode()
