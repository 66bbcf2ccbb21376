# Shared by the launcher's scripts: messages, the cache directory, and where the registries are.

say() { printf 'tools/bazel: %s\n' "$*" >&2; }

# die REASON REMEDY: one actionable line, then stop.
die() {
    say "$1. $2"
    exit 1
}

# The launcher's own cache; nothing in it is needed twice, all of it can be made again.
launcher_cache() {
    printf '%s\n' "${XDG_CACHE_HOME:-${HOME:?HOME must be set}/.cache}/airflow-runtime-images"
}

# The Debian mirror of this machine's apt (URL of the directory that holds dists/ and pool/), if it has one.
host_debian_mirror() {
    command -v apt-get >/dev/null 2>&1 || return 0
    # Security and third-party archives have other last path components.
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -E '/debian/?$' | head -n 1
}

# The index that this machine's pip is configured for, if it has pip and a setting.
host_pypi_index() {
    [ -z "${PIP_INDEX_URL:-}" ] || { printf '%s\n' "$PIP_INDEX_URL"; return 0; }
    command -v python3 >/dev/null 2>&1 || return 0
    python3 -m pip config get global.index-url 2>/dev/null || true
}

# The bundle of certificate authorities that this machine trusts.
host_ca_bundle() {
    for bundle in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
        if [ -n "$bundle" ] && [ -r "$bundle" ]; then
            printf '%s\n' "$bundle"
            return 0
        fi
    done
}
