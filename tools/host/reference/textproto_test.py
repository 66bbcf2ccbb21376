"""The text format, as starlark_doc_extract writes it."""

from __future__ import annotations

import pytest

from tools.host.reference.textproto import Message, TextprotoError, parse

_TEXT = r"""
rule_info {
  rule_name: "a"
  attribute { name: "x" type: NAME mandatory: true }
  attribute {
    name: "y"
    default_value: "\"1\""
  }
}
count: -3
doc: "wheel\'s\n\342\200\246 \303\242\302\200\302\246 \\n"
"""


def test_messages() -> None:
    message = parse(_TEXT)
    (rule,) = message.messages("rule_info")
    assert [attribute.text("name") for attribute in rule.messages("attribute")] == ["x", "y"]
    assert rule.messages("attribute")[0].text("mandatory") == "true"
    assert rule.messages("attribute")[1].text("default_value") == '"1"'
    assert message.text("count") == "-3"
    assert message.messages("nothing") == []
    assert message.text("nothing") == ""


def test_text_of_utf_8_and_of_latin_1() -> None:
    assert parse(_TEXT).text("doc") == "wheel's\n… â\u0080¦ \\n"
    assert parse(r'doc: "\303\242\302\200\302\246"').text("doc") == "…"


def test_empty() -> None:
    assert parse("") == Message()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "expected ':' or '{' after a"),
        ("a:", "expected a value"),
        ("a: }", "expected a value"),
        ("a {", "expected the name of a field"),
        ("}", "expected the name of a field"),
        ('a: "b', "unexpected '\"b'"),
        ("1: 2", "expected the name of a field"),
    ],
)
def test_what_is_not_a_message(text: str, message: str) -> None:
    with pytest.raises(TextprotoError, match="^offset ") as caught:
        parse(text)
    assert message in str(caught.value)
