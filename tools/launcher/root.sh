#!/bin/sh
# root.sh WORKSPACE VERSION: makes (once) the root that holds Debian's Bazel; prints its path on standard output.
#
# The root is built beside its final place and renamed into it, under a lock: an interrupted run leaves nothing that
# a later one would use, and two launchers that start at once build it once.
set -eu

workspace=$1
version=$2
. "$workspace/tools/launcher/common.sh"

suite=forky # the Debian release whose bazel-bootstrap is this version
packages=bazel-bootstrap,bazel-rules-python,bazel-skylib,bazel-features,bazel-platforms,ca-certificates,python3-pip
packages=$packages,mmdebstrap,gpgv,skopeo # the lock updater, the oracle and .push/.load

recipe=$(cat "$workspace/tools/launcher/root.sh" | sha256sum | cut -c1-12)
cache=$(launcher_cache)
root=$cache/bazel-$version-$recipe

if [ -e "$root/.complete" ]; then
    printf '%s\n' "$root"
    exit 0
fi

# Missing tools are installed where that is possible, else named.
need() {
    missing=
    for tool in mmdebstrap bwrap; do
        command -v "$tool" >/dev/null 2>&1 || missing=yes
    done
    [ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || missing=yes
    [ -n "$missing" ] || return 0
    install="apt-get install -y --no-install-recommends mmdebstrap bubblewrap debian-archive-keyring"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing mmdebstrap and bubblewrap (to make a root with Bazel $version)"
        export DEBIAN_FRONTEND=noninteractive
        $install >&2 || { apt-get update >&2 && $install >&2; } ||
            die "mmdebstrap and bubblewrap could not be installed" "Install them, or put bazelisk or bazel $version on PATH."
    else
        die "no bazel $version on PATH, and mmdebstrap or bubblewrap is missing to make one" "Run: sudo $install"
    fi
}

need
mkdir -p "$cache"
exec 9>"$cache/lock"
flock -n 9 || { say "another launcher is making the root; waiting for it"; flock 9; }
if [ -e "$root/.complete" ]; then
    printf '%s\n' "$root"
    exit 0
fi

started=$(date +%s)
say "making a root with Debian's Bazel $version in $root (once; about a minute, 2 GB)"
build=$cache/building
# What an interrupted run left.
rm -rf "$build" "$build.tar" || die "$build can't be removed" "Remove it by hand (it may belong to another user)."
log=$cache/building.log
child=
stop() {
    [ -z "$child" ] || kill "$child" 2>/dev/null || true
    wait
    rm -rf "$build" "$build.tar"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mirror=${RUNTIME_DEBIAN_URL:-$(host_debian_mirror)}
# By way of a tar file: without root mmdebstrap's own tree would belong to other user ids.
# No mirror named: mmdebstrap's own default. man1 must exist: Java's alternatives fail without it.
mmdebstrap --variant=apt --include="$packages" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "5"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
    "$suite" "$build.tar" ${mirror:+"$mirror"} >"$log" 2>&1 9>&- &
child=$!
while kill -0 "$child" 2>/dev/null; do
    sleep 1
    seconds=$(($(date +%s) - started))
    [ $((seconds % 10)) != 0 ] || say "  $seconds s: $(grep -E '^(I:|Get:|Unpacking|Setting up)' "$log" | tail -n 1 | cut -c 1-90)"
done
wait "$child" || {
    tail -n 40 "$log" >&2
    die "the root could not be made (whole log: $log)" "Name another Debian mirror by RUNTIME_DEBIAN_URL, or put bazelisk or bazel $version on PATH."
}
child=
mkdir "$build"
tar -x -f "$build.tar" -C "$build" --exclude='./dev/*' || die "the root could not be unpacked" "Is the disk full? It needs 5 GB for a moment."
rm "$build.tar"

found=$(cat "$build/usr/share/bazel/build-label.txt")
[ "$found" = "$version" ] ||
    die "Debian's Bazel in $suite is now $found, .bazelversion asks for $version" "Put bazelisk or bazel $version on PATH."

# Modules that Bazel's own module names but that Debian has no package for: empty, nothing of ours uses them.
for module in apple_support buildozer protobuf zlib; do
    stub=$build/usr/share/bazel/stubs/$module
    mkdir -p "$stub"
    printf 'module(name = "%s")\n' "$module" >"$stub/MODULE.bazel"
    : >"$stub/BUILD.bazel"
done
printf 'buildozer_binary = module_extension(implementation = lambda ctx: None)\n' \
    >"$build/usr/share/bazel/stubs/buildozer/buildozer_binary.bzl"

# Debian's own configuration names its modules; ours adds the empty ones.
configuration=$build/etc/bazel/bazelrc
# Its build options are for packaging Debian: every sandboxed action would print how it was started.
sed -i '/^build /d' "$configuration"
for module in apple_support buildozer protobuf zlib; do
    printf 'common --override_module=%s=/usr/share/bazel/stubs/%s\n' "$module" "$module"
done >>"$configuration"
# Overridden modules would make another lock file than the central registry's.
printf 'common --lockfile_mode=off\n' >>"$configuration"

: >"$build/.complete"
chmod 755 "$build"
mv "$build" "$root"
trap - EXIT
say "made in $(($(date +%s) - started)) s"
printf '%s\n' "$root"
