"""Listings: written, read, refused."""

from __future__ import annotations

import random

import pytest

from tools.oci import mtree, samples
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, Entry, MtreeError

DIGEST = "ab" * 32


def test_lines() -> None:
    entries = [
        Entry("usr/bin/w", FILE, 0o755, 0, 5, 1704067200, 123, DIGEST),
        Entry("usr/bin/x", FILE, 0o755, 0, 5, 1704067200, 123, DIGEST, check="00ff00ff"),
        Entry("usr", DIRECTORY, 0o755, implied=True),
        Entry(ROOT, DIRECTORY, 0o755),
        Entry("usr/bin/y", HARDLINK, 0o755, 0, 5, 1704067200, 123, DIGEST, "usr/bin/x"),
        Entry("usr/bin/z", SYMLINK, 0o777, target="a b"),
    ]
    assert mtree.dump(entries) == (
        "#mtree\n"
        ". type=dir mode=0755 uid=0 gid=0 time=1704067200.0\n"
        "./usr type=dir mode=0755 uid=0 gid=0 time=1704067200.0 optional\n"
        f"./usr/bin/w type=file mode=0755 uid=0 gid=5 time=1704067200.0 size=123 sha256digest={DIGEST}\n"
        f"./usr/bin/x type=file mode=0755 uid=0 gid=5 time=1704067200.0 size=123 sha256digest={DIGEST} check=00ff00ff\n"
        f"./usr/bin/y type=file mode=0755 uid=0 gid=5 time=1704067200.0 size=123 sha256digest={DIGEST}"
        " hardlink=./usr/bin/x\n"
        "./usr/bin/z type=link mode=0777 uid=0 gid=0 time=1704067200.0 link=a\\040b\n"
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plain-1.0_x+y~z@$", "plain-1.0_x+y~z@$"),
        ("a b\tc", "a\\040b\\011c"),
        ("#=\\*?[", "\\043\\075\\134\\052\\077\\133"),
        ("é\x85\u2028", "\\303\\251\\302\\205\\342\\200\\250"),
        ("\x7f\r", "\\177\\015"),
    ],
)
def test_escapes(text: str, word: str) -> None:
    assert mtree.escape(text) == word
    assert mtree.unescape(word) == text


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed: int) -> None:
    rng = random.Random(seed)
    used: set[str] = set()
    entries = []
    for _ in range(rng.randrange(30)):
        path = samples.name(rng, used)
        base = Entry(path, DIRECTORY, rng.randrange(0o10000), rng.randrange(70000), rng.randrange(9))
        entries.append(
            rng.choice(
                (
                    base,
                    base._replace(implied=True),
                    base._replace(type=FILE, size=rng.randrange(1 << 40), sha256=DIGEST, mtime=rng.randrange(1 << 31)),
                    base._replace(type=FILE, sha256=DIGEST, check=f"{rng.randrange(1 << 32):08x}"),
                    base._replace(type=SYMLINK, target=samples.name(rng, set())),
                    base._replace(type=HARDLINK, target=samples.name(rng, set()), size=1, sha256=DIGEST),
                )
            )
        )
    text = mtree.dump(entries)
    assert text.isascii()
    assert mtree.parse(text) == sorted(entries, key=lambda entry: entry.path.encode())
    rng.shuffle(entries)
    assert mtree.dump(entries) == text


GOOD = "./a type=dir mode=0755 uid=0 gid=0 time=0.0"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not start"),
        (GOOD + "\n", "does not start"),
        ("#mtree\n" + GOOD, "cut off"),
        (f"#mtree\n{GOOD}\n{GOOD}\n", "repeated or not sorted"),
        (f"#mtree\n{GOOD.replace('./a', './b')}\n{GOOD}\n", "repeated or not sorted"),
        (f"#mtree\n{GOOD[1:]}\n", "unreadable line"),
        (f"#mtree\n{GOOD} nlink=1\n", "unreadable line"),
        (f"#mtree\n{GOOD} uid=1\n", "unreadable line"),
        (f"#mtree\n{GOOD.replace('dir', 'block')}\n", "unreadable line"),
        (f"#mtree\n{GOOD.replace('uid=0', 'uid=x')}\n", "unreadable line"),
        (f"#mtree\n{GOOD.replace('0.0', '0.5')}\n", "unreadable line"),
        (f"#mtree\n{GOOD.replace(' uid=0', '')}\n", "unreadable line"),
        ("#mtree\n\n", "unreadable line"),
        (f"#mtree\n{GOOD} link=x\n", "not those of its type"),
        (f"#mtree\n{GOOD} size=1 sha256digest={DIGEST}\n", "not those of its type"),
        (f"#mtree\n{GOOD.replace('dir', 'file')}\n", "not those of its type"),
        (f"#mtree\n{GOOD.replace('dir', 'link')}\n", "not those of its type"),
        (f"#mtree\n{GOOD.replace('dir', 'link')} optional\n", "not those of its type"),
        (f"#mtree\n{GOOD.replace('dir', 'file')} size=1 sha256digest={DIGEST} check=0\n", "unreadable line"),
        (f"#mtree\n{GOOD.replace('./a', './' + chr(92) + '377')}\n", "not UTF-8"),
    ],
)
def test_refuses(text: str, reason: str) -> None:
    with pytest.raises(MtreeError, match=reason):
        mtree.parse(text)


def test_empty() -> None:
    assert mtree.parse(mtree.dump([])) == []
