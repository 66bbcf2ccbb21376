"""Writes the Markdown page of a .bzl file from what starlark_doc_extract says about it."""

from __future__ import annotations

import re
import textwrap

from tools.host.reference.textproto import Message

_WIDTH = 120
_TYPES = {
    "BOOLEAN": "bool",
    "INT": "int",
    "INT_LIST": "list of ints",
    "LABEL": "label",
    "LABEL_DICT_UNARY": "dict: label → string",
    "LABEL_KEYED_STRING_DICT": "dict: label → string",
    "LABEL_LIST": "list of labels",
    "LABEL_STRING_DICT": "dict: label → string",
    "NAME": "name",
    "OUTPUT": "label of an output",
    "OUTPUT_LIST": "list of labels of outputs",
    "STRING": "string",
    "STRING_DICT": "dict: string → string",
    "STRING_LIST": "list of strings",
    "STRING_LIST_DICT": "dict: string → list of strings",
}


class UndocumentedError(Exception):
    """A public symbol, an attribute, a parameter or a field has no documentation; the message names it."""


def page(label: str, module: Message) -> str:
    """Return the page of the file `label`, with its rules, macros and functions, and providers in alphabetic order.

    Raises:
        UndocumentedError: something that the page would list has no docstring.
    """
    sections = {
        "Rules": [(rule.text("rule_name"), _rule(rule)) for rule in module.messages("rule_info")],
        "Macros and functions": [
            (func.text("function_name"), _function(func)) for func in module.messages("func_info")
        ],
        "Providers": [
            (provider.text("provider_name"), _provider(provider)) for provider in module.messages("provider_info")
        ],
    }
    lines = [f"# `{label}`", "", *_prose(_documented(label, module.text("module_docstring"))), ""]
    for title, symbols in sections.items():
        if symbols:
            lines += [f"## {title}", ""]
            for name, body in sorted(symbols):
                lines += [f"### {name}", "", *body, ""]
    return "\n".join(lines)


def symbols(module: Message) -> list[str]:
    """Return the names of what a page documents, in alphabetic order."""
    return sorted(
        [rule.text("rule_name") for rule in module.messages("rule_info")]
        + [func.text("function_name") for func in module.messages("func_info")]
        + [provider.text("provider_name") for provider in module.messages("provider_info")]
    )


def _documented(name: str, text: str) -> str:
    if not text.strip():
        raise UndocumentedError(f"{name} has no docstring")
    return text.strip("\n")


def _rule(rule: Message) -> list[str]:
    name = rule.text("rule_name")
    lines = _prose(_documented(name, rule.text("doc_string")))
    provided = [provider for group in rule.messages("advertised_providers") for provider in _names(group)]
    if provided:
        lines += ["", "Provides: " + ", ".join(f"`{provider}`" for provider in provided) + "."]
    lines += ["", "Attributes:", ""]
    attributes = [attribute for attribute in rule.messages("attribute") if attribute.text("type") != "NAME"]
    for attribute in sorted(attributes, key=lambda item: (item.text("mandatory") != "true", item.text("name"))):
        lines += _attribute(name, attribute)
    return lines


def _attribute(rule: str, attribute: Message) -> list[str]:
    name = attribute.text("name")
    notes = [_TYPES.get(attribute.text("type"), attribute.text("type"))]
    providers = [
        " and ".join(f"`{name}`" for name in _names(group)) for group in attribute.messages("provider_name_group")
    ]
    if providers:
        notes.append("with " + " or ".join(providers))
    values = [value for value in attribute.get("values", []) if isinstance(value, str)]
    if values:
        notes.append("one of " + ", ".join(f"`{value}`" for value in values))
    notes.append(
        "required" if attribute.text("mandatory") == "true" else f"default `{attribute.text('default_value')}`"
    )
    return _item(name, ", ".join(notes), _documented(f"{rule}.{name}", attribute.text("doc_string")))


def _function(function: Message) -> list[str]:
    name = function.text("function_name")
    lines = _prose(_documented(name, function.text("doc_string")))
    parameters = function.messages("parameter")
    if parameters:
        lines += ["", "Arguments:", ""]
    for parameter in parameters:
        given = parameter.text("name")
        default = parameter.text("default_value")
        note = f"default `{default}`" if default else ""
        lines += _item(given, note, _documented(f"{name}({given})", parameter.text("doc_string")))
    returned = "".join(message.text("doc_string") for message in function.messages("return"))
    if returned:
        lines += ["", *_prose("Returns: " + returned.strip())]
    return lines


def _provider(provider: Message) -> list[str]:
    name = provider.text("provider_name")
    lines = [*_prose(_documented(name, provider.text("doc_string"))), "", "Fields:", ""]
    for field in sorted(provider.messages("field_info"), key=lambda item: item.text("name")):
        lines += _item(field.text("name"), "", _documented(f"{name}.{field.text('name')}", field.text("doc_string")))
    return lines


def _prose(text: str) -> list[str]:
    return text.strip("\n").rstrip().split("\n")


def _names(group: Message) -> list[str]:
    return [name for name in group.get("provider_name", []) if isinstance(name, str)]


def _item(name: str, note: str, text: str) -> list[str]:
    first, *paragraphs = re.split(r"\n\s*\n", textwrap.dedent(text))
    heading = f"- **{name}**" + (f" ({note})" if note else "") + ": "
    # Code spans and labels are not divided.
    lines = textwrap.wrap(
        heading + " ".join(first.split()),
        _WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    for paragraph in paragraphs:
        lines += ["", *("  " + line for line in _prose(paragraph))]
    return lines
