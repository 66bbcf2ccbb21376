# shellcheck shell=dash
# Who a process is: HOME, USER, LOGNAME and umask, as the table in docs/using-images.md has it. Every shell sources this: bash
# (and so /entrypoint) by BASH_ENV, an interactive one by ~/.bashrc or ENV, a login shell by /etc/profile.d.
# It starts no process where there is a /proc, prints nothing (not even under set -x), and acts once for each user: what is changed later stays.

_astro_usable() {
    case $1 in
        /*[!/.]*) [ -d "$1" ] && [ -w "$1" ] && [ -x "$1" ] ;;
        *) false ;; # the root, or relative
    esac
}

# _astro_identity UID UMASK
_astro_identity() {
    local name uid home place account='' own=''
    if [ -r /etc/passwd ]; then
        while IFS=: read -r name _ uid _ _ home _ || [ "$name" ]; do # the last line may lack its newline
            if [ "$uid" = "$1" ]; then
                case $name in
                    *[!0-9]*) account=$name own=$home ;; # else made up by an engine
                esac
                break
            fi
        done </etc/passwd
    fi

    # The image's HOME is astro's. Root and other accounts have their own.
    place=${HOME:-}
    if [ "$place" = /home/astro ]; then place=$own; fi
    for HOME in "$place" "$own" /home/astro /tmp; do
        if _astro_usable "$HOME"; then break; fi
    done
    case ${USER:-astro} in astro) USER=${account:-astro} ;; esac
    case ${LOGNAME:-astro} in astro) LOGNAME=${account:-astro} ;; esac
    # Another container may have another uid: the group must be able to write. Not what root makes, which astro is in the
    # group of; and a umask other than an engine's was chosen by somebody.
    if [ "$1" != 0 ] && [ "$2" = 0022 ]; then umask 0002; fi
    export HOME USER LOGNAME ASTRONOMER_IDENTITY="$1"
}

_astro_process() {
    local key='' first second='' mask=''
    if [ -r /proc/self/status ]; then
        while read -r key first second _; do
            case $key in
                Umask:) mask=$first ;;
                Uid:) break ;; # real, effective
            esac
        done </proc/self/status
    fi
    # Without /proc, or in a sandbox whose status lacks them, a child process says it.
    if [ "$key" != Uid: ]; then second=$(id -u); fi
    if [ ! "$mask" ]; then mask=$(umask); fi
    if [ "${ASTRONOMER_IDENTITY:-}" != "$second" ]; then _astro_identity "$second" "$mask"; fi
}

{
    _astro_process
    unset -f _astro_usable _astro_identity _astro_process
} 2>/dev/null
