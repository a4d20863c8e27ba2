# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a config document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._config.canonical import Unsound, check_sound
from ..module_utils._topology import JSONSCHEMA_MISSING, TopologyError, read_schemas, told
from ..plugin_utils._controller import plain


def config_problems(document: Any, name: str = "gateway", schemas: str | None = None) -> list[str]:
    """Key path, fault and remedy of everything that the schema of this document finds."""
    if JSONSCHEMA_MISSING:
        raise AnsibleFilterError(JSONSCHEMA_MISSING)
    value = plain(document)
    try:
        check_sound(value)
        return told(read_schemas(schemas), {str(name): value})
    except Unsound as error:
        return [f"{name}: {error}"]
    except TopologyError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"config_problems": config_problems}
