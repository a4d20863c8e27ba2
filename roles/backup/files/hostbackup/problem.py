# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, in words for the journal."""

from __future__ import annotations

import errno


class Problem(Exception):
    """The text says what happened and what to do; it never holds a secret."""


def disk_words(error: OSError) -> str:
    """An error of the operating system; a full disk with its remedy."""
    place = error.filename or "the disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}: no space left. Free some (df -h), then run this again."
    return f"{place}: {error.strerror}."
