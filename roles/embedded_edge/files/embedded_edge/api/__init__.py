# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST API under /client/v4 and the local control endpoint."""

from __future__ import annotations
