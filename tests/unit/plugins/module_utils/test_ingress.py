# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared ingress rules and the API's configuration."""

from __future__ import annotations

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ingress import (
    BadRule,
    comparable,
    declared,
    hostnames,
    merged,
)

ALL = {"service": "http_status:404"}


def rule(**more):
    return {"hostname": "a.example.com", "service": "http://127.0.0.1:8080", **more}


@pytest.mark.parametrize(
    "service",
    [
        "http://localhost",
        "https://[::1]:8443/",
        "unix:/run/x.sock",
        "ssh://h:22",
        "http_status:503",
        "hello_world",
    ],
)
def test_services(service):
    made = declared([rule(service=service)], "http_status:404", None)
    assert made["ingress"] == [{"hostname": "a.example.com", "service": service}, ALL]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hostname": ""}, ["ingress[0].hostname is ''", "fallback"]),
        ({"hostname": "*"}, ["ingress[0].hostname is '*'"]),
        ({"hostname": "a.*.com"}, ["full DNS name"]),
        ({"path": "("}, ["ingress[0].path is '('", "regular expression"]),
        ({"service": ""}, ["ingress[0].service is ''"]),
        ({"service": "localhost:8080"}, ["ingress[0].service"]),
        ({"service": "http://x/y"}, ["without a path"]),
        ({"service": "http://x?y=1"}, ["without a path"]),
        ({"service": "http://x:99999"}, ["ingress[0].service"]),
        ({"service": "http_status:99"}, ["ingress[0].service"]),
        ({"origin_request": {"connectTimeout": "30s"}}, ["connectTimeout is '30s'", "whole seconds"]),
        ({"origin_request": {"tlsTimeout": True}}, ["tlsTimeout"]),
    ],
    ids=str,
)
def test_wrong_rules_are_named(change, words):
    with pytest.raises(BadRule) as caught:
        declared([rule(**change)], "http_status:404", None)
    for word in words:
        assert word in str(caught.value)


def test_a_wrong_fallback_is_named():
    with pytest.raises(BadRule, match="fallback is 'nowhere'"):
        declared([], "nowhere", None)


def test_a_rule_that_is_never_used_is_named():
    with pytest.raises(BadRule, match=r"ingress\[1\] has hostname 'a.example.com' and path '' a second"):
        declared([rule(), rule(hostname="A.example.com.")], "http_status:404", None)


@pytest.mark.parametrize(
    "found",
    [
        {"ingress": [rule(), ALL]},
        {"ingress": [rule(originRequest={}, path=""), {**ALL, "hostname": ""}], "originRequest": {}},
        {"ingress": [rule(originRequest=None), ALL], "warp-routing": {"enabled": False}},
        {"ingress": [rule(originRequest={"access": {}}), ALL], "originRequest": None},
    ],
    ids=str,
)
def test_what_means_the_same_is_the_same(found):
    assert comparable(found) == comparable(declared([rule()], "http_status:404", None))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"ingress": [ALL]},
        {"ingress": [rule(service="http://other"), ALL]},
        {"ingress": [rule(path="/x"), ALL]},
        {"ingress": [rule(originRequest={"noTLSVerify": False}), ALL]},
        {"ingress": [rule(), {"service": "http_status:503"}]},
        {"ingress": [rule(), ALL], "originRequest": {"http2Origin": True}},
    ],
    ids=str,
)
def test_what_differs_differs(found):
    assert comparable(found) != comparable(declared([rule()], "http_status:404", None))


def test_what_nobody_declares_is_kept():
    found = {"ingress": [ALL], "originRequest": {"noTLSVerify": True}, "warp-routing": {"enabled": True}}
    assert merged(found, {"ingress": [rule(), ALL]}) == {
        "ingress": [rule(), ALL],
        "warp-routing": {"enabled": True},
    }


def test_each_hostname_once():
    assert hostnames({"ingress": [rule(), rule(path="/x"), rule(hostname="b.c"), ALL]}) == (
        "a.example.com",
        "b.c",
    )
