"""Certificates of servers on the loopback, made by the locked openssl."""

from __future__ import annotations

import hashlib
import re
import ssl
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.lib.architectures import BUILD

_ROOT = Path("tools/ship/openssl")
HUB_HOSTS = ("registry-1.docker.io", "index.docker.io", "auth.docker.io")
_CONFIGURATION = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
[right]
subjectAltName = IP:127.0.0.1, {}
[another]
subjectAltName = DNS:another.example
""".format(", ".join(f"DNS:{host}" for host in HUB_HOSTS))


@dataclass(frozen=True)
class Authority:
    """An authority that lives as long as a test.

    Attributes:
        directory: of its files; authority.pem is its own certificate.
    """

    directory: Path

    @property
    def certificate(self) -> Path:
        """The file of its own certificate."""
        return self.directory / "authority.pem"

    def server(self, name: str, names: str = "right", days: int = 1) -> ssl.SSLContext:
        """Return a server's side of TLS.

        Args:
            name: of the files.
            names: "right" for 127.0.0.1 and Docker Hub's hosts, or "another".
            days: how long it is valid; with a negative number it has expired.
        """
        key, request, certificate = (str(self.directory / f"{name}.{ending}") for ending in ("key", "csr", "pem"))
        self.openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", "/CN=server")
        signer = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
        extensions = ["-extfile", "openssl.cnf", "-extensions", names]
        self.openssl("x509", "-req", "-in", request, "-out", certificate, *signer, *extensions, "-days", str(days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def java_store(self, *others: Path) -> Path:
        """Return a store for Java's -Djavax.net.ssl.trustStore: this authority, and those in other files that are there.

        In the format JKS, which every Java reads, because keytool is not on every machine.
        """
        bundles = [file.read_text() for file in (self.certificate, *others) if file.is_file()]
        found = [
            pem
            for text in bundles
            for pem in re.findall(r"-----BEGIN CERTIFICATE-.*?-END CERTIFICATE-----", text, re.DOTALL)
        ]
        data = struct.pack(">III", 0xFEEDFEED, 2, len(found))
        for number, pem in enumerate(found):
            alias, certificate = f"authority{number}".encode(), ssl.PEM_cert_to_DER_cert(pem)
            data += (
                struct.pack(f">IH{len(alias)}sQH5sI", 2, len(alias), alias, 0, 5, b"X.509", len(certificate))
                + certificate
            )
        file = self.directory / "authorities.jks"
        file.write_bytes(data + hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + data).digest())
        return file

    def openssl(self, *arguments: str) -> None:
        """Run openssl beside the files."""
        root = _ROOT.absolute()
        libraries = ":".join(str(root / path) for path in BUILD.library_directories)
        loader = [str(root / BUILD.library_directories[0] / "ld-2.31.so"), "--library-path", libraries]
        environment = {"OPENSSL_CONF": "openssl.cnf", "RANDFILE": str(self.directory / "random")}
        command = [*loader, str(root / "usr/bin/openssl"), *arguments]
        result = subprocess.run(
            command, cwd=self.directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert result.returncode == 0, result.stdout


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def authority(directory: Path) -> Authority:
    """Make an authority in an empty directory."""
    directory.mkdir(exist_ok=True)
    (directory / "openssl.cnf").write_text(_CONFIGURATION)
    made = Authority(directory)
    files = ["-keyout", "authority.key", "-out", "authority.pem"]
    made.openssl("req", "-x509", *_KEY, *files, "-subj", "/CN=test", "-days", "2", "-extensions", "authority")
    return made
