# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from inventory_tools import ROOT, Ansible


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """Ansible with the collection of this checkout and nothing else."""
    namespace = tmp_path / "collections" / "ansible_collections" / "adsengineer"
    namespace.mkdir(parents=True)
    (namespace / "orchestrator").symlink_to(ROOT)
    return Ansible(tmp_path)
