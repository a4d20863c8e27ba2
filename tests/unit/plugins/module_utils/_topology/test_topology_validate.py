# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from topology_samples import GOOD, errors, read, spoiled

NAME = "use lower-case letters, digits and single dashes, beginning with a letter, at most 40 characters"
LONG = "a" * 40
LIKE = "a" * 22 + "-" + "b" * 17


def test_the_sample_is_good() -> None:
    assert errors(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        pytest.param(
            "name: sample",
            "name: My Topology",
            f"2:7: name: 'My Topology' is not allowed here; {NAME}",
            id="name with a space",
        ),
        pytest.param(
            "name: sample",
            "name: 7",
            f"2:7: name: 7 is a number; put it in quotes, or {NAME}",
            id="number as name",
        ),
        pytest.param("name: sample", "name:", f"2:6: name: nothing is written here; {NAME}", id="empty name"),
        pytest.param(
            "name: sample\n", "", f"1:1: the key name is missing; add it with {NAME[4:]}", id="no name"
        ),
        pytest.param(
            "name: sample",
            "naem: sample\nname: sample",
            "2:1: naem: unknown key 'naem'; did you mean name?",
            id="unknown key",
        ),
        pytest.param(
            "plugin: adsengineer.orchestrator.topology",
            "plugin: adsengineer.orchestrator.topologie",
            "1:9: plugin: 'adsengineer.orchestrator.topologie' is not allowed here; "
            "did you mean adsengineer.orchestrator.topology?",
            id="other plugin",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            "edge: {port: 8788}",
            "3:7: edge: the key zone is missing; add it with the name of the Cloudflare "
            "zone, such as example.com",
            id="no zone",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            "edge: {zone: example.com, port: 70000}",
            "3:33: edge.port: 70000 is more than 65535; use a whole number from 1 to 65535",
            id="port too large",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            "edge: {zone: example.com, port: '80'}",
            "3:33: edge.port: '80' is text; use a whole number from 1 to 65535",
            id="port as text",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            'edge: {zone: example.com, hostname: "{tenant}-{planet}.{zone}"}',
            "3:37: edge.hostname: '{tenant}-{planet}.{zone}' is not allowed here; "
            "use a host name in which {tenant}, {region}, {environment} and {zone} are filled in",
            id="unknown placeholder",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            'edge: {zone: example.com, front_hostname: "{tenant}-{region}.{zone}"}',
            "3:43: edge.front_hostname: '{tenant}-{region}.{zone}' is not allowed here; "
            "use a host name in which {tenant}, {environment} and {zone} are filled in",
            id="a front has no region",
        ),
        pytest.param(
            "{settings: {log_level: warn}}",
            "{settings: {log_level: warning}}",
            "5:38: environments.production.settings.log_level: 'warning' is not allowed "
            "here; did you mean warn?",
            id="unknown log level",
        ),
        pytest.param(
            "{settings: {log_level: warn}}",
            "{settings: {accept: []}}",
            "5:35: environments.production.settings.accept: the list is empty; "
            "use a list of event types such as [impression, click]",
            id="empty list",
        ),
        pytest.param(
            "{settings: {log_level: warn}}",
            "{settings: {labels: {since: 2026}}}",
            "5:43: environments.production.settings.labels.since: 2026 is a number; "
            "put it in quotes, or use text of at most 1024 characters",
            id="number as label",
        ),
        pytest.param(
            "{settings: {log_level: warn}}",
            '{settings: {cors_origins: ["https://a.example/path"]}}',
            "5:42: environments.production.settings.cors_origins[0]: "
            "'https://a.example/path' is not allowed here; "
            "use an origin such as https://www.example.com",
            id="origin with a path",
        ),
        pytest.param(
            "{settings: {log_level: warn}}",
            "{settings: warn}",
            "5:26: environments.production.settings: 'warn' is text; use a mapping",
            id="settings as text",
        ),
        pytest.param(
            "max_batch: 7",
            "max_bacth: 7",
            "17:23: tenants.globex.regions.us.settings.max_bacth: unknown key "
            "'max_bacth'; did you mean max_batch?",
            id="unknown setting",
        ),
        pytest.param(
            "max_batch: 7",
            "max_batch: 7.0",
            "17:34: tenants.globex.regions.us.settings.max_batch: 7.0 is not a whole number; "
            "use a whole number from 1 to 1000",
            id="fraction",
        ),
        pytest.param(
            "max_batch: 7",
            "max_batch: yes",
            "17:34: tenants.globex.regions.us.settings.max_batch: true is a boolean; use "
            "a whole number from 1 to 1000",
            id="boolean as number",
        ),
        pytest.param(
            "  us: {}",
            "  us: {countries: [DE, NO]}",
            "9:24: regions.us.countries[1]: false is a boolean; "
            "put it in quotes, or use a country code such as DE, in quotes",
            id="Norway",
        ),
        pytest.param(
            "  us: {}",
            "  us: {placement: {mode: smart, region: 'aws:us-east-1'}}",
            "9:19: regions.us.placement: 2 entries stand here; use exactly one of mode, "
            "region, host, hostname",
            id="two placements",
        ),
        pytest.param(
            "  us: {}",
            "  us: {continents: [NA, NA]}",
            "9:20: regions.us.continents: 'NA' stands twice in the list; use a list of "
            "continents such as [EU, AF]",
            id="continent twice",
        ),
        pytest.param(
            "  eu: {canary: true}",
            "  eu: {}",
            "7:1: regions: no region is the canary; write canary: true in the region "
            "where new releases begin",
            id="no canary",
        ),
        pytest.param(
            "  us: {}",
            "  us: {canary: true}",
            "9:16: regions.us.canary: 'us' is a second canary region, 'eu' is one already; "
            "keep canary: true in one of them",
            id="two canaries",
        ),
        pytest.param(
            "regions: [eu, us]",
            "regions: [eu, usa]",
            "13:19: tenants.acme.regions[1]: region 'usa' is not declared under regions; did you mean us?",
            id="unknown region in a list",
        ),
        pytest.param(
            "      us: {settings: {max_batch: 7}}",
            "      mars:",
            "17:7: tenants.globex.regions.mars: region 'mars' is not declared under "
            "regions; use one of: eu, us",
            id="unknown region in a mapping",
        ),
        pytest.param(
            "  acme:\n    environment: production",
            "  acme:\n    environment: produktion",
            "12:18: tenants.acme.environment: environment 'produktion' is not declared under environments; "
            "did you mean production?",
            id="unknown environment",
        ),
        pytest.param(
            "us: {settings: {max_batch: 7}}",
            "us: {environment: test}",
            "17:25: tenants.globex.regions.us.environment: environment 'test' is not "
            "declared under environments; "
            "use one of: production, staging",
            id="unknown environment of one region",
        ),
        pytest.param(
            "  acme:\n",
            "  Acme:\n",
            f"11:3: tenants.Acme: 'Acme' is not a usable name; {NAME}",
            id="tenant with a capital",
        ),
        pytest.param(
            "us: {settings: {max_batch: 7}}",
            "us: {hostname: www.example.org}",
            "17:12: tenants.globex.regions.us.hostname: the host name www.example.org is "
            "outside its zone example.com; "
            "end it with .example.com, or change the zone",
            id="hostname outside the zone",
        ),
        pytest.param(
            "us: {settings: {max_batch: 7}}",
            "us: {hostname: evil-example.com}",
            "17:12: tenants.globex.regions.us.hostname: the host name evil-example.com "
            "is outside its zone example.com; "
            "end it with .example.com, or change the zone",
            id="hostname that only ends like the zone",
        ),
        pytest.param(
            "us: {settings: {max_batch: 7}}",
            "us: {environment: staging, hostname: globex.example.com}",
            "17:34: tenants.globex.regions.us.hostname: the host name globex.example.com "
            "is outside its zone example.net; "
            "end it with .example.net, or change the zone",
            id="hostname in another environment's zone",
        ),
        pytest.param(
            "us: {settings: {max_batch: 7}}",
            "us: {hostname: acme-eu.example.com}",
            "17:12: tenants.globex.regions.us.hostname: the host name acme-eu.example.com is declared twice, "
            "first by tenants.acme.regions[0]; rename one of them",
            id="hostname twice",
        ),
        pytest.param(
            "edge: {zone: example.com}",
            'edge: {zone: example.com, hostname: "-{tenant}-{region}.{zone}"}',
            "13:15: tenants.acme.regions[0]: the host name -acme-eu.example.com has a "
            "label that is empty or begins "
            "or ends with a dash; shorten or correct it",
            id="hostname label begins with a dash",
        ),
        pytest.param(
            "  globex:\n",
            f"  {LONG}:\n",
            None,
            id="longest tenant name",
        ),
    ],
)
def test_one_fault(old: str, new: str, error: str | None) -> None:
    found = errors(spoiled(old, new))
    assert error in found if error else found == []


