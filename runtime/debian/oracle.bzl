"""Where our tree and the one of mmdebstrap differ, and why. //runtime/debian:oracle checks that this is all."""

DIFFERENCES = [
    # What mmdebstrap itself brings.
    {
        "kind": "only theirs",
        "paths": ["etc/hostname", "etc/resolv.conf"],
        "why": "copied from the machine that runs mmdebstrap; a container gets its own when it starts",
    },
    {
        "kind": "only theirs",
        "paths": ["etc/fstab", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"],
        "why": "made by mmdebstrap; ours has the path filters in dpkg.cfg.d/docker, a part of its own",
    },
    {
        "kind": "content",
        "paths": ["etc/apt/sources.list"],
        "why": "theirs names the archive that the oracle was made from, ours Debian's",
    },
    {
        "kind": "metadata",
        "paths": ["var/cache/apt/archives/partial", "var/lib/apt/lists/partial"],
        "why": "theirs belongs to the uid of the building machine's _apt; ours is as in the package, apt corrects it itself",
    },
    # Left out: locks, backups, caches and logs of the installation.
    {
        "kind": "only theirs",
        "paths": ["etc/.pwd.lock", "var/cache/apt/archives/lock", "var/lib/apt/lists/lock"],
        "why": "locks, made when needed",
    },
    {
        "kind": "only theirs",
        "paths": ["etc/group-", "etc/gshadow-", "etc/passwd-", "etc/shadow-", "var/lib/dpkg/status-old", "var/lib/dpkg/statoverride-old"],
        "why": "backups of states before the last step of the installation",
    },
    {
        "kind": "only theirs",
        "paths": ["var/cache/debconf/*"],
        "why": "debconf's database of answers: none was asked; packages register their questions when they are next configured",
    },
    {
        "kind": "lines left out",
        "paths": ["var/log/faillog", "var/log/lastlog"],
        "why": "theirs is filled with zeros up to the highest uid; programs extend the files when needed",
    },
    # Left out: what only an init system uses.
    {
        "kind": "only theirs",
        "paths": ["etc/rc?.d/*", "etc/systemd/system/*.wants", "etc/systemd/system/*.wants/*", "var/lib/systemd/deb-systemd-helper-enabled*"],
        "why": "services and timers that an init system would start; there is none in a container",
    },
    {
        "kind": "only theirs",
        "paths": ["etc/sasldb2"],
        "why": "an empty password database that keeps the host's name, the time and a random id; saslpasswd2 makes it",
    },
    {
        "kind": "lines left out",
        "paths": ["var/lib/dpkg/statoverride"],
        "why": "the record of /etc/sasldb2, which is left out",
    },
    # Computed another way.
    {
        "kind": "content",
        "paths": ["var/lib/apt/extended_states"],
        "why": "sorted, and with the dependencies of essential packages, which mmdebstrap installs before apt keeps this record",
    },
    {
        "kind": "lines left out",
        "paths": ["var/lib/dpkg/info/*.md5sums"],
        "why": "ours names only files that are there, so that `dpkg --verify` has nothing to report",
    },
    # Ours in addition.
    {
        "kind": "only ours",
        "paths": ["usr/share/man/man1", "usr/share/man/man7"],
        "why": "packages such as JREs fail to install their alternatives without these directories",
    },
    {
        "kind": "only ours",
        "paths": ["etc/apt/apt.conf.d/docker-*", "etc/dpkg/dpkg.cfg.d/docker*", "usr/sbin/policy-rc.d"],
        "why": "rootfs/: settings under the names that Debian's container images use",
    },
    {
        "kind": "only ours",
        "paths": ["home/astro", "home/astro/*"],
        "why": "the image's user",
    },
    {
        "kind": "lines added",
        "paths": ["etc/passwd", "etc/shadow"],
        "why": "the image's user",
    },
    {
        "kind": "content",
        "paths": ["etc/group", "etc/gshadow"],
        "why": "the image's user and its membership in group root",
    },
]

# What `dpkg --configure -a` changes in our tree when all packages count as unpacked.
CHANGED_BY_CONFIGURE = [
    {
        "kind": "only ours",
        "paths": ["etc/.pwd.lock", "etc/group-", "etc/gshadow-", "var/lib/dpkg/diversions-old", "var/lib/dpkg/statoverride-old", "var/lib/dpkg/status-old"],
        "why": "locks and backups",
    },
    {
        "kind": "only ours",
        "paths": ["var/cache/debconf/*", "var/cache/ldconfig/aux-cache", "var/log/alternatives.log", "var/log/dpkg.log"],
        "why": "caches, answers and logs of the installation",
    },
    {
        "kind": "only ours",
        "paths": ["etc/rc?.d/*", "etc/systemd/system/*.wants", "etc/systemd/system/*.wants/*", "run/utmp", "var/lib/systemd/deb-systemd-helper-enabled*"],
        "why": "services, timers and log-ins of an init system, which are left out",
    },
    {
        "kind": "only ours",
        "paths": ["etc/sasldb2"],
        "why": "left out, as above",
    },
    {
        "kind": "lines added",
        "paths": ["var/lib/dpkg/statoverride"],
        "why": "left out, as above",
    },
    {
        "kind": "only ours",
        "paths": ["usr/local/share/man/man"],
        "why": "base-files follows its own link when it is configured a second time",
    },
    {
        "kind": "only ours",
        "paths": ["usr/share/man/man1/sh.1.gz"],
        "why": "dash sees the directory that we make for JREs, and links a manual page that is left out",
    },
    {
        "kind": "lines added",
        "paths": ["var/lib/dpkg/diversions"],
        "why": "the same manual page",
    },
]
