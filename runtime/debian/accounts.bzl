"""The accounts of the images beside Debian's own."""

load("//tools/inputs/deb:tables.bzl", "accounts", "group", "user")

# Of an interactive bash: who it is (runtime/rootfs/identity.sh), then what Debian gives to every user.
_BASHRC = """\
. /usr/local/share/astro-runtime/identity.sh
. /etc/skel/.bashrc
"""

ACCOUNTS = accounts(
    groups = [
        group(name = "astro", gid = 50000),
    ],
    # A user of Airflow's files: they belong to group root, so that any uid with gid 0 can use them too.
    users = [
        user(
            name = "astro",
            uid = 50000,
            gid = 50000,
            gecos = "",
            groups = ["root"],
            home = "/home/astro",
            home_mode = 0o775,
            home_gid = 0,
            home_files = {".bashrc": _BASHRC},
            password = "!",
            shell = "/bin/bash",
        ),
    ],
)
