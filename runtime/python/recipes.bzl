"""How each CPython of the images is built: data only, read by tools/cpython (as JSON) and by the rules.

A further version is a further row. Keys of a row:

    release            version of the source, as sys.version says it
    source             locked archive, and the directory in it that holds configure
    patches            locked debian.tar.xz; the patches of its series from `first` on are applied: those are upstream's
                       bug and security fixes, what stands before them moves files to Debian's places
    own_patches        files of ours (labels), applied after those
    configure          arguments for both architectures
    cross_configure    further arguments when the architecture is not the build machine's
    cache              configure's results that a run test would give, pinned: no test program decides on another kernel
    lto                full link-time optimisation
    generators         targets of the Makefile that make C sources; linked without optimisation
    disabled_modules   not built: their headers are not in the lock
    modules            extension modules that must come out; setup.py drops what it can't build without failing
    libraries          sonames that interpreter and modules may need, all in the images' Debian packages
    packages           Debian packages to build against (headers and libraries)
"""

_CONFIGURE = [
    "--prefix=/usr/local",
    "--enable-loadable-sqlite-extensions",
    "--with-system-expat",
    "--with-system-ffi",
    "--with-dbmliborder=gdbm:ndbm",
    # pip comes from the lock of the images.
    "--without-ensurepip",
]

_CACHE = {
    "ac_cv_aligned_required": "no",
    "ac_cv_broken_sem_getvalue": "no",
    "ac_cv_buggy_getaddrinfo": "no",
    "ac_cv_computed_gotos": "yes",
    "ac_cv_file__dev_ptc": "no",
    "ac_cv_file__dev_ptmx": "yes",
    "ac_cv_posix_semaphores_enabled": "yes",
    "ac_cv_prog_READELF": "true",
    "ac_cv_pthread_system_supported": "yes",
    "ac_cv_working_tzset": "yes",
}

# Of 3.11; other versions add and leave out a few.
_MODULES = [
    "_asyncio",
    "_bisect",
    "_blake2",
    "_bz2",
    "_codecs_cn",
    "_codecs_hk",
    "_codecs_iso2022",
    "_codecs_jp",
    "_codecs_kr",
    "_codecs_tw",
    "_contextvars",
    "_crypt",
    "_csv",
    "_ctypes",
    "_ctypes_test",
    "_curses",
    "_curses_panel",
    "_datetime",
    "_dbm",
    "_decimal",
    "_elementtree",
    "_gdbm",
    "_hashlib",
    "_heapq",
    "_json",
    "_lsprof",
    "_lzma",
    "_md5",
    "_multibytecodec",
    "_multiprocessing",
    "_opcode",
    "_pickle",
    "_posixshmem",
    "_posixsubprocess",
    "_queue",
    "_random",
    "_sha1",
    "_sha256",
    "_sha3",
    "_sha512",
    "_socket",
    "_sqlite3",
    "_ssl",
    "_statistics",
    "_struct",
    "_testbuffer",
    "_testcapi",
    "_testclinic",
    "_testimportmultiple",
    "_testinternalcapi",
    "_testmultiphase",
    "_typing",
    "_uuid",
    "_xxsubinterpreters",
    "_xxtestfuzz",
    "_zoneinfo",
    "array",
    "audioop",
    "binascii",
    "cmath",
    "fcntl",
    "grp",
    "math",
    "mmap",
    "ossaudiodev",
    "pyexpat",
    "readline",
    "resource",
    "select",
    "spwd",
    "syslog",
    "termios",
    "unicodedata",
    "xxlimited",
    "xxlimited_35",
    "zlib",
]

_LIBRARIES = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libbz2.so.1.0",
    "libc.so.6",
    "libcrypt.so.1",
    "libcrypto.so.1.1",
    "libdl.so.2",
    "libexpat.so.1",
    "libffi.so.7",
    "libgdbm.so.6",
    "libgdbm_compat.so.4",
    "liblzma.so.5",
    "libm.so.6",
    "libncursesw.so.6",
    "libpanelw.so.6",
    "libpthread.so.0",
    "libreadline.so.8",
    "librt.so.1",
    "libsqlite3.so.0",
    "libssl.so.1.1",
    "libtinfo.so.6",
    "libutil.so.1",
    "libuuid.so.1",
    "libz.so.1",
]

_PACKAGES = [
    "libbz2-1.0",
    "libbz2-dev",
    "libcrypt-dev",
    "libcrypt1",
    "libexpat1",
    "libexpat1-dev",
    "libffi-dev",
    "libffi7",
    "libgdbm-compat-dev",
    "libgdbm-compat4",
    "libgdbm-dev",
    "libgdbm6",
    "liblzma-dev",
    "liblzma5",
    "libncurses-dev",
    "libncurses6",
    "libncursesw6",
    "libreadline-dev",
    "libreadline8",
    "libsqlite3-0",
    "libsqlite3-dev",
    "libssl-dev",
    "libssl1.1",
    "libtinfo6",
    "libuuid1",
    "uuid-dev",
    "zlib1g",
    "zlib1g-dev",
]

RECIPES = {
    "3.11": {
        "release": "3.11.2",
        "source": {"file": "python3.11_3.11.2.orig.tar.gz", "directory": "Python-3.11.2"},
        "patches": {"file": "python3.11_3.11.2-6+deb12u8.debian.tar.xz", "first": "shutdown-deadlock.diff"},
        "own_patches": ["//runtime/python:patches/pyexpat-core-header.patch"],
        "configure": _CONFIGURE + ["--without-static-libpython"],
        "cross_configure": ["--with-build-python=/usr/local/bin/python3.11"],
        "cache": _CACHE,
        "lto": False,
        "generators": ["Programs/_freeze_module", "_bootstrap_python"],
        "disabled_modules": ["_tkinter", "nis"],
        "modules": _MODULES,
        "libraries": _LIBRARIES,
        "packages": _PACKAGES,
    },
}
