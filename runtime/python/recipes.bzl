"""How each CPython of the images is built: data only, read by cpythons and (as a table) by build.py.

A further version is a further row. Keys of a row:

    release            version of the source, as sys.version says it
    source             locked archive
    directory          the directory in it that holds configure
    debian             locked debian.tar.xz, for patches
    first_patch        the patches of its series from this one on are applied: those are upstream's bug and security fixes,
                       those before them move files to Debian's places
    own_patches        files of ours (labels), applied after those
    configure          arguments for both architectures
    cross_configure    further arguments when the architecture is not the build machine's
    cache              configure's results that a run test would give, pinned: no test program decides on another kernel
    disabled_modules   not built: their headers are not in the lock
    modules            extension modules that must come out; setup.py drops what it can't build without failing
    libraries          sonames that interpreter and modules may need, all in the images' Debian packages
    packages           Debian packages to build against (headers and libraries)
    value_profile      the profile also counts which functions are called through pointers: makes 3.11 faster, and the
                       calls of 3.9 and 3.10 slower (docs/evidence/interpreters.md)
"""

def recipe(
        *,
        release,
        source,
        directory,
        configure,
        modules,
        libraries,
        debian = "",
        first_patch = "",
        own_patches = [],
        cross_configure = [],
        value_profile = False):
    """Return a row; the arguments are the keys above, and what all rows share is added."""
    return struct(
        cache = _CACHE,
        configure = _CONFIGURE + configure,
        cross_configure = cross_configure,
        debian = debian,
        directory = directory,
        disabled_modules = ["_tkinter", "nis"],
        first_patch = first_patch,
        libraries = _LIBRARIES + libraries,
        modules = _MODULES + modules,
        own_patches = own_patches,
        packages = _PACKAGES,
        release = release,
        source = source,
        value_profile = value_profile,
    )

_CONFIGURE = [
    "--prefix=/usr/local",
    # libpython, for programs that embed Python; our interpreter itself doesn't use it (tools/inputs/cpython/build.py).
    "--enable-shared",
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

# Of every version.
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
    "_testimportmultiple",
    "_testinternalcapi",
    "_testmultiphase",
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
    "3.11": recipe(
        configure = ["--without-static-libpython"],
        cross_configure = ["--with-build-python=/usr/local/bin/python3.11"],
        debian = "python3.11_3.11.2-6+deb12u8.debian.tar.xz",
        directory = "Python-3.11.2",
        first_patch = "shutdown-deadlock.diff",
        libraries = ["libpython3.11.so.1.0"],
        modules = ["_testclinic", "_typing", "xxlimited_35"],
        own_patches = ["//runtime/python:patches/pyexpat-core-header.patch"],
        release = "3.11.2",
        source = "python3.11_3.11.2.orig.tar.gz",
        value_profile = True,
    ),
    # No release after 3.10.5 comes as an archive from one of the two registries: no later security fixes (docs/parity.md).
    "3.10": recipe(
        configure = ["--without-static-libpython"],
        directory = "python-sources-3.10.5/Python-3.10.5",
        libraries = ["libpython3.10.so.1.0"],
        modules = ["xxlimited_35"],
        release = "3.10.5",
        source = "python-sources-3.10.5.tar.gz",
    ),
    "3.9": recipe(
        configure = [],
        debian = "python3.9_3.9.2-1+deb11u7.debian.tar.xz",
        directory = "Python-3.9.2",
        first_patch = "0001-3.9-gh-68966-Make-mailcap-refuse-to-match-unsafe-fil.patch",
        libraries = ["libpython3.9.so.1.0"],
        modules = ["parser"],
        release = "3.9.2",
        source = "python3.9_3.9.2.orig.tar.xz",
    ),
}
