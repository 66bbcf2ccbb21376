"""Which layers a project's own files make; tools/project/layers.py has the same plan for a directory."""

_MOST = 16

def plan_files(paths):
    """Return the layers of files.

    Args:
      paths: of the files, relative to the project.

    Returns:
      dict: the directory at the project's top ("": files at the top itself, or of all directories if these are too many)
      -> its paths, lowest layer first. Never empty.
    """
    tops = {path.partition("/")[0]: True for path in paths if "/" in path}
    if len(tops) > _MOST:
        tops = {top: True for top in tops if top == "dags"}
    found = {top: [] for top in sorted([top for top in tops if top != "dags"])}
    found[""] = []
    if "dags" in tops:
        found["dags"] = []
    for path in paths:
        top = path.partition("/")[0] if "/" in path else ""
        found[top if top in tops else ""].append(path)
    return {top: some for top, some in found.items() if some} or {"": []}
