"""How each project that has no wheel is built: data only, read by locked_sdists and (as a table) by build.py.

Key: normalised name of the distribution, or `name==version` where one version needs another row. Keys of a row:

    tag              tag of the wheel that must come out
    backends         distributions of requirements_lock/tools.json that its build takes
    interpreter      "tools": pure and the same for every Python, built once by the tools' Python (README.md says how this is
                     checked); "target" (default): built by each Python that it is for
    backend          its build backend, where pyproject.toml names one that isn't taken
    backend_tag      tag that the backend gives the wheel, where that is wrong
    waived           requirement of its build -> why it does without
    config_settings  for the backend (PEP 517)
    env              variables of its build
    packages         Debian packages of the target architecture that it is compiled against
    programs         files that must be found on PATH
    extensions       compiled files that the wheel must hold, paths in it; none for a pure wheel
    libraries        sonames that these may need besides the C library's

Placeholders in texts: {version} of the distribution, {cp} cp311, {soabi} cpython-311-x86_64-linux-gnu, {machine} x86_64, {triplet} x86_64-linux-gnu.
"""

load("//tools/lib:architectures.bzl", "ARCHITECTURES")

def recipe(
        *,
        tag,
        backends,
        interpreter = None,
        backend = None,
        backend_tag = None,
        waived = None,
        config_settings = None,
        env = None,
        packages = None,
        programs = None,
        extensions = None,
        libraries = None):
    """Return a row; the arguments are the keys above, and absent ones are left out."""
    row = {
        "backend": backend,
        "backend_tag": backend_tag,
        "backends": backends,
        "config_settings": config_settings,
        "env": env,
        "extensions": extensions,
        "interpreter": interpreter,
        "libraries": libraries,
        "packages": packages,
        "programs": programs,
        "tag": tag,
        "waived": waived,
    }
    return {key: value for key, value in row.items() if value != None}

_SETUPTOOLS = ["setuptools", "wheel"]

# Built once by the tools' Python, by the default build system of old projects.
_PURE = recipe(backends = _SETUPTOOLS, interpreter = "tools", tag = "py3-none-any")
_PURE_AND_PYTHON_2 = recipe(backends = _SETUPTOOLS, interpreter = "tools", tag = "py2.py3-none-any")

_NATIVE_TAG = "{cp}-{cp}-linux_{machine}"

# Sonames of glibc, which every image has.
C_LIBRARY = [architecture.loader for architecture in ARCHITECTURES.values()] + [
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
]

RECIPES = {
    "blinker": _PURE,
    "cron-descriptor": _PURE,
    "flask-jwt-extended": _PURE_AND_PYTHON_2,
    "flask-login": _PURE_AND_PYTHON_2,
    "future": _PURE,
    "grpc-google-iam-v1": _PURE,
    "json-merge-patch": _PURE,
    "lazy-object-proxy": recipe(
        backends = _SETUPTOOLS + ["setuptools-scm"],
        # No git there to ask.
        env = {"SETUPTOOLS_SCM_PRETEND_VERSION": "{version}"},
        extensions = ["lazy_object_proxy/cext.{soabi}.so"],
        tag = _NATIVE_TAG,
    ),
    "mysqlclient": recipe(
        backends = _SETUPTOOLS,
        extensions = ["MySQLdb/_mysql.{soabi}.so"],
        libraries = ["libmariadb.so.3"],
        packages = ["libmariadb-dev", "libmariadb3"],
        programs = ["//tools/inputs/sdist:programs/mysql_config"],
        tag = _NATIVE_TAG,
    ),
    "pendulum": recipe(
        # It asks for the newest glibc that the machine has, not what the code needs.
        backend_tag = "{cp}-{cp}-manylinux_2_31_{machine}",
        # setuptools: its build script is one for distutils.
        backends = ["poetry-core", "setuptools"],
        extensions = [
            "pendulum/_extensions/_helpers.{soabi}.so",
            "pendulum/parsing/_iso8601.{soabi}.so",
        ],
        tag = _NATIVE_TAG,
    ),
    "psutil": recipe(
        backends = _SETUPTOOLS,
        extensions = [
            "psutil/_psutil_linux.abi3.so",
            "psutil/_psutil_posix.abi3.so",
        ],
        # It compiles for the limited API of 3.6, but names the wheel for the Python that builds.
        tag = "{cp}-abi3-linux_{machine}",
    ),
    "psycopg2": recipe(
        backends = _SETUPTOOLS,
        extensions = ["psycopg2/_psycopg.{soabi}.so"],
        libraries = ["libpq.so.5"],
        packages = ["libpq-dev", "libpq5"],
        programs = ["//tools/inputs/sdist:programs/pg_config"],
        tag = _NATIVE_TAG,
    ),
    "pyhcl": _PURE,
    "pyrsistent": recipe(
        backends = _SETUPTOOLS,
        extensions = ["pvectorc.{soabi}.so"],
        tag = _NATIVE_TAG,
    ),
    "pysftp": _PURE,
    "python-ldap": recipe(
        backends = _SETUPTOOLS,
        extensions = ["_ldap.{soabi}.so"],
        libraries = [
            "liblber-2.4.so.2",
            "libldap_r-2.4.so.2",
        ],
        packages = [
            "libldap-2.4-2",
            "libldap2-dev",
            "libsasl2-2",
            "libsasl2-dev",
        ],
        tag = _NATIVE_TAG,
    ),
    "python-nvd3": _PURE,
    "python-slugify": _PURE_AND_PYTHON_2,
    "starkbank-ecdsa": _PURE,
    "termcolor": _PURE,
    "unicodecsv": _PURE,
}
