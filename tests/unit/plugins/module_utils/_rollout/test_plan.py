# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to each Worker, and in which waves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import (
    Deployment,
    Script,
    Version,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.decide import decide, suspects
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.fleet import units
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.plan import (
    CREATE,
    DOCUMENT,
    DRIFTED,
    HOSTNAME,
    UNCHANGED,
    UPDATE,
    VERIFY,
    Account,
    PlanError,
    Policy,
    Reading,
    as_recorded,
    cannot_undo,
    check_probes,
    counts,
    recorded_label,
    waves,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.register import Entry
from rollout_world import plane, release

UNIT = units([plane()], release())[0]
NAME = UNIT.script
SCRIPT = Script(NAME, "t", "e1", (), "c", "m1")
ENTRY = Entry(UNIT.fingerprint, UNIT.document_sha256, "v1", "e1", "m1", "v0")
OURS = Version("v1", 1, "c", tag=UNIT.tag)
ACTIVE = Deployment("d1", "2026-01-01", "eve@example.com", "dash", "", (("v1", 100.0),))


def account(**more) -> Account:
    facts = {
        "scripts": {NAME: SCRIPT},
        "domains": {UNIT.hostname: NAME},
        "namespaces": {"acme-eu-config": "ns1"},
        "register": {NAME: ENTRY},
    }
    return Account(**facts | more)


def entry(**more) -> dict[str, Entry]:
    values = {name: getattr(ENTRY, name) for name in Entry.__slots__}
    return {NAME: Entry(**values | more)}


def reading(deployment=ACTIVE, version=OURS):
    return {NAME: Reading(deployment, version)}


def split(message: str, *versions: str) -> Deployment:
    return Deployment("d2", "t", "eve@example.com", "wrangler", message, tuple((v, 50.0) for v in versions))


def sole(message: str, source: str = "api") -> Deployment:
    return Deployment("d3", "t", "eve@example.com", source, message, (("v1", 100.0),))


FOREIGN = Version("v1", 1, "c", tag="")
OTHER_RELEASE = Version("v1", 1, "c", tag="fp:somethingelse", message="v7 rollout r7")
UNGATED = entry(etag="x", version_id="v0", fingerprint="y")
LOST = {"register": {}}

CASES = {
    "unchanged": (account(), UNCHANGED, "v1"),
    "new": (account(scripts={}), CREATE, None),
    "other release": (account(register=entry(fingerprint="x")), UPDATE, "v1"),
    "document": (account(register=entry(document="x")), DOCUMENT, "v1"),
    "hostname": (account(domains={}), HOSTNAME, "v1"),
    "namespace gone": (account(namespaces={}), UPDATE, "v1"),
    "register lost, same": (account(readings=reading(), **LOST), VERIFY, "v1"),
    "register lost, other release": (
        account(readings=reading(sole("rollout r7 wave eu 100%"), OTHER_RELEASE), **LOST),
        UPDATE,
        "v1",
    ),
    "register lost, other release, uploaded": (
        account(readings=reading(sole("v7 rollout r7"), OTHER_RELEASE), **LOST),
        UPDATE,
        "v1",
    ),
    "register lost, an older release of ours that somebody went back to": (
        account(readings=reading(sole("", "wrangler"), OTHER_RELEASE), **LOST),
        DRIFTED,
        "v1",
    ),
    "killed after its last step, another release": (
        account(register=UNGATED, readings=reading(sole("rollout r7 wave eu 100%"), OTHER_RELEASE)),
        UPDATE,
        "v0",
    ),
    "killed after a direct upload, another release": (
        account(register=UNGATED, readings=reading(sole("v7 rollout r7"), OTHER_RELEASE)),
        UPDATE,
        "v0",
    ),
    "somebody went back to a version of ours without a message": (
        account(
            register=UNGATED,
            readings=reading(
                replace(sole(""), created_on="2026-11-02T00:00:00Z"),
                replace(OTHER_RELEASE, created_on="2026-11-01T00:00:00Z"),
            ),
        ),
        DRIFTED,
        "v1",
    ),
    "killed after a direct upload that bore no message": (
        account(
            register=UNGATED,
            readings=reading(
                replace(sole(""), created_on="2026-11-01T00:00:02Z"),
                replace(OTHER_RELEASE, created_on="2026-11-01T00:00:01Z"),
            ),
        ),
        UPDATE,
        "v0",
    ),
    "went back by hand": (
        account(
            register=entry(fingerprint="", etag="", modified_on="", release=""),
            readings=reading(sole("rollback by hand"), OTHER_RELEASE),
        ),
        UPDATE,
        "v1",
    ),
    "went back by hand to the declared release": (
        account(register=entry(fingerprint="", etag="", modified_on=""), readings=reading()),
        VERIFY,
        "v1",
    ),
    "killed after its last step, after somebody went back by hand": (
        account(
            register=entry(fingerprint="", etag="", modified_on="", version_id="v0"),
            readings=reading(sole("rollout r7 wave eu 100%"), OTHER_RELEASE),
        ),
        UPDATE,
        "v0",
    ),
    "killed after its last step, the same release": (
        account(
            register=UNGATED,
            readings=reading(sole("rollout r7 wave eu 100%"), Version("v1", 1, "c", tag=UNIT.tag)),
        ),
        VERIFY,
        "v0",
    ),
    "undone and not recorded": (
        account(register=UNGATED, readings=reading(sole("rollout r7 undo"), OTHER_RELEASE)),
        UPDATE,
        "v1",
    ),
    "back by hand and not recorded": (
        account(register=UNGATED, readings=reading(sole("rollback by hand"), OTHER_RELEASE)),
        UPDATE,
        "v1",
    ),
    "register lost, foreign": (account(readings=reading(version=FOREIGN), **LOST), DRIFTED, "v1"),
    "etag moved, our version": (
        account(register=entry(etag="x"), readings=reading(version=FOREIGN)),
        VERIFY,
        "v1",
    ),
    "etag moved, our older version": (
        account(register=entry(etag="x", fingerprint="y"), readings=reading(version=FOREIGN)),
        UPDATE,
        "v1",
    ),
    "modified by somebody": (
        account(register=entry(modified_on="x", version_id="v0"), readings=reading(version=FOREIGN)),
        DRIFTED,
        "v1",
    ),
    "nothing deployed": (account(readings={NAME: Reading(None)}, **LOST), CREATE, None),
    "nothing deployed, namespace gone": (
        account(readings={NAME: Reading(None)}, namespaces={}, **LOST),
        CREATE,
        None,
    ),
    "interrupted": (
        account(register=entry(etag="x"), readings=reading(split("rollout r wave eu 50%", "v2", "v1"), None)),
        UPDATE,
        "v1",
    ),
    "interrupted, register lost": (
        account(readings=reading(split("rollout r wave eu 50%", "v2", "v1"), None), **LOST),
        UPDATE,
        "v1",
    ),
    "foreign split": (account(readings=reading(split("try", "v8", "v9"), None), **LOST), DRIFTED, "v9"),
}


@pytest.mark.parametrize(("state", "action", "running"), CASES.values(), ids=CASES)
def test_decisions(state, action, running):
    (found,) = decide([UNIT], state)
    assert (found.action, found.running) == (action, running)
    assert found.reason or action == UNCHANGED


@pytest.mark.parametrize(
    ("name", "interrupted"),
    [
        ("unchanged", False),
        ("new", False),
        ("other release", False),
        ("interrupted", True),
        ("killed after its last step, another release", True),
        ("killed after its last step, the same release", True),
        ("undone and not recorded", False),
        ("foreign split", False),
    ],
)
def test_what_a_killed_rollout_left_is_known_as_that(name, interrupted):
    (found,) = decide([UNIT], CASES[name][0])
    assert found.interrupted is interrupted


def test_drift_names_who_when_and_how():
    (found,) = decide([UNIT], account(readings=reading(version=FOREIGN), **LOST))
    for word in ("eve@example.com", "dash", "2026-01-01", "v1"):
        assert word in found.reason


def test_drift_can_be_taken_over():
    state = account(readings=reading(version=FOREIGN), **LOST)
    (found,) = decide([UNIT], state, take_over=True)
    assert (found.action, found.running) == (UPDATE, "v1")


def test_a_foreign_hostname_stops_everything():
    with pytest.raises(PlanError, match=r"acme-eu\.example\.com.*'shop'"):
        decide([UNIT], account(domains={UNIT.hostname: "shop"}))


@pytest.mark.parametrize(
    ("state", "expected"),
    [(account(), ()), (account(register=entry(etag="x")), (NAME,)), (account(scripts={}), ())],
    ids=["known", "moved", "absent"],
)
def test_only_suspects_are_read(state, expected):
    assert suspects([UNIT], state) == expected


PLANES = [plane("acme-us"), plane("acme-eu"), plane("globex-us"), plane("globex-eu")]
FLEET = units(PLANES, release(), fronts=["acme"])


def fleet(*, running: set[str]) -> list:
    """Decisions in which the named Workers run an older release and the others do not exist."""
    scripts = {
        unit.script: Script(unit.script, "t", "e1", (), "c", "m1") for unit in FLEET if unit.script in running
    }
    register = {name: Entry("old", "", "v1", "e1", "m1", "v0") for name in scripts}
    return list(decide(FLEET, Account(scripts, {}, {"x": "y"}, register)))


EVERY = {unit.script for unit in FLEET}


def shape(found) -> list[tuple[str, list[str], tuple[int, ...], bool]]:
    return [(w.name, [item.unit.script for item in w.decisions], w.steps, w.direct) for w in found]


def test_canary_first_then_the_order_of_the_topology_then_fronts():
    assert shape(waves(fleet(running=EVERY), Policy())) == [
        ("canary eu", ["acme-eu-gateway", "globex-eu-gateway"], (0, 10, 50, 100), False),
        ("us", ["acme-us-gateway", "globex-us-gateway"], (0, 100), False),
        ("fronts", ["acme-front"], (0, 100), False),
    ]


def test_a_candidate_of_each_other_kind_is_uploaded_ahead_of_the_first_wave():
    found = waves(fleet(running=EVERY), Policy())
    assert [[item.unit.script for item in wave.ahead] for wave in found] == [["acme-front"], [], []]
    assert waves(fleet(running=EVERY), Policy(later_direct=True))[0].ahead == ()


def test_nothing_goes_ahead_of_a_new_worker_that_it_may_be_bound_to():
    found = waves(fleet(running=EVERY - {"acme-us-gateway"}), Policy())
    assert [wave.ahead for wave in found] == [(), (), ()]


def test_new_planes_need_no_steps():
    assert [wave[2] for wave in shape(waves(fleet(running=set()), Policy()))] == [(), (), ()]


def test_new_regions_are_one_wave_but_the_canary_goes_ahead_where_a_gate_stands():
    planes = [plane(f"acme-{region}") for region in ("eu", "us", "ap")]
    new = decide(units(planes, release()), Account({}, {}, {}, {}))
    found = waves(new, Policy(), gated=True)
    assert [(wave.name, len(wave.decisions)) for wave in found] == [("canary eu", 1), ("us, ap", 2)]
    found = waves(new, Policy(), gated=False)
    assert [(wave.name, len(wave.decisions)) for wave in found] == [("canary eu, us, ap", 3)]
    # What new Workers are bound to comes first, so fronts stay a wave of their own.
    assert [wave.name for wave in waves(fleet(running=set()), Policy(), gated=False)] == [
        "canary eu, us",
        "fronts",
    ]


def test_a_region_with_anything_to_protect_stays_a_wave_of_its_own():
    found = waves(fleet(running={"globex-us-gateway"}), Policy(), gated=False)
    assert [(wave[0], wave[2]) for wave in shape(found)] == [
        ("canary eu", ()),
        ("us", (0, 10, 50, 100)),
        ("fronts", ()),
    ]


def test_the_first_wave_with_candidates_takes_the_steps_of_the_canary():
    found = shape(waves(fleet(running={"acme-us-gateway"}), Policy(canary_steps=(5, 100))))
    assert [(wave[0], wave[2]) for wave in found] == [("canary eu", ()), ("us", (0, 5, 100)), ("fronts", ())]


def test_direct_uploads_are_for_later_waves_only():
    found = shape(waves(fleet(running=EVERY), Policy(later_direct=True)))
    assert [wave[2:] for wave in found] == [((0, 10, 50, 100), False), ((), True), ((), True)]


def test_unchanged_planes_are_in_no_wave():
    assert waves(decide([UNIT], account()), Policy()) == ()


@pytest.mark.parametrize("steps", [(), (50,), (50, 10, 100), (0, 100), (10, 10, 100), (10, 101)])
def test_steps_must_rise_to_100(steps):
    with pytest.raises(PlanError, match="canary_steps"):
        waves([], Policy(canary_steps=steps))


def test_what_an_undo_leaves_is_said_before():
    notes = cannot_undo(fleet(running={"acme-us-gateway"}))
    assert len(notes) == 3
    assert "acme-eu-gateway" in notes[0]
    assert "documents" in notes[1]
    assert "acme-us-gateway" in notes[1]
    assert "hostnames" in notes[2]


def test_counts():
    assert counts(fleet(running={"acme-us-gateway"})) == {"update": 1, "create": 4}


@pytest.mark.parametrize(
    ("running", "kinds", "missing"),
    [
        (EVERY, {"gateway", "front"}, None),
        (EVERY, {"gateway"}, "front"),
        (EVERY, {"front"}, "gateway"),
        (set(), set(), "front or gateway"),
    ],
)
def test_a_kind_without_a_probe_is_refused(running, kinds, missing):
    plan = waves(fleet(running=running), Policy())
    if missing is None:
        check_probes(plan, kinds)
        return
    with pytest.raises(PlanError, match=rf"kind {missing},.*edge_probes"):
        check_probes(plan, kinds)


def test_without_work_no_probe_is_needed():
    check_probes((), set())


GATEWAYS = units(PLANES, release())


def recorded(**labels: str) -> dict[str, Entry]:
    """Entries as if the Workers had been rolled out with these labels."""
    found = {}
    for name, label in labels.items():
        script = f"{name.replace('_', '-')}-gateway"
        (unit,) = [unit for unit in units(PLANES, release(label=label)) if unit.script == script]
        found[script] = Entry(unit.fingerprint, "", "v1", "e", "m", label)
    return found


LABELS = {
    "no entry": ({}, None, True),
    "one label": (recorded(acme_eu="v1", acme_us="v1"), "v1", True),
    "another label": (recorded(acme_eu="v0"), "v0", False),
    "two labels": (recorded(acme_eu="v0", acme_us="v1"), None, False),
    "another code": (
        {"acme-eu-gateway": Entry("x", "", "v1", "e", "m", "v1")},
        "v1",
        False,
    ),
    "of another Worker": ({"other": Entry("x", "", "v1", "e", "m", "v9")}, None, True),
}


@pytest.mark.parametrize(("register", "label", "same"), LABELS.values(), ids=LABELS)
def test_the_recorded_label(register, label, same):
    assert recorded_label(GATEWAYS, register) == label
    assert as_recorded(GATEWAYS, register) is same


HELD = Version(
    "v1",
    1,
    "c",
    tag=UNIT.tag,
    bindings=({"name": "OLD", "type": "secret_text"}, {"name": "TENANT", "type": "plain_text"}),
)
SPLIT = replace(ACTIVE, versions=(("v1", 50.0), ("v2", 50.0)))
SECRETS = {
    "none": (account(), ()),
    "read": (account(register={}, readings={NAME: Reading(ACTIVE, HELD)}), ("OLD",)),
    "recorded": (account(register=entry(carried="A,B")), ("A", "B")),
    "gone back to by hand": (
        account(register=entry(fingerprint="", carried="*"), readings={NAME: Reading(ACTIVE, HELD)}),
        ("OLD",),
    ),
    "split": (
        account(
            register={}, readings={NAME: Reading(replace(ACTIVE, versions=(("v1", 50.0), ("v2", 50.0))))}
        ),
        ("*",),
    ),
    "nothing deployed": (account(register={}, readings={NAME: Reading(None)}), ("*",)),
    "new": (account(scripts={}, register={}), ()),
}


@pytest.mark.parametrize(("facts", "expected"), SECRETS.values(), ids=SECRETS)
def test_secrets_that_nobody_declares_are_carried_on(facts, expected):
    (decided,) = decide([UNIT], facts, take_over=True)
    assert decided.carried == expected
    (removing,) = decide([UNIT], facts, take_over=True, remove=True)
    assert (removing.carried, removing.dropped) == ((), expected)
    assert (removing.action == UNCHANGED) is (not expected and decided.action == UNCHANGED)


def test_a_declared_secret_is_not_carried_and_a_kept_one_is():
    unit = units([plane()], release(secrets={NAME: {"A": "digest"}}, kept={NAME: ("B",)}))[0]
    (decided,) = decide([unit], account(register=entry(carried="A,B,C")))
    assert decided.carried == ("B", "C")
    (removing,) = decide([unit], account(register=entry(carried="A,B,C")), remove=True)
    assert (removing.carried, removing.dropped) == (("B",), ("C",))


@pytest.mark.parametrize("facts", [account(), account(scripts={}, register={})], ids=["there", "new"])
def test_a_secret_to_keep_must_be_there(facts):
    unit = units([plane()], release(kept={NAME: ("LOST",)}))[0]
    with pytest.raises(PlanError, match="should keep LOST, and has no such secret"):
        decide([unit], facts)
