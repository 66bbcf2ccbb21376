# What the launcher's root holds. The root's name has this file's hash: a change here makes a new root beside the old.

suite=forky # the Debian release whose bazel-bootstrap is the version in .bazelversion
packages=bazel-bootstrap,bazel-rules-python,bazel-skylib,bazel-features,bazel-platforms,ca-certificates,python3-pip
packages=$packages,mmdebstrap,gpgv # the lock updater and the oracle
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Modules that Bazel's own module names but that Debian has no package for: empty, nothing of ours uses them.
empty_modules="apple_support buildozer protobuf zlib"

# make_system DIRECTORY|TAR [MIRROR]: installs it.
# No mirror named: mmdebstrap's own default. man1 must exist: Java's alternatives fail without it.
make_system() {
    exec mmdebstrap --variant=apt --include="$packages" --keyring="$keyring" \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "5"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
        "$suite" "$@"
}

# bazel_in DIRECTORY: the version of the Bazel in it.
bazel_in() {
    cat "$1/usr/share/bazel/build-label.txt" 2>/dev/null || echo none
}

# configure DIRECTORY: Bazel's system-wide configuration. Debian's own names its modules; ours adds the empty ones.
configure() {
    configuration=$1/etc/bazel/bazelrc
    # Its build options are for packaging Debian: every sandboxed action would print how it was started.
    sed -i '/^build /d' "$configuration"
    for module in $empty_modules; do
        stub=$1/usr/share/bazel/stubs/$module
        mkdir -p "$stub"
        printf 'module(name = "%s")\n' "$module" >"$stub/MODULE.bazel"
        : >"$stub/BUILD.bazel"
        printf 'common --override_module=%s=/usr/share/bazel/stubs/%s\n' "$module" "$module" >>"$configuration"
    done
    printf 'buildozer_binary = module_extension(implementation = lambda ctx: None)\n' \
        >"$1/usr/share/bazel/stubs/buildozer/buildozer_binary.bzl"
    # Overridden modules would make another lock file than the central registry's.
    printf 'common --lockfile_mode=off\n' >>"$configuration"
}
