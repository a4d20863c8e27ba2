# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes over a mocked transport: where they go, what they carry, how answers are judged."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.probe import (
    OVERRIDE,
    Answer,
    Pair,
    Probe,
    Prober,
    Target,
)

TARGET = Target("acme-eu-gateway", "gateway", "https://acme-eu.example.com", None, "new", "old")
HEALTH = Probe("GET", "/healthz", json={"status": "ok"})


class Edge:
    """Answers as the version asked for by the override; ``seen`` holds the requests."""

    def __init__(self, answers=None) -> None:
        self.seen: list[httpx.Request] = []
        self.answers = answers or {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        wish = request.headers.get(OVERRIDE, 'x="old"').split('"')[1]
        answer = self.answers.get(wish, httpx.Response(200, json={"status": "ok"}))
        if isinstance(answer, Exception):
            raise answer
        headers = {"x-version-id": wish} | dict(answer.headers)
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


def prober(edge: Edge, coin=lambda: 0.0) -> Prober:
    return Prober(coin=coin, transport=httpx.MockTransport(edge.handle))


def test_a_pair_asks_both_versions_by_override():
    edge = Edge()
    with prober(edge) as sender:
        pair = sender.pair(TARGET, HEALTH)
    assert [request.headers[OVERRIDE] for request in edge.seen] == [
        'acme-eu-gateway="new"',
        'acme-eu-gateway="old"',
    ]
    assert (pair.void, pair.difference) == (False, 0)
    assert all(request.headers["x-probe"] == "1" for request in edge.seen)


@pytest.mark.parametrize(("toss", "first"), [(0.0, "new"), (0.49, "new"), (0.5, "old"), (0.99, "old")])
def test_the_coin_decides_the_order(toss, first):
    edge = Edge()
    with prober(edge, lambda: toss) as sender:
        sender.pair(TARGET, HEALTH)
    assert f'"{first}"' in edge.seen[0].headers[OVERRIDE]


@pytest.mark.parametrize(
    ("url", "connect_to", "sent_to", "host"),
    [
        ("https://a.example.com", None, "https://a.example.com/healthz", "a.example.com"),
        (
            "http://a.edge.localhost:8788",
            "127.0.0.1:8788",
            "http://127.0.0.1:8788/healthz",
            "a.edge.localhost:8788",
        ),
        ("https://a.example.com", "127.0.0.1:443", "https://127.0.0.1/healthz", "a.example.com"),
    ],
    ids=["plain", "connect_to", "connect_to tls"],
)
def test_connect_to_keeps_the_name(url, connect_to, sent_to, host):
    edge = Edge()
    with prober(edge) as sender:
        sender.ask(Target("a", "gateway", url, connect_to), HEALTH)
    (request,) = edge.seen
    assert str(request.url) == sent_to
    assert request.headers["host"] == host
    assert OVERRIDE not in request.headers
    if url.startswith("https"):
        assert request.extensions["sni_hostname"] == host


@pytest.mark.parametrize(
    ("answer", "ok", "text"),
    [
        (httpx.Response(200, json={"status": "ok", "more": 1}), True, ""),
        (httpx.Response(200, json={"status": "sad"}), False, '{"status":"sad"}'),
        (httpx.Response(200, json=["status"]), False, '["status"]'),
        (httpx.Response(200, text="<html>"), False, "<html>"),
        (httpx.Response(503, json={"status": "ok"}), False, '{"status":"ok"}'),
        (httpx.Response(500), False, "(empty body)"),
    ],
    ids=["good", "member", "list", "html", "status", "empty"],
)
def test_answers(answer, ok, text):
    with prober(Edge({"new": answer})) as sender:
        found = sender.ask(TARGET, HEALTH, "new")
    assert (found.ok, found.text) == (ok, text)


def test_no_answer_is_a_failure_that_says_why():
    with prober(Edge({"new": httpx.ReadTimeout("too slow")})) as sender:
        found = sender.ask(TARGET, HEALTH, "new")
    assert (found.ok, found.status, found.version) == (False, None, None)
    assert "ReadTimeout" in found.text


@pytest.mark.parametrize(
    "body",
    [
        "token=abcdef",
        '{"secret": "abcdef"}',
        "Authorization: Bearer abcdef",
        "api_key: abcdef and more",
        "x" * 10 + " abcdef" + "0123456789" * 4,
    ],
)
def test_what_looks_like_a_secret_is_not_shown(body):
    with prober(Edge({"new": httpx.Response(500, text=body)})) as sender:
        assert "abcdef" not in sender.ask(TARGET, HEALTH, "new").text


@pytest.mark.parametrize("before", [0, 190, 396])
def test_a_secret_of_the_worker_is_not_shown_even_where_the_answer_is_cut(before):
    edge = Edge({"new": httpx.Response(500, text=f"{'so ' * (before // 3)}hunter2-short")})
    with Prober(
        coin=lambda: 0.0, transport=httpx.MockTransport(edge.handle), secrets=lambda: ["hunter2-short"]
    ) as sender:
        assert "hunt" not in sender.ask(TARGET, HEALTH, "new").text


LONG = " ".join(f"word{number}," for number in range(8000))[:65_536]
ANSWERS = {
    "cut in the only one": ([LONG], LONG),
    "cut in the second": ([LONG[:40_000]], f"first {LONG[:40_000]} and again {LONG[:40_000]}"),
    "cut in one that is quoted": ([LONG.replace(",", '"')], json.dumps(LONG.replace(",", '"'))),
    "in front of others": (["hunter2-short", LONG], f"hunter2-short {LONG} {LONG}"),
    "after what is invisible": (["hunter2 is short"], "so " * 60 + "\u200b".join("hunter2 is short") * 30),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_part_of_a_long_secret_is_shown(name):
    secrets, body = ANSWERS[name]
    edge = Edge({"new": httpx.Response(500, text=f"broken {body}")})
    with Prober(
        coin=lambda: 0.0, transport=httpx.MockTransport(edge.handle), secrets=lambda: secrets
    ) as sender:
        text = sender.ask(TARGET, HEALTH, "new").text
    assert text.startswith("broken")
    assert not re.search("word|hunt|short", text)


def test_where_the_secrets_cant_be_read_nothing_of_an_answer_is_told():
    edge = Edge({"new": httpx.Response(500, text="hunter2-short")})
    transport = httpx.MockTransport(edge.handle)
    with Prober(coin=lambda: 0.0, transport=transport, secrets=lambda: None) as sender:
        assert sender.ask(TARGET, HEALTH, "new").text.startswith("(not shown")


def test_long_and_hostile_answers_are_short_and_printable():
    body = ("so sorry " * 100 + "\x1b[31m\n").encode() + b"\xff"
    with prober(Edge({"new": httpx.Response(500, content=b"\x1b[2J" + body)})) as sender:
        text = sender.ask(TARGET, HEALTH, "new").text
    assert len(text) <= 200
    assert text.isprintable()


def answer(version, ok=True) -> Answer:
    return Answer(ok, 200 if ok else 500, version)


@pytest.mark.parametrize(
    ("candidate", "running", "void"),
    [
        ("new", "old", False),
        ("old", "old", True),
        (None, "old", True),
        ("new", "new", True),
        ("new", None, False),
    ],
)
def test_a_pair_with_an_answer_of_another_version_is_void(candidate, running, void):
    assert Pair(TARGET, HEALTH, answer(candidate), answer(running)).void is void


@pytest.mark.parametrize(
    ("candidate", "running", "void", "difference"),
    [
        (answer(None, False), answer("old"), False, 1),
        (answer("new"), answer(None, False), False, -1),
        (answer(None, False), answer(None, False), False, 0),
        (answer("old", False), answer("old"), True, 1),
    ],
    ids=["the candidate throws", "the running one throws", "both throw", "the override was not followed"],
)
def test_a_worker_that_throws_names_no_version_and_counts(candidate, running, void, difference):
    pair = Pair(TARGET, HEALTH, candidate, running)
    assert (pair.void, pair.difference) == (void, difference)


@pytest.mark.parametrize(
    ("good", "difference"), [((True, True), 0), ((False, True), 1), ((True, False), -1), ((False, False), 0)]
)
def test_difference(good, difference):
    candidate, running = (answer(None, ok) for ok in good)
    assert Pair(TARGET, HEALTH, candidate, running).difference == difference


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"x-front-version-id": "f", "x-version-id": "g"}, "f"),
        ({"x-version-id": "f"}, "f"),
    ],
    ids=["passed on", "answers itself"],
)
def test_a_front_is_known_by_its_own_header(headers, version):
    with prober(Edge({"old": httpx.Response(200, headers=headers, json={"status": "ok"})})) as sender:
        assert sender.ask(Target("f", "front", "https://a.example.com"), HEALTH).version == version
