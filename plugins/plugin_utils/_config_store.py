# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the states of synchronised planes are."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

SHARED: dict[str, dict[str, Any]] = {
    "directory": {
        "type": "path",
        "default": "configuration",
        "fallback": (env_fallback, ["ADSENGINEER_CONFIGURATION"]),
    },
}

__all__ = ["SHARED"]
