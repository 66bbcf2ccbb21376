"""Go's patterns mean in Python what they mean in Go. What Go itself says is in agreement_test.py; here is why."""

from __future__ import annotations

import pytest

from tools.verify.soundness.go_regexp import InvalidPatternError, UnknownPatternError, compile_go


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a", "bab", True),
        (r"\Aa\z", "a", True),
        (r"\Aa\z", "a\n", False),
        ("^a$", "a\n", False),  # Python's "$" would take it
        ("(?m)^a$", "b\na\nc", True),
        ("(?m:^a)$", "b\na", True),
        ("(?m:^a)$", "b\na\n", False),
        ("(?i)ABC", "abc", True),
        ("(?i)A(?-i)B", "aB", True),
        ("(?i)A(?-i)B", "ab", False),
        ("(?i:A)B", "ab", False),
        ("x(?i)a|B", "b", True),  # flags reach beyond "|"
        ("(x(?i)a)B", "xAb", False),  # but not beyond the group
        ("(?i)[a-c]+", "BAC", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        (r"\s", "\v", False),
        (r"[\s]", "\v", False),
        (r"\S", "\v", True),
        (r"[\S]", "\v", True),
        (r"\d", "٣", False),
        (r"\w", "ä", False),
        (r"[\D]", "1", False),
        ("[[:alpha:]-]+", "-", True),
        ("[[:space:]]", "\v", True),
        ("[]a]", "]", True),
        ("[^]a]", "]", False),
        ("[a&&b]", "&", True),
        (r"\Qa.b\Ec", "a.bc", True),
        (r"\Qa.b", "axb", False),
        (r"\x41\x{42}\103\t", "ABC\t", True),
        ("a{2}", "a", False),
        ("a{,2}", "a{,2}", True),
        ("(?P<n>a)b", "ab", True),
        ("a??b", "b", True),
        ("é+", "éé", True),
        (r"\bä", "ä", False),  # "\b" is of ASCII
    ],
)
def test_match(pattern: str, text: str, fits: bool) -> None:
    assert (compile_go(pattern).search(text) is not None) == fits


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "a**",
        "a*+",
        "(",
        ")",
        "(?=a)",
        "(?<!a)",
        r"(a)\1",
        r"\Z",
        r"\y",
        "[",
        "a{1001}",
        "a{3,2}",
        "\\",
        "[[:none:]]",
        "(?x)a",
    ],
)
def test_what_go_refuses(pattern: str) -> None:
    with pytest.raises(InvalidPatternError):
        compile_go(pattern)


@pytest.mark.parametrize("pattern", [r"\pL", r"[\p{Greek}]", "(?U)a+", "[[:^alpha:]]", r"\C"])
def test_what_is_not_guessed(pattern: str) -> None:
    with pytest.raises(UnknownPatternError):
        compile_go(pattern)
