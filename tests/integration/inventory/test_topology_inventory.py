# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, the module and the playbook through Ansible itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from inventory_tools import ROOT, Ansible

CANARY = "{{ lookup('pipe', 'touch canary') }}"
HEAD = """\
plugin: adsengineer.orchestrator.topology
name: sample
edge: {zone: example.com}
environments: {production: {}}
regions: {eu: {canary: true}, us: {}}
"""
TENANTS = "tenants: {acme: {environment: production, regions: [eu, us]}}\n"
LABELS = """\
defaults: {settings: {labels: {inner: "CANARY"}}}
tenants:
  acme:
    environment: production
    regions: [eu]
    settings: {labels: {outer: "{{ 6 * 7 }}"}}
""".replace("CANARY", CANARY)
SHOW = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {var: plane}
    - ansible.builtin.debug: {msg: "inner={{ labels.inner }} outer={{ labels.outer }}"}
      vars: {labels: "{{ plane.settings.labels }}"}
"""
ADD = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - adsengineer.orchestrator.topology_info: {path: topology.yml, origins: true}
      register: topology
    - ansible.builtin.add_host:
        name: "{{ item.name }}"
        groups: "{{ item.groups }}"
        ansible_connection: local
        plane: "{{ topology.hostvars[item.name].plane }}"
      loop: "{{ topology.hosts }}"
- hosts: tenant_acme
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "inner={{ plane.settings.labels.inner }}"}
    - ansible.builtin.debug: {msg: "from={{ origins['settings.labels.inner'] }}"}
      vars: {origins: "{{ hostvars.localhost.topology.origins[inventory_hostname] }}"}
"""


def write(ansible: Ansible, text: str, name: str = "topology.yml") -> Path:
    path = ansible.folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["embedded", "example"])
def test_the_inventories_of_the_repository_are_read_without_a_warning(ansible: Ansible, name: str) -> None:
    listed = ansible.inventory(ROOT / "inventories" / name)
    assert len(listed["edge"]["hosts"]) >= 4
    graph = ansible.run("ansible-inventory", "-i", ROOT / "inventories" / name, "--graph")
    assert (graph.returncode, graph.stderr) == (0, "")
    assert "@region_eu" in graph.stdout


def test_hosts_groups_and_variables(ansible: Ansible) -> None:
    control_plane = "control_planes: {cp1: {host: 203.0.113.10, environment: production, user: admin}}\n"
    listed = ansible.inventory(write(ansible, HEAD + TENANTS + control_plane))
    groups = {name: value["hosts"] for name, value in listed.items() if "hosts" in value}
    assert groups == {
        "edge": ["acme-eu", "acme-us"],
        "tenant_acme": ["acme-eu", "acme-us"],
        "region_eu": ["acme-eu"],
        "region_us": ["acme-us"],
        "environment_production": ["acme-eu", "acme-us", "cp1"],
        "control_plane": ["cp1"],
    }
    hosts = listed["_meta"]["hostvars"]
    connection = {"ansible_connection", "ansible_python_interpreter"}
    assert hosts["acme-eu"].keys() == {
        "plane",
        "edge_topology",
        "configuration_rules",
        "secret_kinds",
        *connection,
    }
    assert hosts["acme-eu"]["edge_topology"] == "sample"
    assert hosts["acme-eu"]["plane"]["url"] == "https://acme-eu.example.com"
    assert hosts["cp1"]["ansible_host"] == "203.0.113.10"
    assert "__ansible_unsafe" not in json.dumps(listed)


def test_a_plane_without_config_has_no_namespace(ansible: Ansible) -> None:
    without = HEAD.replace("zone: example.com", "zone: example.com, config: false")
    assert without != HEAD
    hosts = ansible.inventory(write(ansible, without + TENANTS))["_meta"]["hostvars"]
    assert hosts["acme-eu"]["plane"]["kv_namespace"] is None


def test_two_topologies_do_not_share_an_inventory(ansible: Ansible) -> None:
    other = HEAD.replace("name: sample", "name: other") + TENANTS.replace("acme", "globex")
    both = ["-i", write(ansible, HEAD + TENANTS), "-i", write(ansible, other, "topology-other.yml")]
    done = ansible.run("ansible-inventory", *both, "--list")
    assert "two topologies, 'sample' and 'other'" in " ".join(done.stderr.split())


def test_planes_run_on_the_controller(ansible: Ansible) -> None:
    done = ansible.run(
        "ansible", "-i", write(ansible, HEAD + TENANTS), "acme-eu", "-m", "ansible.builtin.ping"
    )
    assert '"ping": "pong"' in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("where", ["file", "environment"])
def test_origins_on_request(ansible: Ansible, where: str) -> None:
    path = write(ansible, HEAD + TENANTS + ("origins: true\n" if where == "file" else ""))
    asked = {"ADSENGINEER_TOPOLOGY_ORIGINS": "true"} if where == "environment" else {}
    host = ansible.inventory(path, **asked)["_meta"]["hostvars"]["acme-eu"]
    assert host["plane_origins"]["hostname"] == "edge"


