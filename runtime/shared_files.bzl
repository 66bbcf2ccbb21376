"""Files that several distributions bring. One keeps them: two owners of a path are an error, in a layer and in an image."""

# gcloud-aio-auth, which the others require, has the namespace's files as well.
_GCLOUD_AIO = [
    "gcloud/__init__.py",
    "gcloud/aio/__init__.py",
    "gcloud/aio/py.typed",
    "gcloud/py.typed",
]

# Distribution -> paths in site-packages that it leaves to another one.
LEFT_OUT = {
    "gcloud-aio-bigquery": _GCLOUD_AIO,
    "gcloud-aio-storage": _GCLOUD_AIO,
    # The tests of its own that an old release left in; google-cloud-memcache did the same.
    "looker-sdk": ["tests/__init__.py"],
}