def test_a_worker_name_that_is_too_long() -> None:
    text = spoiled("  us: {}", f"  us: {{}}\n  {LIKE}: {{}}").replace(
        "      us: {settings: {max_batch: 7}}", f"      {LIKE}:"
    )
    tenant = "g" * 20
    assert errors(text.replace("globex", tenant)) == [
        f"18:7: tenants.{tenant}.regions.{LIKE}: the Worker's name {tenant}-{LIKE}-gateway "
        "has 69 characters, "
        "at most 63 are allowed; shorten the tenant's or the region's name"
    ]


def test_a_label_that_is_too_long() -> None:
    tenant, pattern = "a" * 30, "{tenant}-{region}-{environment}-" + LONG + ".{zone}"
    text = spoiled("{zone: example.com}", f'{{zone: example.com, hostname: "{pattern}"}}')
    assert errors(text.replace("acme", tenant))[0] == (
        f"13:15: tenants.{tenant}.regions[0]: the host name {tenant}-eu-production-{LONG}.example.com "
        "has a label of 85 characters, at most 63 are allowed; shorten or correct it"
    )


def test_a_host_name_that_is_too_long() -> None:
    pattern = "{tenant}-{region}." + ".".join([LONG] * 5) + ".{zone}"
    text = spoiled("{zone: example.com}", f'{{zone: example.com, hostname: "{pattern}"}}')
    found = errors(text.replace("acme", "a" * 38).replace("example.com", "much.longer.example.com"))
    assert len(found) == 2
    assert found[0].endswith(" has 270 characters, at most 253 are allowed; shorten or correct it")


