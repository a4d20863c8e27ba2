# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies in the words of what a person typed: make in a checkout, else ansible-playbook."""

from __future__ import annotations

MAKE = "make"
PLAYBOOK = "ansible-playbook"


def quickstart(by: str, **ports: int) -> str:
    """The command that starts the embedded edge, on these ports of C(api), C(http) and C(relay)."""
    command = "make quickstart" if by == MAKE else f"{PLAYBOOK} adsengineer.orchestrator.quickstart"
    return " ".join([command, *(asked(by, name, port) for name, port in ports.items())])


def asked(by: str, name: str, port: int) -> str:
    """The option that asks for a port."""
    return f"{name.upper()}_PORT={port}" if by == MAKE else f"-e embedded_edge_{name}_port={port}"


__all__ = ["MAKE", "PLAYBOOK", "asked", "quickstart"]
