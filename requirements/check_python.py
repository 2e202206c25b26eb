"""Says, before anything is installed, what an interpreter lacks: `python3 check_python.py`.

Kept to what Python 3.6 can run, because the wrong interpreter is the one that must read it.
"""

import importlib.util
import os
import shutil
import sys
import sysconfig

VERSION = "{}.{}".format(*sys.version_info)
FITTING = ("3.10", "3.11")


def fits():
    """Tell whether MXNet runs on this interpreter."""
    return sys.implementation.name == "cpython" and VERSION in FITTING


def lacking():
    """Name what a fitting interpreter still needs, each with its remedy."""
    if importlib.util.find_spec("ensurepip") is None:
        yield f"the venv module; on Debian and Ubuntu: apt-get install python{VERSION}-venv"
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        yield f"Python's headers; on Debian and Ubuntu: apt-get install python{VERSION}-dev"
    if shutil.which("gcc") is None:
        yield "gcc, for what is built here; on Debian and Ubuntu: apt-get install gcc libc6-dev"


def main():
    """Print what is wrong and how to mend it; the exit status is 0 where nothing is."""
    if not fits():
        print(
            f"{sys.executable} is {sys.implementation.name} {VERSION}, and this project needs "
            "CPython 3.10 or 3.11:\nMXNet 1.9.1 breaks with numpy 1.24 and later, and older numpy "
            "has no wheels for a newer Python.\nInstall one of the two, then name it: "
            "make install PYTHON=python3.11",
            file=sys.stderr,
        )
        return 1
    needs = list(lacking())
    for need in needs:
        print(f"{sys.executable} lacks {need}", file=sys.stderr)
    return 1 if needs else 0


if __name__ == "__main__":
    sys.exit(main())
