#!/bin/sh
# root.sh WORKSPACE VERSION: makes (once) the root that holds Debian's Bazel; prints its path on standard output.
#
# The root is built beside its final place and renamed into it, under a lock: an interrupted run leaves nothing that
# a later one would use, and two launchers that start at once build it once.
set -eu
umask 022

workspace=$1
version=$2
# shellcheck source=tools/host/launcher/common.sh
. "$workspace/tools/host/launcher/common.sh"
# shellcheck source=tools/host/launcher/recipe.sh
. "$workspace/tools/host/launcher/recipe.sh"

cache=$(launcher_cache)
recipe=$(sha256sum <"$workspace/tools/host/launcher/recipe.sh" | cut -c1-12)
root=$cache/bazel-$version-$recipe
elsewhere="put bazelisk or bazel $version on PATH"

# Prints the root, if it is there; its mark's time says when it was last used.
use_root() {
    [ -e "$root/.complete" ] || return 1
    touch -c "$root/.complete" 2>/dev/null || true
    printf '%s\n' "$root"
}

# Missing tools are installed where that is possible, else named.
need_tools() {
    missing=
    for tool in mmdebstrap:mmdebstrap bwrap:bubblewrap newuidmap:uidmap; do
        # mmdebstrap maps user ids, unless it is started by root.
        [ "$tool:$(id -u)" != newuidmap:uidmap:0 ] || continue
        command -v "${tool%:*}" >/dev/null 2>&1 || missing="$missing ${tool#*:}"
    done
    [ -n "$missing" ] || return 0
    install="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing$missing (to make a root with Bazel $version)"
        export DEBIAN_FRONTEND=noninteractive
        $install >&2 || { apt-get update >&2 && $install >&2; } ||
            die "these could not be installed:$missing" "Install them, or $elsewhere."
    else
        die "no bazel $version on PATH, and to make one is missing:$missing" "Run: sudo $install (or $elsewhere)"
    fi
}

# Ends the process group of mmdebstrap: it ignores a signal to itself alone, and its programs would go on. A signal may
# come before we know its number by name, or before it has its own group.
end_child() {
    [ "$child" != ended ] || return 0
    child=${child:-${!:-}}
    [ -n "$child" ] || return 0
    kill -s TERM -- "-$child" 2>/dev/null || kill -s TERM "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
}

clean_up() {
    end_child
    rm -rf --one-file-system "$work"
}

progress() {
    next=10
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        seconds=$(($(date +%s) - started))
        if [ "$seconds" -ge "$next" ]; then
            say "  $seconds s: $(grep '^I:' "$log" | tail -n 1 | cut -c 4-90)"
            next=$((seconds + 10))
        fi
    done
}

