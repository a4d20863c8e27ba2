# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place where httpx is imported, so that its absence can be told in a sentence."""

from __future__ import annotations

import sys

try:
    # httpx itself loads httpcore with its first client only: that would be once in every fork of a task.
    import httpcore  # pylint: disable=unused-import  # noqa: F401
    import httpx

    MISSING: str | None = None
except ImportError:
    httpx = None  # type: ignore[assignment]
    MISSING = (
        "The Python library httpx is not installed for the interpreter that runs Ansible: "
        f"run '{sys.executable} -m pip install \"httpx[http2]>=0.27\"'."
    )

__all__ = ["MISSING", "httpx"]
