"""Which tags an index gets, and its .push and .load.

A release 10.9.0 of Python 3.11, the line's default, is 10.9.0 and 10.9.0-python-3.11; without ONBUILD 10.9.0-base and
10.9.0-python-3.11-base. Other Pythons have only the longer tag. Moving tags say the same of 10 and 10.9.
"""

load("//runtime/config:defs.bzl", "image_tag")
load("//tools/ship:defs.bzl", "image_load", "image_push")

def release_tags(row, onbuild):
    """Return the tags of an index that never move.

    Args:
      row: a row of image_rows().
      onbuild: whether its images have ONBUILD instructions.

    Returns:
      list of strings; the first is the one that the images know themselves by.
    """
    return _tags(row.version, row, onbuild)

def moving_tags(row, onbuild):
    """Return the tags that the next release of the line takes over.

    Args:
      row: a row of image_rows().
      onbuild: whether its images have ONBUILD instructions.

    Returns:
      list of strings.
    """
    major, _, rest = row.version.partition(".")
    minor = rest.partition(".")[0]
    return _tags(major, row, onbuild) + _tags(major + "." + minor, row, onbuild)

def _tags(version, row, onbuild):
    named = image_tag(version = version, python = row.python, default_python = False, onbuild = onbuild)
    if not row.default_python:
        return [named]
    return [image_tag(version = version, python = row.python, default_python = True, onbuild = onbuild), named]

def publish_index(name, repository, row, onbuild):
    """Declare NAME.push and NAME.load of an index.

    Args:
      name: name of the index.
      repository: under which a loaded image is found.
      row: its row of image_rows().
      onbuild: whether its images have ONBUILD instructions.
    """
    tags = release_tags(row, onbuild)
    image_push(
        name = name + ".push",
        image = name,
        image_tags = tags,
        moving_tags = moving_tags(row, onbuild),
        visibility = ["//visibility:public"],
    )
    image_load(
        name = name + ".load",
        image = name,
        image_name = repository + ":" + tags[0],
        visibility = ["//visibility:public"],
    )
