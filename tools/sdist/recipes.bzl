"""What the build of a locked sdist needs beyond its own build backend: data only.

A distribution that is not named here is pure Python and builds as it is. Keys of a row:

    native       holds code for one machine: a wheel for each architecture, with a compiler
    env          environment variables; {version} and {triplet} stand for the version and the GNU triplet
    packages     Debian packages of the target with headers and libraries
    libraries    sonames that its modules may need besides glibc's; the image has to hold them
    programs     stand-ins for programs of the target that setup.py asks, first on PATH
    unchecked    requirements of the build that are not compared with the backends' versions
"""

# Distributions of the lock `tools` that builds can import.
BACKENDS = [
    "flit-core",
    "hatchling",
    "packaging",
    "pathspec",
    "pluggy",
    "poetry-core",
    "setuptools",
    "setuptools-scm",
    "tomli",
    "trove-classifiers",
    "typing-extensions",
    "wheel",
]

RECIPES = {
    "lazy-object-proxy": {
        "native": True,
        "env": {"SETUPTOOLS_SCM_PRETEND_VERSION": "{version}"},
    },
    "mysqlclient": {
        "native": True,
        "packages": ["libmariadb-dev", "libmariadb3"],
        "libraries": ["libmariadb.so.3"],
        "programs": ["//tools/sdist:programs/mysql_config"],
    },
    "pendulum": {"native": True},
    "psutil": {"native": True},
    "psycopg2": {
        "native": True,
        "packages": ["libpq-dev", "libpq5"],
        "libraries": ["libpq.so.5"],
        "programs": ["//tools/sdist:programs/pg_config"],
    },
    "pyrsistent": {"native": True},
    "python-ldap": {
        "native": True,
        "packages": ["libldap-2.4-2", "libldap2-dev", "libsasl2-2", "libsasl2-dev"],
        "libraries": ["liblber-2.4.so.2", "libldap_r-2.4.so.2", "libsasl2.so.2"],
    },
}
