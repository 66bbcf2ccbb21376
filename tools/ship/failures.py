"""Say what a failure of a push means, and what helps.

The words are those of skopeo's Go client (net/http, crypto/x509, the error codes of the distribution specification) and of
registries; tests/failures_test.py gets them from real runs.
"""

from __future__ import annotations

from tools.ship.credentials import Search

# Words in lower case, and what they mean: the first row that fits. {0} is REGISTRY.
_KINDS: tuple[tuple[tuple[str, ...], str], ...] = (
    # The way to the registry.
    (
        ("proxyconnect", "proxy authentication required"),
        "can't be reached: the proxy fails; check HTTPS_PROXY, or name {0} in NO_PROXY",
    ),
    (
        ("http response to https client", "first record does not look like a tls handshake"),
        "speaks plain HTTP: allow it by --tls-verify false",
    ),
    (
        ("certificate has expired or is not yet valid",),
        "has a certificate that has expired or is not valid yet: have it renewed, or set this machine's clock",
    ),
    (
        ("x509: certificate is valid for", "any ip sans", "not valid for any names", "legacy common name"),
        "has a certificate for another name: use the name that the certificate has",
    ),
    (
        ("remote error: tls: bad certificate", "tls: certificate required"),
        "wants a certificate of the client: put it into /etc/containers/certs.d/{0}",
    ),
    (
        ("x509",),
        "has a certificate that this machine does not trust: add its authority to the system's, or set SSL_CERT_FILE",
    ),
    (
        ("connection refused", "no such host", "i/o timeout", "unreachable", "dial tcp", "connection reset", ": eof"),
        "can't be reached: check its name, the network and the proxy",
    ),
    (("invalid status code from registry 404",), "does not answer as a registry does: check its name and port"),
    # What the registry does not do for anybody.
    (
        ("toomanyrequests", "too many requests", "statuscode: 429", "registry 429"),
        "limits the number of requests: wait, or log in",
    ),
    (
        (
            "immutable",
            "cannot be overwritten",
            "does not allow updating",
            "tag already exists",
            "imagetagalreadyexists",
        ),
        "does not let a tag that exists move: push under another --tag",
    ),
    (
        ("quota", "upper limit", "insufficient storage", "no space left", "statuscode: 507"),
        "has no room for the image: free some, or have its quota raised",
    ),
    (
        ("statuscode: 413", "request entity too large"),
        "or a proxy before it limits the size of an upload (status 413): have the limit raised",
    ),
    (("policy",), "forbids the image by a policy of its own: ask those who run it"),
    (
        ("token has expired", "token is expired", "expired token"),
        "refuses credentials that have expired: run docker login {0} (or podman login)",
    ),
)
_UNAUTHORIZED = ("unauthorized", "invalid username/password", "authentication required", "no basic auth credentials")
_FORBIDDEN = ("denied", "403 (forbidden)", "statuscode: 403")
_ABSENT = ("manifest unknown", "name unknown", "statuscode: 404")
_REJECTED = ("manifest invalid", "unsupported", "media type", "mediatype", "statuscode: 415")
_BUSY = ("registry 500", "registry 502", "registry 503", "registry 504", "http status: 5", "statuscode: 50")


def _has(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def means_absent(message: str) -> bool:
    """Return whether a registry says that it has no such tag or repository."""
    return _has(message.lower(), _ABSENT)


def means_hidden(message: str) -> bool:
    """Return whether a registry does not say what it has: it wants other rights, or hides that there is nothing."""
    return _has(message.lower(), _UNAUTHORIZED + _FORBIDDEN)


def explain(message: str, registry: str, search: Search) -> str:
    """Put what helps before a message of skopeo.

    Args:
        message: of the failure.
        registry: host, and port if it has one.
        search: how credentials were looked for.
    """
    text = message.lower()
    found = next((meaning.format(registry) for words, meaning in _KINDS if _has(text, words)), "")
    if not found and _has(text, _UNAUTHORIZED + _FORBIDDEN):
        found = _refusal(registry, search, forbidden=not _has(text, _UNAUTHORIZED))
    if not found and "uploading manifest" in text and _has(text, _REJECTED):
        found = "does not take the image's manifest: it has to accept OCI manifests and indexes (OCI image specification 1.0)"
    if not found and "initiating layer upload" in text and _has(text, ("unsupported", "statuscode: 405")):
        found = "takes no uploads: it is read-only"
    if not found and _has(text, _ABSENT):
        found = "has no such repository, and does not make one by itself: create it first"
    if not found and _has(text, _BUSY):
        found = "has a failure of its own: try again later"
    return f"{registry} {found}; {message}" if found else message


def _refusal(registry: str, search: Search, forbidden: bool) -> str:
    log_in = f"run docker login {registry} (or podman login)"
    if search.login:
        rights = "; they may have no right to push there" if forbidden else ""
        return f"refuses the credentials of {search.login.source}: {log_in}{rights}"
    reasons = "".join(f"; {warning}" for warning in search.warnings)
    return f"wants credentials, and there are none in {', '.join(search.places)}: {log_in}{reasons}"
