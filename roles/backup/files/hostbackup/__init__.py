# SPDX-License-Identifier: GPL-3.0-or-later
"""Back a host up into a restic repository, bring it back, and prove that it could be brought back."""