def test_any_file_name_with_the_plugin_named_in_it(ansible: Ansible) -> None:
    assert "acme-eu" in ansible.inventory(write(ansible, HEAD + TENANTS, "fleet.yml"))["edge"]["hosts"]


def test_text_is_never_rendered(ansible: Ansible) -> None:
    done = ansible.run(
        "ansible-playbook", "-i", write(ansible, HEAD + LABELS), write(ansible, SHOW, "play.yml")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"inner={CANARY} outer={{{{ 6 * 7 }}}}" in done.stdout
    assert not (ansible.folder / "canary").exists()


@pytest.mark.parametrize(
    ("trust", "rendered"),
    [
        ("true", {"inner", "outer"}),
        ("false", set()),
        ("[tenants.acme.settings.labels]", {"outer"}),
        ("[tenants.acme]", {"outer"}),
        ("[defaults.settings.labels.inner]", {"inner"}),
        ("[tenants.acme.settings.label, settings.labels]", set()),
    ],
)
def test_text_is_rendered_where_the_file_trusts_it(ansible: Ansible, trust: str, rendered: set[str]) -> None:
    path = write(ansible, f"{HEAD}{LABELS}trust_templates: {trust}\n")
    done = ansible.run("ansible-playbook", "-i", path, write(ansible, SHOW, "play.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("outer=42" in done.stdout) == ("outer" in rendered)
    assert (ansible.folder / "canary").exists() == ("inner" in rendered)


def test_text_stays_text_when_the_module_reads_it(ansible: Ansible) -> None:
    write(ansible, HEAD + LABELS + "trust_templates: true\n")
    done = ansible.run("ansible-playbook", write(ansible, ADD, "play.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"inner={CANARY}" in done.stdout
    assert "from=defaults.settings" in done.stdout
    assert not (ansible.folder / "canary").exists()


def test_all_errors_are_shown_once_and_nothing_is_read(ansible: Ansible) -> None:
    path = write(ansible, HEAD.replace("us: {}", "us: {canary: true}") + TENANTS.replace("eu, us", "eu, usa"))
    done = ansible.run("ansible-inventory", "-i", path, "--list")
    assert json.loads(done.stdout)["_meta"]["hostvars"] == {}
    assert done.stderr.count(f"{path}:5:44: regions.us.canary: 'us' is a second canary region") == 1
    assert done.stderr.count(f"{path}:6:57: tenants.acme.regions[1]: region 'usa' is not declared") == 1
    assert "Traceback" not in done.stderr
    strict = ansible.run(
        "ansible-inventory", "-i", path, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1"
    )
    assert strict.returncode == 1


def test_the_playbook_stops_where_ansible_only_warns(ansible: Ansible) -> None:
    path = write(ansible, HEAD + TENANTS.replace("eu, us", "eu, usa"))
    done = ansible.run("ansible-playbook", "adsengineer.orchestrator.config", "-i", path, "--tags", "show")
    assert done.returncode == 2
    assert "tenants.acme.regions[1]: region 'usa' is not declared under regions" in done.stdout + done.stderr


def test_the_playbook_shows_settings_and_layers(ansible: Ansible) -> None:
    options = ("-i", ROOT / "inventories" / "example", "--tags", "show", "--limit", "globex-us", "--check")
    done = ansible.run("ansible-playbook", "adsengineer.orchestrator.config", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.split("\n")]
    assert ["sample_rate", "0.25", "tenants.globex.regions.us.settings"] in lines
    assert ["max_event_bytes", "16384", "default", "of", "the", "gateway"] in lines
    assert "acme-eu" not in done.stdout


def test_an_unknown_plane_is_refused_by_name(ansible: Ansible) -> None:
    task = "- hosts: localhost\n  tasks:\n    - adsengineer.orchestrator.topology_info: "
    play = write(ansible, task + "{path: topology.yml, planes: [acme-euu]}\n", "play.yml")
    write(ansible, HEAD + TENANTS)
    done = ansible.run("ansible-playbook", play)
    assert done.returncode == 2
    assert "The topology sample has no plane 'acme-euu'; did you mean acme-eu?" in done.stdout + done.stderr


def test_a_missing_library_is_one_line_with_its_remedy(ansible: Ansible) -> None:
    (ansible.folder / "jsonschema.py").write_text("raise ImportError('not here')\n")
    path = write(ansible, HEAD + TENANTS)
    done = ansible.run("ansible-inventory", "-i", path, "--list", PYTHONPATH=str(ansible.folder))
    remedy = f"install it with: {sys.executable} -m pip install jsonschema"
    assert remedy in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_a_thousand_planes(ansible: Ansible) -> None:
    tenants = "".join(f"  t{n}: {{environment: production, regions: [eu, us]}}\n" for n in range(500))
    assert len(ansible.inventory(write(ansible, f"{HEAD}tenants:\n{tenants}"))["edge"]["hosts"]) == 1000
