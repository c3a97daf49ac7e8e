"""Ends a script at its start where a Python package is missing, with the one command that installs all it needs.

    sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
    from requires import requires

    python scripts/lib/requires.py numpy onnx
"""

import importlib.util
import sys

# What is imported under another name than it is installed under.
INSTALLED_AS = {"PIL": "Pillow"}


def requires(*modules):
    if all(importlib.util.find_spec(module) for module in modules):
        return
    packages = " ".join(INSTALLED_AS.get(module, module) for module in modules)
    print(f"missing Python packages: {sys.executable} -m pip install {packages}, then run this again", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    requires(*sys.argv[1:])
