"""Constructors of what is declared of Debian packages; tools/inputs/deb/tables.py and effects.py read it.

Each gives a dict without the arguments that were left out. tools/inputs/deb/bzl_data.py reads their calls as the same dicts.
"""

def _given(**fields):
    return {name: value for name, value in fields.items() if value != None}

def copy(*, source, path):
    """Copy a file of the package, with its mode, to another place."""
    return {"path": path, "source": source, "verb": "copy"}

def directory(*, path, mode, uid = None, gid = None):
    """Add a directory, or replace the metadata of one that the package has; root's, unless uid and gid say otherwise."""
    return _given(gid = gid, mode = mode, path = path, uid = uid, verb = "directory")

def file(*, path, mode, uid = None, gid = None, text = None):
    """Add a new file, empty and root's unless said otherwise."""
    return _given(gid = gid, mode = mode, path = path, text = text, uid = uid, verb = "file")

def link(*, path, target):
    """Add a new symbolic link."""
    return {"path": path, "target": target, "verb": "link"}

def mode(*, path, mode):
    """Give a file of the package another mode."""
    return {"mode": mode, "path": path, "verb": "mode"}

def replace(*, path, target):
    """Put a symbolic link in place of the package's empty directory."""
    return {"path": path, "target": target, "verb": "replace"}

def group(*, name, gid, package = None):
    """Declare a group. With `package`, here and below: only where that package is in the image."""
    return _given(gid = gid, name = name, package = package)

def user(*, name, uid, gid, home, shell, password, gecos = None, groups = None, home_mode = None, home_gid = None, home_files = None, package = None):
    """Declare a user.

    Args:
      name: user name.
      uid: number.
      gid: number of the first group.
      home: home directory.
      shell: login shell.
      password: field of shadow(5): "*" or "!".
      gecos: full name.
      groups: names of further groups.
      home_mode: mode of the home directory, which is made with the files of /etc/skel; left out: none is made.
      home_gid: group of the home directory.
      home_files: dict: file in it -> text instead of that in /etc/skel.
      package: see group().

    Returns:
      dict.
    """
    return _given(
        gecos = gecos,
        gid = gid,
        groups = groups,
        home = home,
        home_files = home_files,
        home_gid = home_gid,
        home_mode = home_mode,
        name = name,
        package = package,
        password = password,
        shell = shell,
        uid = uid,
    )

def accounts(*, groups = [], users = []):
    """Declare groups and users, added in this order."""
    return {"groups": groups, "users": users}

def login_shells(*, package, shells):
    """Declare login shells of a package, for /etc/shells."""
    return {"package": package, "shells": shells}

def alternative(*, name, link, choices, slaves = {}):
    """Declare a link of update-alternatives: `choices` are choice()s; `slaves`, dict: name -> link that follows the master's choice."""
    return {"choices": choices, "link": link, "name": name, "slaves": slaves}

def choice(*, package, path, priority, slaves = {}):
    """Declare what an alternative may point to; `slaves`, dict: name of a slave -> what it points to then."""
    return {"package": package, "path": path, "priority": priority, "slaves": slaves}

def diversion(*, package, path, to):
    """Declare a diversion by dpkg-divert: where another package's file of that path goes."""
    return {"package": package, "path": path, "to": to}

def statoverride(*, package, path, user, group, mode):
    """Declare an owner and mode by dpkg-statoverride that a later installation keeps."""
    return {"group": group, "mode": mode, "package": package, "path": path, "user": user}

def apt_source(*, registry, suite):
    """Declare a line of sources.list; registry is "debian" or "debian-security"."""
    return {"registry": registry, "suite": suite}

def system_state(*, accounts, shells, alternatives, diversions, statoverrides, certificates_head, locales_head, apt_sources, directories):
    """Declare what the maintainer scripts of several packages make together.

    Args:
      accounts: accounts() that packages make on their own, after base-passwd's.
      shells: list of login_shells(), in the order in which the packages are configured.
      alternatives: list of alternative().
      diversions: list of diversion(), the newest first.
      statoverrides: list of statoverride(), the newest first.
      certificates_head: lines that ca-certificates.conf starts with.
      locales_head: lines that locale.gen starts with.
      apt_sources: list of apt_source().
      directories: directories that packages expect.

    Returns:
      dict.
    """
    return {
        "accounts": accounts,
        "alternatives": alternatives,
        "apt_sources": apt_sources,
        "certificates_head": certificates_head,
        "directories": directories,
        "diversions": diversions,
        "locales_head": locales_head,
        "shells": shells,
        "statoverrides": statoverrides,
    }
