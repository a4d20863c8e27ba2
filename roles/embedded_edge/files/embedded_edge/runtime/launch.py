# SPDX-License-Identifier: GPL-3.0-or-later
"""Become the named program, and die with the parent: `python launch.py PARENT_PID PROGRAM ARGUMENT...`.

Linux keeps the wish across exec. Asking for it in a child of its own is safe where threads run, unlike a hook
between fork and exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent is gone already")
os.execv(sys.argv[2], sys.argv[2:])
