# shellcheck shell=sh disable=SC2154 # tools/bazel sets workspace and version
# Shared by the launcher's scripts: messages, the cache directory, and where the registries are.

container_marks="/.dockerenv /run/.containerenv"
kernel_settings=/proc/sys

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

# The Debian mirrors of this machine's apt (URLs of directories that hold dists/ and pool/, separated by blanks), if any.
host_debian_mirrors() {
    command -v apt-get >/dev/null 2>&1 || return 0
    # Security and third-party archives have other last path components.
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
        awk '/^https?:.*\/debian\/?$/ && !seen[$0]++ { printf "%s%s", blank, $0; blank = " " }'
}

# The index that this machine's pip uses (by its environment, its configuration, else its own default) and, in a second line, the
# configuration file of its own installation.
host_pypi_index() {
    command -v python3 >/dev/null 2>&1 || return 0
    python3 -c 'if True:
        import sys
        from pip._internal.commands import create_command
        print(create_command("download").parse_args([])[0].index_url)
        print(sys.prefix + "/pip.conf")' 2>/dev/null || true
}

# The variables that decide where apt and pip look, as a word.
registries_variables() {
    env | grep -E '^(APT_CONFIG|HOME|PATH|PIP_[A-Z_]*|PYENV_[A-Z_]*|VIRTUAL_ENV|XDG_CONFIG_[A-Z]*)=' | sort | sha256sum | cut -c1-12
}

# The state of the files that decide it, as a word: clients, their configuration, FILE….
registries_state() {
    { stat -L -c '%n %i %s %y' /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/sources.list.d/* /etc/apt/apt.conf \
        /etc/apt/apt.conf.d /etc/apt/apt.conf.d/* /etc/pip.conf /etc/xdg/pip/pip.conf "${HOME:-/}/.pip/pip.conf" \
        "${XDG_CONFIG_HOME:-${HOME:-}/.config}/pip/pip.conf" "${VIRTUAL_ENV:-}/pip.conf" \
        "${PIP_CONFIG_FILE:-/etc/pip.conf}" "${APT_CONFIG:-/etc/apt/apt.conf}" \
        "$(command -v python3)" "$(command -v apt-get)" "$@" 2>/dev/null || true; } | sha256sum | cut -c1-64
}

# Sets RUNTIME_DEBIAN_URL and RUNTIME_PYPI_INDEX_URL, unless they are set. apt and pip take a second or two to answer, and every start
# of Bazel would wait: their answers are kept until something in registries_state changes.
find_registries() {
    [ -z "${RUNTIME_DEBIAN_URL:-}" ] || [ -z "${RUNTIME_PYPI_INDEX_URL:-}" ] || return 0
    kept=$(launcher_cache)/registries.$(registries_variables)
    state=
    debian=
    index=
    settings=
    if [ -r "$kept" ]; then
        { read -r state && read -r debian && read -r index && read -r settings; } <"$kept" || state=
    fi
    if [ -z "$state" ] || [ "$state" != "$(registries_state "$settings")" ]; then
        debian=$(host_debian_mirrors)
        index=$(host_pypi_index)
        settings=${index#*
}
        index=${index%%
*}
        # One that does not answer is asked again. A venv that comes and goes has an answer of its own.
        if [ -n "$debian" ] && [ -n "$index" ]; then
            beside=$(mktemp "$kept.XXXXXX") &&
                printf '%s\n' "$(registries_state "$settings")" "$debian" "$index" "$settings" >"$beside" && mv "$beside" "$kept"
        fi
    fi
    : "${RUNTIME_DEBIAN_URL:=$debian}" "${RUNTIME_PYPI_INDEX_URL:=$index}"
}

# compatible VERSION: whether MODULE.bazel's bazel_compatibility allows it.
compatible() {
    case $1 in [0-9]*.[0-9]*.[0-9]*) ;; *) return 1 ;; esac
    # shellcheck disable=SC2013 # bounds have no blanks
    for bound in $(sed -n '/bazel_compatibility/,/\]/s/"\([<>=-]*[0-9.]*\)"/\n\1\n/gp' "$workspace/MODULE.bazel" | grep '^[<>-]'); do
        other=$(printf %s "$bound" | tr -d '<>=-')
        least=$(printf '%s\n' "$1" "$other" | sort -V | head -n 1)
        case $bound in
        ">="*) [ "$least" = "$other" ] ;;
        "<="*) [ "$least" = "$1" ] ;;
        ">"*) [ "$least" = "$other" ] && [ "$1" != "$other" ] ;;
        "<"*) [ "$least" = "$1" ] && [ "$1" != "$other" ] ;;
        "-"*) [ "$1" != "$other" ] ;;
        esac || return 1
    done
}

# use_compatible VERSION PLACE: says that it is not the version that is tested.
use_compatible() {
    say "using Bazel $1 ($2): .bazelversion asks for $version, which is the version that is tested; MODULE.bazel allows others"
}

# need_namespaces: stops, with the reason and the way on, where bubblewrap may not make a namespace.
need_namespaces() {
    ! bwrap --ro-bind / / true 2>/dev/null || return 0
    elsewhere="or put bazelisk or bazel $version on PATH"
    for mark in $container_marks; do
        [ ! -e "$mark" ] ||
            die "bubblewrap may not make a namespace in this container (it needs CAP_SYS_ADMIN and a seccomp profile that allows it)" \
                "Start the container with --privileged, $elsewhere."
    done
    for setting in kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; do
        file=$kernel_settings/$(printf %s "${setting%=*}" | tr . /)
        case $setting:$(cat "$file" 2>/dev/null || echo none) in
        *=0:1 | *=1:0 | *000:0) die "bubblewrap may not make a namespace: ${setting%=*} forbids it" "Run: sudo sysctl -w $setting ($elsewhere)" ;;
        esac
    done
    die "bubblewrap may not make a namespace here" "Allow user namespaces (in a container: --privileged), $elsewhere."
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
