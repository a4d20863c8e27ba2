# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests reach the deployed version by hostname, and failures are answered clearly."""

from __future__ import annotations

import re

import pytest
from runtime_harness import Running

ECHO = """
export default { async fetch(request) {
  const headers = Object.fromEntries(request.headers);
  return Response.json({ url: request.url, method: request.method, cf: request.cf, headers,
                         body: await request.text() });
} }"""


def test_answers_by_host_name_with_the_url_as_sent(edge: Running) -> None:
    edge.source.deploy("one", ECHO)
    answer = edge.request("POST", "one", "/a/b%20c?q=1&q=2", content=b"hello").json()
    assert answer["url"] == f"http://one.localhost:{edge.runtime.port}/a/b%20c?q=1&q=2"
    assert (answer["method"], answer["body"]) == ("POST", "hello")


def test_the_network_adds_its_headers_and_hides_its_own(edge: Running) -> None:
    edge.source.deploy("one", ECHO)
    forged = {"cf-connecting-ip": "203.0.113.9", "cf-ray": "x", "cf-ipcountry": "FR"}
    headers = edge.get("one", headers=forged).json()["headers"]
    assert headers["cf-connecting-ip"] == "127.0.0.1"
    assert re.fullmatch("[0-9a-f]{16}-LOCAL", headers["cf-ray"])
    assert "cf-ipcountry" not in headers


def test_the_test_header_sets_request_cf(edge: Running) -> None:
    edge.source.deploy("one", ECHO)
    answer = edge.get("one", headers={"x-embedded-cf": '{"country":"DE","continent":"EU"}'}).json()
    assert answer["cf"]["country"] == "DE"
    assert answer["cf"]["continent"] == "EU"
    assert answer["cf"]["colo"] == "LOCAL"
    assert "x-embedded-cf" not in answer["headers"]
    assert answer["headers"]["cf-ipcountry"] == "DE"
    assert "country" not in edge.get("one").json()["cf"]


@pytest.mark.parametrize("value", ["{", "[]", "null", '"DE"'])
def test_a_test_header_that_is_no_object_is_refused(edge: Running, value: str) -> None:
    edge.source.deploy("one", ECHO)
    answer = edge.get("one", headers={"x-embedded-cf": value})
    assert answer.status_code == 400
    assert "x-embedded-cf" in answer.text


def test_an_unknown_host_and_a_worker_without_deployment(edge: Running) -> None:
    unknown = edge.get("nobody")
    assert unknown.status_code == 404
    assert "no Worker answers for nobody.localhost" in unknown.text
    edge.source.upload("idle", ECHO)
    idle = edge.get("idle")
    assert idle.status_code == 503
    assert "Worker idle has no active deployment" in idle.text


@pytest.mark.parametrize(
    ("code", "logged"),
    [
        (
            "export default {\n fetch() {\n  throw new Error('s3cret') } }",
            "s3cret\n    at Object.fetch (main.js:3:9)",
        ),
        ("export default { async fetch() { await new Promise(() => {}) } }", "had hung"),
        ("export default { scheduled() {} }", "does not export a fetch() function"),
        ("export default { fetch() { return 42 } }", "incorrect type"),
        ("export default {", "SyntaxError"),
        ("throw new Error('at startup')", "at startup"),
    ],
    ids=["throws", "never-resolves", "no-fetch", "no-response", "syntax", "startup"],
)
def test_a_failing_worker_answers_500_at_once_and_its_exception_is_logged(
    edge: Running, code: str, logged: str
) -> None:
    edge.source.deploy("bad", code)
    answer = edge.get("bad")
    assert answer.status_code == 500
    assert "error code: 1101" in answer.text
    assert "Worker threw exception" in answer.text
    assert logged not in answer.text
    edge.wait_for(lambda: logged in edge.log())


def test_a_version_that_cannot_be_read_is_tried_again(edge: Running) -> None:
    edge.source.deploy("one", ECHO)
    edge.source.down = True
    assert edge.get("one").status_code == 503
    edge.source.down = False
    assert edge.get("one").status_code == 200


def test_a_redirect_reaches_the_client(edge: Running) -> None:
    edge.source.deploy("one", "export default { fetch: () => Response.redirect('http://x.localhost/', 302) }")
    answer = edge.get("one")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://x.localhost/")


def test_bodies_stream_both_ways(edge: Running) -> None:
    edge.source.deploy("one", "export default { fetch: (request) => new Response(request.body) }")
    sent = b"x" * 3_000_000
    assert edge.request("POST", "one", content=sent).content == sent


def test_workers_reach_this_machine_and_each_other_but_nothing_else(edge: Running) -> None:
    edge.source.deploy(
        "caller",
        """export default { async fetch(request) {
          try { const answer = await fetch(new URL(request.url).searchParams.get("to"));
                return new Response(await answer.text(), answer); }
          catch (error) { return new Response(error.message, { status: 599 }); } } }""",
    )
    edge.source.deploy("other", "export default { fetch: (r) => new Response('other ' + r.url) }")
    port = edge.runtime.port
    assert "no Worker answers for 127.0.0.1" in edge.get("caller", f"/?to=http://127.0.0.1:{port}/").text
    answer = edge.get("caller", "/?to=http://other.localhost/x")
    assert answer.text == "other http://other.localhost/x"
    for target in (
        "http://example.com/",
        "http://10.0.0.1/",
        "https://192.0.2.1/",
        "http://169.254.169.254/",
    ):
        refused = edge.get("caller", f"/?to={target}")
        assert refused.status_code == 599
        assert f"fetch to {target.split('/')[2]} is refused" in refused.text


def test_a_web_socket_passes(edge: Running) -> None:
    edge.source.deploy(
        "socket",
        """export default { fetch() {
          const { 0: client, 1: server } = new WebSocketPair(); server.accept(); server.send("hi");
          return new Response(null, { status: 101, webSocket: client }); } }""",
    )
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    request = edge.client.build_request(
        "GET",
        f"http://127.0.0.1:{edge.runtime.port}/",
        headers={**headers, "host": "socket.localhost"},
    )
    answer = edge.client.send(request, stream=True)
    assert answer.status_code == 101
    answer.close()
