# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version answers: switches, splits, affinity and overrides, also down a chain of service bindings."""

from __future__ import annotations

import collections
import threading

import httpx
import pytest
from runtime_harness import Running
from runtime_source import Memory

TELL = "export default { fetch: (request, env) => new Response(env.VERSION.id) }"
VERSION = {"name": "VERSION", "type": "version_metadata"}
OVERRIDES = "cloudflare-workers-version-overrides"
KEY = "cloudflare-workers-version-key"


def split(source: Memory, script: str, old_percentage: float, new_percentage: float) -> tuple[str, str]:
    """Give `script` two versions with these percentages; return their ids, old first."""
    old, new = (source.upload(script, TELL, bindings=(VERSION,)) for _turn in range(2))
    source.deployments[script] = [(old, old_percentage), (new, new_percentage)]
    return old, new


def test_a_new_version_answers_the_next_request(edge: Running) -> None:
    for _turn in range(5):
        version = edge.source.deploy("one", TELL, bindings=(VERSION,))
        assert edge.get("one").text == version


def test_no_request_fails_while_versions_switch(edge: Running) -> None:
    edge.source.deploy("busy", "export default { fetch: () => new Response('ok') }")
    answers: collections.Counter[str] = collections.Counter()
    over = threading.Event()

    def ask() -> None:
        url, headers = f"http://127.0.0.1:{edge.runtime.port}/", {"host": "busy.localhost"}
        with httpx.Client(timeout=20, trust_env=False) as client:
            while not over.is_set():
                answers[f"{client.get(url, headers=headers).status_code}"] += 1

    threads = [threading.Thread(target=ask) for _turn in range(50)]
    for thread in threads:
        thread.start()
    for number in range(20):
        edge.source.deploy("busy", f"export default {{ fetch: () => new Response('{number}') }}")
        assert edge.get("busy").text == str(number)
    over.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {"200"}
    assert answers["200"] >= 50


def test_percentages_split_requests(edge: Running) -> None:
    _old, new = split(edge.source, "half", 75, 25)
    share = sum(edge.get("half").text == new for _turn in range(600)) / 600
    assert 0.16 < share < 0.34  # five standard deviations around 0.25


def test_a_version_at_0_percent_gets_nothing(edge: Running) -> None:
    old, _new = split(edge.source, "none", 100, 0)
    assert {edge.get("none").text for _turn in range(100)} == {old}


def test_a_version_key_always_meets_the_same_version_and_moves_once(edge: Running) -> None:
    old, new = split(edge.source, "sticky", 90, 10)
    keys = [f"user-{number}" for number in range(60)]
    moved: set[str] = set()
    for percentage in (10, 30, 60, 100):
        edge.source.deployments["sticky"] = [(new, percentage), (old, 100 - percentage)]
        now = {key for key in keys if edge.get("sticky", headers={KEY: key}).text == new}
        assert {key for key in keys if edge.get("sticky", headers={KEY: key}).text == new} == now
        assert moved <= now
        moved = now
    assert moved == set(keys)


@pytest.mark.parametrize(
    ("header", "applies"),
    [
        ('smoke="{new}"', True),
        ('other="x", smoke="{new}";why=1', True),
        ('smoke="00000000-0000-0000-0000-000000000000"', False),
        ("smoke={new}", False),
        ('smoke="{new}', False),
        ('other="{new}"', False),
    ],
)
def test_an_override_reaches_a_version_of_the_deployment_only(
    edge: Running, header: str, applies: bool
) -> None:
    old, new = split(edge.source, "smoke", 100, 0)
    answer = edge.get("smoke", headers={OVERRIDES: header.format(new=new)})
    assert answer.text == (new if applies else old)


def test_overrides_and_keys_reach_service_bound_workers_by_the_requests_headers(edge: Running) -> None:
    old, new = split(edge.source, "back", 100, 0)
    edge.source.deploy(
        "front",
        """export default { fetch(request, env) {
          const fresh = new URL(request.url).pathname === "/fresh";
          return env.BACK.fetch(fresh ? "http://back/" : request);
        } }""",
        bindings=({"name": "BACK", "type": "service", "service": "back"},),
    )
    headers = {OVERRIDES: f'front="nonsense", back="{new}"'}
    assert edge.get("front", headers=headers).text == new
    assert edge.get("front", "/fresh", headers=headers).text == old
    edge.source.deployments["back"] = [(old, 50), (new, 50)]
    for key in ("a", "b", "c", "d"):
        direct = edge.get("back", headers={KEY: key}).text
        assert {edge.get("front", headers={KEY: key}).text for _turn in range(5)} == {direct}
