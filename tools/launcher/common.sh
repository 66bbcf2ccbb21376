# Shared by the launcher's scripts: messages, the cache directory, and where the registries are.

say() { printf 'tools/bazel: %s\n' "$*" >&2; }

# die REASON REMEDY: one actionable line, then stop.
die() {
    say "$1. $2"
    exit 1
}

# The launcher's own cache; all of it can be made again.
launcher_cache() {
    [ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] || die "HOME is not set" "Set it, or XDG_CACHE_HOME: Bazel is kept there."
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/airflow-runtime-images"
}

# The Debian mirror of this machine's apt (URL of the directory that holds dists/ and pool/), if it has one.
host_debian_mirror() {
    command -v apt-get >/dev/null 2>&1 || return 0
    # Security and third-party archives have other last path components.
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -E '^https?://.*/debian/?$' | head -n 1
}

# The index that this machine's pip uses: by its environment, its configuration, else its own default.
host_pypi_index() {
    command -v python3 >/dev/null 2>&1 || return 0
    python3 -c 'if True:
        from pip._internal.commands import create_command
        print(create_command("download").parse_args([])[0].index_url)' 2>/dev/null || true
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
