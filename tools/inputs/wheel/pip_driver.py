"""Installs wheels with pip's own installer; a separate program, since each pip needs its own interpreter.

The argument is a pip wheel. Reads a JSON list of (case, name, wheel, root) from standard input; writes a JSON object to standard
output: case → null, or pip's error.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from pip._internal.models.scheme import Scheme  # noqa: E402
from pip._internal.operations.install.wheel import install_wheel  # noqa: E402


def main() -> None:
    """Install what standard input lists; write the results to standard output."""
    python = "python{}.{}".format(*sys.version_info[:2])
    sys.executable = "/usr/local/bin/" + python  # what pip writes into scripts
    said: "dict[str, str | None]" = {}
    for case, name, wheel, root in json.load(sys.stdin):
        prefix = root + "/usr/local"
        library = f"{prefix}/lib/{python}/site-packages"
        headers = f"{prefix}/include/{python}/{name}"
        scheme = Scheme(platlib=library, purelib=library, headers=headers, scripts=prefix + "/bin", data=prefix)
        try:
            install_wheel(name, wheel, scheme, name, pycompile=False, warn_script_location=False, requested=True)
            said[case] = None
        except Exception as error:  # noqa: BLE001 (whatever stops pip is an answer)
            said[case] = f"{type(error).__name__}: {error}"
    json.dump(said, sys.stdout)


main()
