# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a virtual environment its pip from the interpreter's own ensurepip.

ansible-test runs a file of this kind in each environment it makes, and downloads one when there is none.
This one stands in for that download, so that the tests need no host but the package registries.
"""

from __future__ import annotations

import subprocess
import sys

# Spoken by ansible-test, unknown to today's pip.
OLD_WORDS = {"--no-setuptools", "--no-wheel"}


def main(words: list[str]) -> int:
    """Install pip, then whatever version of it ansible-test asks for."""
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
    asked = [word for word in words if word not in OLD_WORDS]
    return subprocess.run([sys.executable, "-m", "pip", "install", *asked], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
