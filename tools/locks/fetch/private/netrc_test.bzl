"""Unit tests of netrc.bzl. Where curl 7.88 sends other credentials for the same file, the row says so."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load(":netrc.bzl", "parse_netrc")

_ME = {"login": "me", "password": "secret"}

# Text of a file -> what it says of the host mirror.example, after the default entry.
_FILES = {
    "": None,
    "machine mirror.example login me password secret": _ME,
    "machine mirror.example\n\tlogin me\n\tpassword secret\n": _ME,
    "machine mirror.example\r\nlogin me\r\npassword secret\r\n": _ME,
    "\357\273\277machine mirror.example login me password secret\n": _ME,  # curl: none
    "machine\nmirror.example\nlogin\nme\npassword\nsecret\n": _ME,
    "MACHINE Mirror.Example Login me PASSWORD secret": _ME,
    "machine other.example login a password b machine mirror.example login me password secret": _ME,

    # Comments
    "# all\nmachine mirror.example # mine\nlogin me # it's\n # \"\npassword secret # machine x": _ME,
    "machine mirror.example login me password sec#ret": {"login": "me", "password": "sec#ret"},
    "machine mirror.example login me password #secret": {"login": "me", "password": "#secret"},  # curl: no password

    # Words that are not netrc's
    "machine mirror.example protocol https login me port 8443 password secret\nprotocol https\n": _ME,
    "{}\nlogin x password y\nmachine mirror.example login me password secret": _ME,

    # Macros, which end at an empty line
    "macdef init\nmachine mirror.example login x password y\n\nmachine mirror.example login me password secret": _ME,
    "macdef init\r\nlogin x\r\n\r\nmachine mirror.example login me password secret": _ME,
    "machine mirror.example login me password secret\nmacdef init\ncd /": _ME,
    "machine mirror.example macdef init\nlogin x\n\nlogin me password secret": _ME,
    "macdef init\nmachine mirror.example login me password secret": None,

    # Quotes
    'machine "mirror.example" login "me" password "secret"': _ME,
    'machine mirror.example login me password "a \\"b\\\\ # c"': {"login": "me", "password": 'a "b\\ # c'},
    'machine mirror.example login me password ""': {"login": "me", "password": ""},
    'machine mirror.example login me password "secret': {"login": "me", "password": '"secret'},  # curl: an error
    "machine mirror.example login me password a\\b'c": {"login": "me", "password": "a\\b'c"},

    # Several entries
    "machine mirror.example login me password secret\nmachine mirror.example login x password y": _ME,
    "default login x password y\nmachine mirror.example login me password secret": _ME,  # curl: x
    "machine other.example login a password b\ndefault login me password secret": _ME,
    "machine mirror.example login me": {"login": "me"},
    "machine mirror.example account a login me password secret": dict(_ME, account = "a"),
    "machine mirror.example login": {},
    "machine": None,
}

def _netrc_impl(ctx):
    env = unittest.begin(ctx)
    for text, expected in _FILES.items():
        hosts = parse_netrc(text)
        asserts.equals(env, expected, hosts.get("mirror.example", hosts.get("")), text)
    return unittest.end(env)

netrc_test = unittest.make(_netrc_impl)

def netrc_test_suite(name):
    """Declare the tests.

    Args:
      name: of the suite.
    """
    unittest.suite(name, netrc_test)
