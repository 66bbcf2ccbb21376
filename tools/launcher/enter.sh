# enter_and_run ROOT ARGS…: runs the root's Bazel on the host's files, and passes on the host's certificates and registries.

# Java's trust store made from the host's certificates, once per bundle; prints its path.
trust_store() {
    root=$1
    bundle=$2
    store=$(launcher_cache)/trust-$(sha256sum <"$bundle" | cut -c1-16)
    if [ ! -e "$store/cacerts" ]; then
        work=$(mktemp -d "$store.XXXXXX")
        awk -v dir="$work" '
            /BEGIN (TRUSTED )?CERTIFICATE/ { n++; file = sprintf("%s/%04d.pem", dir, n) }
            file { print > file }
            /END (TRUSTED )?CERTIFICATE/ { close(file); file = "" }' "$bundle"
        for pem in "$work"/*.pem; do printf '+%s\n' "$pem"; done |
            bwrap --tmpfs / --ro-bind "$root/usr" /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
                --ro-bind "$root/etc" /etc --bind "$work" /etc/ssl/certs/java --bind "$work" "$work" --proc /proc --dev /dev \
                --setenv PATH /usr/bin /usr/lib/jvm/default-java/bin/java \
                -Xmx64m -jar /usr/share/ca-certificates-java/ca-certificates-java.jar -storepass changeit >"$work/log" 2>&1 ||
            { cat "$work/log" >&2; die "Java's trust store can't be made from $bundle" "Check that file, or set SSL_CERT_FILE."; }
        rm -f "$work"/*.pem
        mv -T "$work" "$store" 2>/dev/null || rm -rf "$work" # another launcher was first
    fi
    printf '%s\n' "$store/cacerts"
}

enter_and_run() {
    root=$1
    shift
    bwrap=$(command -v bwrap) || die "bubblewrap is not installed" "Run: sudo apt-get install -y bubblewrap"
    "$bwrap" --ro-bind / / true 2>/dev/null ||
        die "bubblewrap may not make a namespace here" "Allow user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0), or put bazelisk or bazel $version on PATH."

    # The registries, from the host's clients; what the user set in the environment stays.
    : "${RUNTIME_DEBIAN_URL:=$(host_debian_mirror)}"
    : "${RUNTIME_PYPI_INDEX_URL:=$(host_pypi_index)}"
    [ -z "$RUNTIME_DEBIAN_URL" ] || export RUNTIME_DEBIAN_URL
    [ -z "$RUNTIME_PYPI_INDEX_URL" ] || export RUNTIME_PYPI_INDEX_URL

    arguments=$(mktemp)
    # Everything of the host but its system directories, at its own place; the system is the root's.
    {
        printf '%s\0' --tmpfs / --ro-bind "$root/usr" /usr --ro-bind "$root/etc" /etc --ro-bind "$root/var" /var
        printf '%s\0' --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
        for path in /*; do
            case $path in
            /bin | /sbin | /lib | /lib32 | /lib64 | /libx32 | /usr | /etc | /var | /proc | /sys | /dev | /boot | /lost+found) ;;
            *) if [ -d "$path" ] && [ ! -L "$path" ]; then printf '%s\0' --bind "$path" "$path"; fi ;;
            esac
        done
        printf '%s\0' --bind /var/tmp /var/tmp --dev-bind /dev /dev --ro-bind /sys /sys
        # The host's own /proc: with a new one Bazel's linux-sandbox can't mount its /proc and is silently left out.
        printf '%s\0' --bind /proc /proc
        for file in passwd group hosts resolv.conf; do
            printf '%s\0' --ro-bind-try "$(readlink -f "/etc/$file")" "/etc/$file"
        done
    } >"$arguments"
    exec 8<"$arguments"
    rm -f "$arguments"

    bundle=$(host_ca_bundle)
    if [ -n "$bundle" ]; then
        store=$(trust_store "$root" "$bundle") || exit 1
        set -- "--host_jvm_args=-Djavax.net.ssl.trustStore=$store" "$@"
        certificates=/etc/ssl/certs/ca-certificates.crt
    else
        bundle=/dev/null certificates=
    fi
    # A host's library and interpreter settings mean nothing in the root.
    unset LD_PRELOAD LD_LIBRARY_PATH JAVA_TOOL_OPTIONS PYTHONHOME PYTHONPATH
    PATH=/usr/sbin:/usr/bin JAVA_HOME=/usr/lib/jvm/default-java
    export PATH JAVA_HOME
    if [ -n "$certificates" ]; then
        export SSL_CERT_FILE="$certificates"
        exec "$bwrap" --args 8 --ro-bind "$bundle" "$certificates" --chdir "$PWD" -- /usr/bin/bazel "$@"
    fi
    exec "$bwrap" --args 8 --chdir "$PWD" -- /usr/bin/bazel "$@"
}
