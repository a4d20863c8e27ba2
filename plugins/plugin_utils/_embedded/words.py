# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies in the words of what a person typed: make in a checkout, else ansible-playbook."""

from __future__ import annotations

MAKE = "make"
PLAYBOOK = "ansible-playbook"


def quickstart(by: str, api: int | None = None, http: int | None = None) -> str:
    """The command that starts the embedded edge, on these ports where they are given."""
    if by == MAKE:
        command, api_word, http_word = "make quickstart", "API_PORT=", "HTTP_PORT="
    else:
        command = f"{PLAYBOOK} adsengineer.orchestrator.quickstart"
        api_word, http_word = "-e embedded_edge_api_port=", "-e embedded_edge_http_port="
    given = [f"{word}{port}" for word, port in ((api_word, api), (http_word, http)) if port]
    return " ".join([command, *given])


__all__ = ["MAKE", "PLAYBOOK", "quickstart"]