build() {
    started=$(date +%s)
    say "making a root with Debian's Bazel $version in $root (once; about a minute, 2 GB)"
    log=$work/log
    mirror=${RUNTIME_LAUNCHER_DEBIAN_URL:-${RUNTIME_DEBIAN_URL:-$(host_debian_mirrors)}}
    mirror=${mirror%% *}
    # Debian's keys as of this recipe, and newer or other ones of this machine.
    mkdir "$work/keyrings"
    for keys in "$workspace"/tools/host/launcher/keyrings/* "${RUNTIME_LAUNCHER_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}"; do
        [ ! -r "$keys" ] || cp "$keys" "$work/keyrings/"
    done
    temporary=${TMPDIR:-/var/tmp} # on the disk, where /tmp may lie in memory
    [ -d "$temporary" ] || temporary=$work
    # Another user's tree belongs to user ids that only mmdebstrap can use; the tar file gives them to the user.
    target=$work/root.tar
    alone=
    if [ "$(id -u)" = 0 ]; then
        target=$work/root
        temporary=$work
        unshare --mount true 2>/dev/null ||
            die "a root can't be made here: mounting needs CAP_SYS_ADMIN, which this container does not have" \
                "Start it with --cap-add SYS_ADMIN or --privileged, mount a finished $cache into it, or $elsewhere."
        alone="unshare --mount" # where mmdebstrap's mounts end with it, however it ends
    fi

    # Killed with kill -9 we can't end mmdebstrap, but then no process holds the other end of this pipe.
    mkfifo "$work/alive"
    # In its own process group: a failing mmdebstrap sends SIGHUP to the whole of its group.
    # shellcheck disable=SC2086 # two words or none
    TMPDIR=$temporary setsid $alone sh -c '. "$1"; shift; make_system "$@"' make_system \
        "$workspace/tools/host/launcher/recipe.sh" "$work/keyrings" "$target" ${mirror:+"$mirror"} >"$log" 2>&1 </dev/null &
    child=$!
    { read -r _ <"$work/alive" || kill -s TERM -- "-$child"; } 9>&- >/dev/null 2>&1 &
    exec 7>"$work/alive"

    progress
    if ! wait "$child"; then
        child=ended
        cp "$log" "$cache/failed.log"
        reason=$(grep '^E:' "$log" | head -n 1)
        [ -z "${CI:-}" ] || tail -n 60 "$log" >&2 # there the log is gone afterwards
        remedy="Name another Debian mirror by RUNTIME_LAUNCHER_DEBIAN_URL, or $elsewhere."
        signature=$(grep -m 1 -o -E 'NO_PUBKEY [0-9A-F]*|Missing key [0-9A-F]*|EXPKEYSIG.*|is not signed' "$log" || true)
        if [ -n "$signature" ]; then
            reason="the signature of $suite on ${mirror:-the mirror} can't be checked: $signature"
            remedy="Its key is neither in tools/host/launcher/keyrings nor in ${RUNTIME_LAUNCHER_KEYRING:-the package debian-archive-keyring of this machine}: name a keyring that has it by RUNTIME_LAUNCHER_KEYRING, or $elsewhere."
        fi
        die "the root could not be made: ${reason:-$(tail -n 1 "$log")} (log: $cache/failed.log)" "$remedy"
    fi
    child=ended
    echo >&7
    if [ "$target" = "$work/root.tar" ]; then
        mkdir "$work/root"
        tar -x -f "$target" -C "$work/root" --exclude='./dev/*' 2>>"$log" ||
            die "the root could not be unpacked: $(tail -n 1 "$log")" "Is the disk full? $cache needs 5 GB for a moment."
        rm "$target"
    fi
    rm -rf "$work/root/dev"/* # an ordinary user can't copy devices; the host's are used

    found=$(bazel_in "$work/root")
    [ "$found" = "$version" ] || compatible "$found" ||
        die "Debian's Bazel in $suite is $found, .bazelversion asks for $version" \
            "Please $elsewhere, or name a Debian mirror that has it by RUNTIME_LAUNCHER_DEBIAN_URL."
    configure "$work/root"
    : >"$work/root/.complete"
    # A root without its mark is left of an interrupted removal.
    [ ! -e "$root" ] || mv "$root" "$work/incomplete"
    mv "$work/root" "$root"
    say "made in $(($(date +%s) - started)) s"
}

# Roots unused for a month: of other versions and recipes.
remove_old() {
    find "$cache" -mindepth 2 -maxdepth 2 -path "$cache/bazel-*/.complete" -mtime +30 | while read -r mark; do
        old=${mark%/.complete}
        say "removing $old, unused for a month"
        mv "$old" "$work/" || true
    done
}

! use_root || exit 0
[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    die "this is $(uname -s) $(uname -m); images of all architectures are built on Linux x86_64" "Run it there."
need_tools
need_namespaces
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
    die "$cache can't be written by $(id -un)" "Give it to that user, or set XDG_CACHE_HOME to another directory."
exec 9>"$cache/lock"
flock -n 9 || {
    say "another launcher is making the root; waiting for it"
    flock 9
}
! use_root || exit 0

# Left of interrupted runs: no other run makes a root while we hold the lock.
rm -rf --one-file-system "$cache"/making.* ||
    die "$cache has files that $(id -un) can't remove" "Remove $cache/making.* by hand."
work=$(mktemp -d "$cache/making.XXXXXX")
chmod 755 "$work" # apt downloads as its own user
child=
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
build
remove_old
printf '%s\n' "$root"
