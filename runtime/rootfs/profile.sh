# Of a login shell.
. /usr/local/share/astro-runtime/identity.sh