@pytest.mark.parametrize(
    ("control_plane", "error"),
    [
        ("cp1: {host: 203.0.113.10, environment: production}", None),
        ("cp1: {host: '2001:db8::1', environment: production}", None),
        ("cp1: {host: cp1.example.com, environment: production, user: admin, port: 2222}", None),
        (
            "edge: {host: 203.0.113.10, environment: production}",
            "19:3: control_planes.edge: edge is a reserved inventory name; give it another name",
        ),
        (
            "acme-eu: {host: 203.0.113.10, environment: production}",
            "19:3: control_planes.acme-eu: the inventory host acme-eu is declared twice, "
            "first by tenants.acme.regions[0]; rename one of them",
        ),
        (
            "cp1: {host: 203.0.113, environment: production}",
            "19:15: control_planes.cp1.host: '203.0.113' is neither a host name nor an IP address; "
            "use one such as cp1.example.com or 203.0.113.10",
        ),
        (
            "cp1: {host: -oProxyCommand=id, environment: production}",
            "19:15: control_planes.cp1.host: '-oProxyCommand=id' is not allowed here; "
            "use a host name or an IP address",
        ),
        (
            "cp1: {host: 203.0.113.10, environment: production, user: 'a b'}",
            "19:60: control_planes.cp1.user: 'a b' is not allowed here; use the name of a Unix user",
        ),
    ],
    ids=["IPv4", "IPv6", "name", "reserved", "name of a plane", "three numbers", "option of ssh", "user"],
)
def test_control_planes(control_plane: str, error: str | None) -> None:
    assert errors(f"{GOOD}control_planes:\n  {control_plane}\n") == ([error] if error else [])


def test_two_ways_to_the_same_plane() -> None:
    text = (
        spoiled("  us: {}", "  us: {}\n  b-c: {}\n  c: {}")
        .replace("  acme:", "  a:")
        .replace("[eu, us]", "[b-c]")
    )
    text = text.replace("  globex:", "  a-b:").replace("      us: {settings: {max_batch: 7}}", "      c:")
    assert (
        "19:7: tenants.a-b.regions.c: the plane a-b-c is declared twice, first by "
        "tenants.a.regions[0]; rename one of them" in errors(text)
    )


def test_a_front_that_takes_the_name_of_a_plane() -> None:
    text = spoiled("edge: {zone: example.com}", "edge: {zone: example.com, front: true}").replace(
        "globex", "acme-eu"
    )
    assert errors(text) == [
        "14:3: tenants.acme-eu: the host name acme-eu.example.com is declared twice, "
        "first by tenants.acme.regions[0]; rename one of them"
    ]


def test_all_faults_come_at_once_and_in_order() -> None:
    text = (
        spoiled("  us: {}", "  us: {canary: true}")
        .replace("edge: {zone: example.com}", "edge: {zone: example.com, prot: 80}")
        .replace("[eu, us]", "[eu, usa]")
        .replace("max_batch: 7", "max_batch: 0")
        .replace("us: {settings", "us: {hostname: www.example.org, settings")
    )
    assert [error.split(": ")[1] for error in errors(text)] == [
        "edge.prot",
        "regions.us.canary",
        "tenants.acme.regions[1]",
        "tenants.globex.regions.us.hostname",
        "tenants.globex.regions.us.settings.max_batch",
    ]


@pytest.mark.parametrize(
    "section", ["edge", "environments", "regions", "tenants", "defaults", "control_planes"]
)
@pytest.mark.parametrize(
    "value", ["7", "[]", "text", "yes", "{a: 7}", "{a: []}", "{a: {regions: 7, environment: [x]}}", "{}", ""]
)
def test_wrong_shapes_are_told_and_never_crash(section: str, value: str) -> None:
    lines = GOOD.split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith(f"{section}:")), len(lines))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    text = "\n".join([*lines[:start], f"{section}: {value}", *lines[end:]])
    optional = section in ("defaults", "control_planes")
    empty = (value == "" and section == "defaults") or (value == "{}" and (optional or section == "tenants"))
    assert (errors(text) == []) == empty


def test_planes_of_the_sample() -> None:
    planes = {plane.name: plane for plane in read(GOOD).planes}
    assert list(planes) == ["acme-eu", "acme-us", "globex-us"]
    assert planes["acme-eu"].canary
    assert not planes["acme-us"].canary
