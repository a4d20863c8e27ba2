# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a config document is sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..filter.config_problems import config_problems


def valid_config(document: Any, name: str = "gateway", schemas: str | None = None) -> bool:
    """Whether the schema of this document finds nothing."""
    return not config_problems(document, name, schemas)


class TestModule:
    """The test."""

    __test__ = False

    def tests(self) -> dict[str, Callable[..., Any]]:
        return {"valid_config": valid_config}
