"""The state of a system, computed from facts of small packages."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from tools.formats import deb_archive, deb_samples
from tools.inputs.deb import accounts, certificates, dpkg_state, facts, ld_cache, oracle_trees, pam, state_part, tables
from tools.inputs.deb.facts import Facts, Library
from tools.inputs.deb.system import StateError, System, Tree
from tools.lib import decode

MASTER = "usr/share/base-passwd"
BASE = {
    f"{MASTER}/passwd.master": "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:nobody:/nonexistent:/bin/false\n",
    f"{MASTER}/group.master": "root:*:0:\nnogroup:*:65534:\n",
    "usr/share/debianutils/shells": "# shells\n/bin/sh\n",
    "etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
    "etc/ld.so.conf.d/x.conf": "# local\n/usr/local/lib\n",
    "etc/skel/.bashrc": "# bash\n",
    "etc/skel/.profile": "# profile\n",
}
STATE = {
    "accounts": {"groups": [], "users": []},
    "shells": [],
    "alternatives": [],
    "diversions": [],
    "statoverrides": [],
    "certificates_head": [],
    "locales_head": [],
    "apt_sources": [],
    "directories": ["usr/share/man/man1"],
}
USER = {
    "name": "u",
    "uid": 50000,
    "gid": 50000,
    "groups": ["root"],
    "home": "/home/u",
    "home_mode": 0o775,
    "home_gid": 0,
    "home_files": {".bashrc": "# ours\n"},
    "password": "!",
    "shell": "/bin/sh",
}
ACCOUNTS = {"groups": [{"name": "u", "gid": 50000}], "users": [USER]}


def own_accounts(declared: dict = ACCOUNTS) -> tables.Accounts:
    return decode.fields(tables.Accounts, declared)


def state() -> tables.State:
    return decode.fields(tables.State, STATE)


def package(name: str = "base", fields: dict[str, str] | None = None, **more: Any) -> Facts:
    control = {"Package": name, "Version": "1", "Architecture": "amd64", "Description": "x", **(fields or {})}
    values = {"instance": name, "conffiles": (), "interests": (), "paths": (), "libraries": (), "texts": {}, **more}
    return Facts(fields=control, **values)


def text(tree: Tree, path: str) -> str:
    return tree.entries[path].data.decode()


def test_accounts() -> None:
    tree = Tree(0)
    accounts.write_accounts(System([package(texts=BASE)], "amd64"), tree, 19723, [state().accounts, own_accounts()])
    assert text(tree, "etc/passwd").splitlines()[0] == "root:x:0:0:root:/root:/bin/bash"
    assert text(tree, "etc/passwd").splitlines()[-1] == "u:x:50000:50000::/home/u:/bin/sh"
    assert text(tree, "etc/group") == "root:x:0:u\nnogroup:x:65534:\nu:x:50000:\n"
    assert text(tree, "etc/shadow").splitlines()[::2] == ["root:*:19723:0:99999:7:::", "u:!:19723:0:99999:7:::"]
    assert (tree.entries["etc/shadow"].mode, tree.entries["etc/shadow"].gid) == (0o640, 42)
    home = tree.entries["home/u"]
    assert (home.mode, home.uid, home.gid) == (0o775, 50000, 0)
    assert tree.entries["home/u/.profile"].mode == 0o664
    assert text(tree, "home/u/.bashrc") == "# ours\n"


@pytest.mark.parametrize(
    "declared, reason",
    [
        ({"groups": [{"name": "root", "gid": 7}], "users": []}, "root .7.: root .0. is there already"),
        ({"groups": [{"name": "x", "gid": 0}], "users": []}, "there already"),
        ({"groups": [{"name": "X:y", "gid": 7}], "users": []}, "not a portable name"),
        ({"groups": [], "users": [USER]}, "no group has the number 50000"),
        ({"groups": ACCOUNTS["groups"], "users": [{**USER, "groups": ["wheel"]}]}, "no group wheel"),
        ({"groups": ACCOUNTS["groups"], "users": [{**USER, "home": "/a:b"}]}, "':' or a line break"),
    ],
)
def test_accounts_that_clash(declared: dict[str, Any], reason: str) -> None:
    with pytest.raises(StateError, match=reason):
        accounts.write_accounts(System([package(texts=BASE)], "amd64"), Tree(0), 0, [own_accounts(declared)])


def test_status_stanza_is_in_dpkgs_form() -> None:
    fields = {"Homepage": "h", "Depends": "b(>=1)|c ,d", "Section": "libs"}
    system = System([package("z"), package("a", fields, conffiles=(("/etc/a", "00"),))], "amd64")
    tree = Tree(0)
    dpkg_state.write_status(system, tree)
    first, second = text(tree, "var/lib/dpkg/status").split("\n\n")[:2]
    assert first == (
        "Package: a\nStatus: install ok installed\nSection: libs\nArchitecture: amd64\nVersion: 1\n"
        "Depends: b (>= 1) | c, d\nConffiles:\n /etc/a 00\nDescription: x\nHomepage: h"
    )
    assert second.startswith("Package: z\n")


def test_triggers_name_instances() -> None:
    tree = Tree(0)
    dpkg_state.write_status(
        System([package(interests=(("t", ""),)), package("q", interests=(("t", "noawait"),))], "amd64"), tree
    )
    assert text(tree, "var/lib/dpkg/triggers/t") == "base\nq/noawait\n"


def alternative(*choices: Any) -> Any:
    return [tables.Alternative("pager", "/usr/bin/pager", {"pager.1.gz": "/man/pager.1.gz"}, choices)]


def choice(path: str, priority: Any, name: str = "base") -> Any:
    return tables.Choice(name, path, priority, {"pager.1.gz": path + ".1.gz"})


def test_alternatives() -> None:
    system = System([package(paths=("bin/more", "bin/less"))], "amd64")
    tree = Tree(0)
    declared = alternative(
        choice("/bin/more", 50), choice("/bin/less", 77), choice("/bin/gone", 99), choice("/x", 100, "absent")
    )
    dpkg_state.write_alternatives(system, tree, declared)
    assert text(tree, "var/lib/dpkg/alternatives/pager") == (
        "auto\n/usr/bin/pager\npager.1.gz\n/man/pager.1.gz\n\n"
        "/bin/less\n77\n/bin/less.1.gz\n/bin/more\n50\n/bin/more.1.gz\n\n"
    )
    assert tree.entries["usr/bin/pager"].target == "/etc/alternatives/pager"
    assert tree.entries["etc/alternatives/pager"].target == "/bin/less"
    assert "man/pager.1.gz" not in tree.entries, "the manual page is not there"
    with pytest.raises(StateError, match="same priority"):
        dpkg_state.write_alternatives(system, Tree(0), alternative(choice("/bin/more", 1), choice("/bin/less", 1)))


def test_apt() -> None:
    example = {
        "usr/share/doc/apt/examples/sources.list": "# x\ndeb http://archive.example/debian bullseye main contrib\n"
    }
    packages = [
        package("apt", texts=example),
        package("req", {"Priority": "required"}),
        package("dep"),
        package("named"),
    ]
    sources = [tables.AptSource("debian", "s"), tables.AptSource("debian-security", "s-security")]
    tree = Tree(0)
    dpkg_state.write_apt(System(packages, "amd64"), tree, sources, ["apt", "named"])
    assert text(tree, "etc/apt/sources.list") == (
        "deb http://archive.example/debian s main\ndeb http://archive.example/debian-security s-security main\n"
    )
    assert text(tree, "var/lib/apt/extended_states") == "Package: dep\nArchitecture: amd64\nAuto-Installed: 1\n\n"


def test_packages_that_do_not_fit_together() -> None:
    with pytest.raises(StateError, match="usr/bin/x is in the packages a and b"):
        System([package("a", paths=("usr/bin/x",)), package("b", paths=("usr/bin/x",))], "amd64")
    with pytest.raises(StateError, match="a occurs twice"):
        System([package("a"), package("a")], "amd64")
    with pytest.raises(StateError, match="a is of architecture arm64, the system of amd64"):
        System([package("a", {"Architecture": "arm64"})], "amd64")
    with pytest.raises(StateError, match="asked for but not in the lock: gone"):
        state_part.build([package(texts=BASE)], "amd64", state(), own_accounts(), ["gone"])
    with pytest.raises(StateError, match="etc/passwd is made here but is a file of the package base"):
        state_part.build([package(texts=BASE, paths=("etc/passwd",))], "amd64", state(), own_accounts(), [])


def test_loader_cache() -> None:
    lib = "usr/lib/x86_64-linux-gnu"
    libraries = (
        Library(f"{lib}/libz.so.1.2", "", 62, "libz.so.1", 0),
        Library(f"{lib}/libz.so.1", "libz.so.1.2"),
        Library(f"{lib}/libz.so", "libz.so.1.2"),
        Library(f"{lib}/libz.so.10", "", 62, "libz.so.10", 0),
        Library(f"{lib}/libother.so.1", "", 183, "libother.so.1", 0),
        Library(f"{lib}/plugins/libp.so", "", 62, "libp.so", 0),
        Library(f"{lib}/libm-2.31.so", "", 62, "libm.so.6", 0x030200),
        Library("usr/local/lib/libz.so.1", "", 62, "libz.so.1", 0),
    )
    tree = Tree(0)
    ld_cache.write_ld_cache(System([package(texts=BASE, libraries=libraries)], "amd64"), tree)
    data = tree.entries["etc/ld.so.cache"].data
    assert data[:20] == b"glibc-ld.so.cache1.1" and struct.unpack_from("<I", data, 20) == (4,)
    names = []
    for i in range(4):
        flags, key, value, os_version, _ = struct.unpack_from("<iIIIQ", data, 48 + 24 * i)
        names.append((flags, data[key : data.index(b"\0", key)], data[value : data.index(b"\0", value)], os_version))
    assert names == [
        (0x303, b"libz.so.10", b"/usr/lib/x86_64-linux-gnu/libz.so.10", 0),
        (0x303, b"libz.so.1", b"/usr/local/lib/libz.so.1", 0),
        (0x303, b"libz.so.1", b"/usr/lib/x86_64-linux-gnu/libz.so.1", 0),
        (0x303, b"libm.so.6", b"/usr/lib/x86_64-linux-gnu/libm.so.6", 0x030200),
    ]
    assert tree.entries[f"{lib}/libm.so.6"].target == "libm-2.31.so", "ldconfig makes links that are missing"
    special = Library(f"{lib}/haswell/libz.so.1", "", 62, "libz.so.1", 0)
    with pytest.raises(StateError, match="special CPUs"):
        ld_cache.write_ld_cache(System([package(texts=BASE, libraries=(special,))], "amd64"), Tree(0))


def test_pam_without_its_marks() -> None:
    texts = {f"usr/share/pam/common-{kind}": "nothing\n" for kind in ("auth", "account", "password", "session")}
    with pytest.raises(StateError, match="common-auth has not the marks"):
        pam.write_pam(System([package("libpam-runtime", texts=texts)], "amd64"), Tree(0))


def test_certificates_of_the_lock() -> None:
    """Hashes as `openssl x509 -hash` prints them, for certificates of the locked package."""
    deb = deb_archive.read(Path(os.environ["CA_CERTIFICATES_DEB"]).read_bytes(), "ca-certificates")
    collected = facts.collect(deb, deb.entries, ["usr/share/ca-certificates/*.crt"])
    tree = Tree(0)
    certificates.write_certificates(System([collected], "amd64"), tree, ["# head"])
    assert tree.entries["etc/ssl/certs/4042bcee.0"].target == "ISRG_Root_X1.pem"
    count = len(collected.texts)
    assert count > 100
    assert text(tree, "etc/ssl/certs/ca-certificates.crt").count("BEGIN CERTIFICATE") == count
    assert sum(path.endswith(".pem") for path in tree.entries) == count
    assert text(tree, "etc/ca-certificates.conf").startswith("# head\nmozilla/")


@pytest.mark.parametrize("pem", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"])
def test_broken_certificate(pem: str) -> None:
    with pytest.raises(certificates.CertificateError):
        certificates.subject_hash(pem)


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "facts").write_text(facts.dump(package(texts=BASE)))
    files = {"state": tmp_path / "state.json", "accounts": tmp_path / "accounts.json", "facts": tmp_path / "facts"}
    files["state"].write_text(json.dumps(STATE))
    files["accounts"].write_text(json.dumps(ACCOUNTS))
    files |= {name: tmp_path / name for name in ("part", "mtree")}
    arguments = [*(f"--{name}={file}" for name, file in files.items()), "--manual=base", "--architecture"]
    assert state_part.main([*arguments, "amd64"]) == 0
    made = oracle_trees.of_parts([[str(tmp_path / "part"), str(tmp_path / "mtree")]])
    assert made["etc/shells"].data == b"# shells\n/bin/sh\n" and "usr/share/man/man1" in made
    assert state_part.main([*arguments, "arm64"]) == 1
    assert "state_part: state of the Debian system: base is of architecture amd64" in capsys.readouterr().err
    misspelt = {**ACCOUNTS, "users": [{**USER, "hmoe": "/"}]}
    files["accounts"].write_text(json.dumps(misspelt))
    assert state_part.main([*arguments, "amd64"]) == 1
    assert "accounts.json: `users`, row 1 (u): has an unknown field 'hmoe'" in capsys.readouterr().err
    files["accounts"].write_text(json.dumps(ACCOUNTS))
    files["state"].write_text(json.dumps({**STATE, "diversions": [{"package": "dash", "path": "/a", "ot": "/b"}]}))
    assert state_part.main([*arguments, "amd64"]) == 1
    assert "state.json: `diversions`, row 1 (dash): has an unknown field 'ot'" in capsys.readouterr().err


def test_facts_of_a_sample() -> None:
    deb = deb_archive.read(deb_samples.deb({"etc/a": b"\xff"}), "a.deb")
    with pytest.raises(facts.FactsError, match="not UTF-8"):
        facts.collect(deb, deb.entries, ["etc/*"])
    broken = deb_archive.read(deb_samples.deb({"lib/libx.so.1": b"\x7fELF\x02\x01\x01" + bytes(9)}), "a.deb")
    with pytest.raises(facts.FactsError, match="lib/libx.so.1: broken ELF"):
        facts.collect(broken, broken.entries, [])
    trigger = deb_archive.read(deb_samples.deb(scripts={"triggers": b"interest /usr/lib\n"}), "a.deb")
    with pytest.raises(facts.FactsError, match="trigger"):
        facts.collect(trigger, trigger.entries, [])
    missing = deb_archive.read(deb_samples.deb(scripts={"conffiles": b"/etc/gone\n"}), "a.deb")
    with pytest.raises(facts.FactsError, match="conffile"):
        facts.collect(missing, missing.entries, [])
