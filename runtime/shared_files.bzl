"""Files that several distributions bring: upstream's doing, with the reason why the later one may win, as with pip."""

_SITE_PACKAGES = ["usr/local/lib/python3.{}/site-packages/".format(minor) for minor in [9, 10, 11]]

_PATHS = [
    # Markers without meaning of their own, of distributions that share a namespace.
    "gcloud/py.typed",
    "gcloud/aio/py.typed",
]

SHARED_FILES = [directory + path for directory in _SITE_PACKAGES for path in _PATHS]
