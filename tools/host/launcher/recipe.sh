# What the launcher's root holds. The root's name has this file's hash: a change here makes a new root beside the old.

suite=forky # the Debian release whose bazel-bootstrap is the version in .bazelversion
packages=bazel-bootstrap,bazel-rules-python,bazel-skylib,bazel-features,bazel-platforms,ca-certificates,python3-pip
packages=$packages,mmdebstrap,gpgv # the lock updater and the oracle

# make_system KEYRINGS DIRECTORY|TAR [MIRROR]: installs it. KEYRINGS is a directory.
# No mirror named: mmdebstrap's own default. man1 must exist: Java's alternatives fail without it.
make_system() {
    keyrings=$1
    shift
    exec mmdebstrap --variant=apt --include="$packages" --keyring="$keyrings" \
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

# modules_named DIRECTORY: the modules that Bazel's own module and those of Debian's packages depend on.
modules_named() {
    find "$1/usr/share/bazel" -maxdepth 3 -name MODULE.bazel -exec sed -n '/dev_dependency/d; s/^bazel_dep(name = "\([^"]*\)".*/\1/p' {} + | sort -u
}

# configure DIRECTORY: Bazel's system-wide configuration. Debian's own names its modules, in the versions of the suite; what these
# depend on but Debian has no package for becomes an empty module: nothing of ours uses it.
configure() {
    configuration=$1/etc/bazel/bazelrc
    # Its build options are for packaging Debian: every sandboxed action would print how it was started.
    sed -i '/^build /d' "$configuration"
    for module in $(modules_named "$1"); do
        ! grep -q -e "--override_module=$module=" "$configuration" || continue
        stub=$1/usr/share/bazel/stubs/$module
        mkdir -p "$stub"
        printf 'module(name = "%s")\n' "$module" >"$stub/MODULE.bazel"
        : >"$stub/BUILD.bazel"
        printf 'common --override_module=%s=/usr/share/bazel/stubs/%s\n' "$module" "$module" >>"$configuration"
        # Extensions of it that Bazel's own module uses.
        sed -n "s|.*use_extension(\"@$module//\([^\"]*\):\([^\"]*\)\", \"\([^\"]*\)\").*|./\1 \2 \3|p" \
            "$1/usr/share/bazel/embedded_tools/MODULE.bazel" | while read -r package file extension; do
            mkdir -p "$stub/$package"
            : >"$stub/$package/BUILD.bazel"
            printf '%s = module_extension(implementation = lambda ctx: None)\n' "$extension" >>"$stub/$package/$file"
        done
    done
    # Overridden modules would make another lock file than the central registry's.
    printf 'common --lockfile_mode=off\n' >>"$configuration"
}
