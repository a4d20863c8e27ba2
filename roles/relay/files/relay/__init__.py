# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay: calls third parties for the Workers of one tenant, with secrets that never leave this host."""
