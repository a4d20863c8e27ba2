# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way in which everything here fails."""

from __future__ import annotations


class Problem(Exception):
    """What is wrong and what to do about it, each one sentence.

    ``str()`` gives both on one line.
    """

    def __init__(self, wrong: str, remedy: str) -> None:
        self.wrong = wrong
        self.remedy = remedy
        super().__init__(f"{wrong}. {remedy}.")


__all__ = ["Problem"]
