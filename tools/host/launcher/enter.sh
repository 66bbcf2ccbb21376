# shellcheck shell=sh disable=SC2154 # tools/bazel sets workspace and version
# enter_and_run ROOT ARGS…: runs the root's Bazel on the host's files, and passes on the host's certificates and registries.

# Java's trust store made from the host's certificates, once per bundle; prints its path.
trust_store() {
    root=$1
    bundle=$2
    store=$(launcher_cache)/trust-$(sha256sum <"$bundle" | cut -c1-16)
    if [ ! -e "$store/cacerts" ]; then
        work=$(mktemp -d "$store.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        awk -v dir="$work" '
            /BEGIN (TRUSTED )?CERTIFICATE/ { n++; file = sprintf("%s/%04d.pem", dir, n) }
            file { print > file }
            /END (TRUSTED )?CERTIFICATE/ { close(file); file = "" }' "$bundle"
        for pem in "$work"/*.pem; do printf '+%s\n' "$pem"; done |
            bwrap --tmpfs / --ro-bind "$root/usr" /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
                --ro-bind "$root/etc" /etc --bind "$work" /etc/ssl/certs/java --bind "$work" "$work" --proc /proc --dev /dev \
                --setenv PATH /usr/bin /usr/lib/jvm/default-java/bin/java \
                -Xmx64m -jar /usr/share/ca-certificates-java/ca-certificates-java.jar -storepass changeit >"$work/log" 2>&1 &&
            [ -s "$work/cacerts" ] ||
            die "Java's trust store can't be made from $bundle: $(tail -n 1 "$work/log")" "Check that file, or set SSL_CERT_FILE."
        rm -f "$work"/*.pem "$work/log"
        # Left of an interrupted removal.
        [ -e "$store/cacerts" ] || rm -rf "$store"
        # Another launcher may have been first.
        mv -T "$work" "$store" 2>/dev/null || [ -e "$store/cacerts" ] ||
            die "$store can't be made" "Remove it by hand."
    fi
    printf '%s\n' "$store/cacerts"
}

# Whether a path shows the root's file in place of the host's.
hidden() {
    case $1/ in
    /bin/* | /sbin/* | /lib/* | /lib32/* | /lib64/* | /libx32/* | /usr/* | /etc/* | /boot/* | /lost+found/*) return 0 ;;
    esac
    return 1
}

# bubblewrap's arguments, each ended by NUL: everything of the host but its system directories at its own place; the
# system is the root's.
mounts() {
    printf '%s\0' --tmpfs / --ro-bind "$1/usr" /usr --ro-bind "$1/etc" /etc
    printf '%s\0' --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
    for path in /*; do
        case $path in /proc | /sys | /dev) continue ;; esac
        if hidden "$path"; then continue; fi
        if [ -L "$path" ]; then
            printf '%s\0' --symlink "$(readlink "$path")" "$path"
        elif [ -d "$path" ]; then
            printf '%s\0' --bind "$path" "$path"
        fi
    done
    # /var is the host's (homes and CI's workspaces lie there), but what the root's package tools keep there is theirs.
    for path in /var/lib/apt /var/lib/dpkg /var/cache/apt; do
        if [ -d "$path" ]; then printf '%s\0' --ro-bind "$1$path" "$path"; fi
    done
    printf '%s\0' --dev-bind /dev /dev --ro-bind /sys /sys
    # The host's own /proc: with a new one Bazel's linux-sandbox can't mount its /proc and is silently left out.
    printf '%s\0' --bind /proc /proc
    for file in passwd group subuid subgid hosts resolv.conf; do
        if [ -e "$1/etc/$file" ]; then printf '%s\0' --ro-bind-try "$(readlink -f "/etc/$file")" "/etc/$file"; fi
    done
}

# run_in_foreground COMMAND…: waits for it and returns its exit status. bubblewrap stays between us and Bazel and would die
# alone of a signal: Ctrl-C reaches Bazel by the terminal, the others are passed on to it.
run_in_foreground() {
    exec 3<&0
    "$@" <&3 3<&- &
    waiter=$!
    exec 3<&- 8<&-
    trap : INT
    trap 'forward TERM' TERM
    trap 'forward HUP' HUP
    while :; do
        status=0
        wait "$waiter" || status=$?
        # A signal also ends the waiting.
        kill -0 "$waiter" 2>/dev/null || return "$status"
    done
}

forward() {
    bazel=
    read -r bazel <"/proc/$waiter/task/$waiter/children" || true
    # Before bubblewrap has started it, bubblewrap itself is what there is to end.
    kill -"$1" "${bazel:-$waiter}" 2>/dev/null || true
}

# for_host ARGS…: whether Bazel is to run a .push, .load or //:project. Those need the host's engines, credential helpers and
# settings, so Bazel only builds them in the root; the host runs them. It also runs the benchmark that starts this launcher, and
# the one that compares the host's Python.
for_host() {
    while [ $# -gt 0 ] && [ "$1" != run ]; do
        [ "$1" != -- ] || return 1
        shift
    done
    target=
    while [ $# -gt 1 ] && [ "$2" != -- ]; do
        shift
        case $1 in
        -*) ;;
        *//* | :* | @*) target=$1 && break ;; # a word before it belongs to an option
        *) target=${target:-$1} ;;
        esac
    done
    case $target in
    *.push | *.load | *//:project | :project | *//tools/project) return 0 ;;
    //tests/benchmark:projects | //tests/benchmark:interpreters) return 0 ;;
    esac
    return 1
}

# run_on_host SCRIPT: becomes what Bazel wrote down there, arguments included.
run_on_host() {
    program=$(cat "$1")
    rm -f "$1"
    trap - INT TERM HUP
    exec sh -c "$program" "$1"
}

enter_and_run() {
    root=$1
    shift
    command -v bwrap >/dev/null || die "bubblewrap is not installed" "Run: sudo apt-get install -y bubblewrap"
    need_namespaces
    ! printf %s "$PWD" | LC_ALL=C grep -q '[^ -~]' ||
        die "Debian's Bazel can't work in $PWD: letters beyond ASCII" "Move it, or put bazelisk or bazel $version on PATH."
    for path in "$PWD" "$workspace" "${HOME:-/}"; do
        ! hidden "$path" || die "$path lies in a directory that the launcher's root replaces" "Move it, e.g. under /home or /srv, or put bazelisk or bazel $version on PATH."
    done

    # The registries, from the host's clients; what the user set in the environment stays.
    find_registries
    [ -z "$RUNTIME_DEBIAN_URL" ] || export RUNTIME_DEBIAN_URL
    [ -z "$RUNTIME_PYPI_INDEX_URL" ] || export RUNTIME_PYPI_INDEX_URL

    # A Bazel server that still runs in a root that was removed since must not go on: another option restarts it.
    set -- "--host_jvm_args=-Druntime.root=$(stat -c %i "$root")" "$@"
    bundle=$(host_ca_bundle)
    if [ -n "$bundle" ]; then
        store=$(trust_store "$root" "$bundle") || exit 1
        set -- "--host_jvm_args=-Djavax.net.ssl.trustStore=$store" "$@"
    fi

    script=
    if for_host "$@"; then
        script=$(mktemp)
        before=
        for argument; do
            shift
            set -- "$@" "$argument"
            if [ "$argument" = run ] && [ -z "$before" ]; then
                before=run
                set -- "$@" "--script_path=$script"
            fi
        done
    fi

    set -- --chdir "$PWD" -- /usr/bin/bazel "$@"
    if [ -n "$bundle" ]; then
        certificates=/etc/ssl/certs/ca-certificates.crt
        set -- --ro-bind "$bundle" "$certificates" --setenv SSL_CERT_FILE "$certificates" "$@"
    fi

    arguments=$(mktemp)
    mounts "$root" >"$arguments"
    exec 8<"$arguments"
    rm -f "$arguments"
    # A host's library and interpreter settings mean nothing in the root.
    unset LD_PRELOAD LD_LIBRARY_PATH JAVA_TOOL_OPTIONS PYTHONHOME PYTHONPATH
    status=0
    run_in_foreground "$(command -v bwrap)" --setenv PATH /usr/sbin:/usr/bin --setenv JAVA_HOME /usr/lib/jvm/default-java \
        --args 8 "$@" || status=$?
    [ -z "$script" ] || [ "$status" != 0 ] || run_on_host "$script"
    [ -z "$script" ] || rm -f "$script"
    exit "$status"
}
