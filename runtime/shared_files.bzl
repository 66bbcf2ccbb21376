"""Files that several distributions bring. One keeps them: two owners of a path are an error, in a layer and in an image."""

# Distribution -> paths in site-packages that it leaves to another one.
LEFT_OUT = {
    # gcloud-aio-auth, which both require, has the markers of the namespace.
    "gcloud-aio-bigquery": ["gcloud/py.typed", "gcloud/aio/py.typed"],
    "gcloud-aio-storage": ["gcloud/py.typed", "gcloud/aio/py.typed"],
}
