# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules do on a managed host: sets of files, the parachute, the login. Standard library only."""

from __future__ import annotations
