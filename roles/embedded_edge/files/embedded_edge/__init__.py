# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded edge: Cloudflare's REST API and the deployed Workers, on this machine only."""

from __future__ import annotations

__all__: list[str] = []
