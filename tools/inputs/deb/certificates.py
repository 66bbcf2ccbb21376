"""The system's certificate store, as update-ca-certificates(8) and `openssl rehash` make it.

The hash of a link's name is that of X509_NAME_hash: SHA-1 over the canonical encoding of the subject.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

from tools.inputs.deb.system import StateError, System, Tree

_SHARE = "usr/share/ca-certificates"
_STORE = "etc/ssl/certs"
_UTF8 = 12
# String types that the canonical form converts to UTF-8 (ASN1_MASK_CANON): tag to codec.
_STRINGS = {12: "utf-8", 19: "latin-1", 20: "latin-1", 22: "latin-1", 26: "latin-1", 28: "utf-32-be", 30: "utf-16-be"}


class CertificateError(ValueError):
    """A certificate cannot be read."""


def write_certificates(system: System, tree: Tree, head: Sequence[str]) -> None:
    """Add the list of trusted certificates, a link for each, hash links, and the bundle.

    Args:
        system: ca-certificates brings the certificates; all are trusted.
        tree: receives the files.
        head: lines that ca-certificates.conf starts with.

    Raises:
        StateError: a certificate cannot be read, or two get the same name.
    """
    if "ca-certificates" not in system.packages:
        return
    names = [path[len(_SHARE) + 1 :] for path in system.below(_SHARE, ".crt")]
    tree.file("etc/ca-certificates.conf", "".join(line + "\n" for line in [*head, *names]))
    bundle, texts = "", {}
    for name in names:
        text = system.text(f"{_SHARE}/{name}")
        bundle += text if text.endswith("\n") else text + "\n"
        link = name.rsplit("/", 1)[-1][: -len(".crt")].replace(" ", "_").replace(",", "_")
        link = link.replace("(", "=").replace(")", "=") + ".pem"
        tree.link(f"{_STORE}/{link}", f"/{_SHARE}/{name}")
        texts[link] = text
    tree.file(f"{_STORE}/ca-certificates.crt", bundle)
    seen: dict[str, list[bytes]] = {}
    for link in sorted(texts):
        try:
            value, fingerprint = subject_hash(texts[link])
        except CertificateError as error:
            raise StateError(f"{_STORE}/{link}: {error}") from None
        known = seen.setdefault(value, [])
        if fingerprint not in known:
            tree.link(f"{_STORE}/{value}.{len(known)}", link)
            known.append(fingerprint)


def subject_hash(pem: str) -> tuple[str, bytes]:
    """Hash a certificate's subject for OpenSSL's file name.

    Args:
        pem: one certificate in PEM.

    Returns:
        Eight hexadecimal digits, and the SHA-256 of the certificate.

    Raises:
        CertificateError: there is no certificate, or its DER is broken.
    """
    match = re.search(r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END", pem, re.S)
    if not match:
        raise CertificateError("no certificate in PEM form")
    try:
        der = base64.b64decode(match.group(1))
        _, at, _ = _header(der, 0)  # Certificate
        _, at, _ = _header(der, at)  # TBSCertificate
        if der[at] == 0xA0:  # [0] version
            at = _header(der, at)[2]
        for _ in range(4):  # serial number, signature, issuer, validity
            at = _header(der, at)[2]
        digest = hashlib.sha1(_canonical(der, at)).digest()
    except (IndexError, UnicodeDecodeError, binascii.Error) as error:
        raise CertificateError(f"broken certificate: {error}") from None
    return f"{int.from_bytes(digest[:4], 'little'):08x}", hashlib.sha256(der).digest()


def _canonical(der: bytes, at: int) -> bytes:
    _, at, end = _header(der, at)
    result = b""
    while at < end:  # each relative distinguished name, a SET
        _, item, at = _header(der, at)
        values = []
        while item < at:
            _, oid, item_end = _header(der, item)
            _, _, value = _header(der, oid)
            tag, start, stop = _header(der, value)
            encoded = der[value:item_end]
            if tag in _STRINGS:
                text = der[start:stop].decode(_STRINGS[tag]).strip(" \t\n\v\f\r")
                text = re.sub(r"[ \t\n\v\f\r]+", " ", text)
                encoded = _encode(_UTF8, "".join(c.lower() if c.isascii() else c for c in text).encode("utf-8"))
            values.append(_encode(0x30, der[oid:value] + encoded))
            item = item_end
        result += _encode(0x31, b"".join(sorted(values)))
    return result


def _header(der: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, and start and end of the body, of the element at an offset."""
    size, start = der[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size = int.from_bytes(der[start : start + count], "big")
        start += count
    if start + size > len(der):
        raise IndexError("an element is longer than what is left")
    return der[at], start, start + size


def _encode(tag: int, body: bytes) -> bytes:
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body
