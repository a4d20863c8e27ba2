# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd spellings, special addresses, names that lead to several and names that change their mind."""

from __future__ import annotations

import asyncio
import ipaddress
import random

import pytest
from relay.addresses import AddressRefused, allowed, check_all, check_host
from relay.outbound import Checked

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]

DENIED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "4000::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00::1",
    "2001:4860:4860::8888",
]


@pytest.mark.parametrize("address", DENIED)
def test_special_addresses_are_denied(address):
    assert not allowed(address, [])


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert allowed(address, [])


def test_no_random_address_of_a_private_network_is_allowed():
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    networks = [
        "10.0.0.0/8",
        "127.0.0.0/8",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
        "::/16",
    ]
    for network in map(ipaddress.ip_network, networks):
        for _round in range(200):
            address = network[chance.randrange(network.num_addresses)]
            assert not allowed(str(address), [])
            if address.version == 4:
                assert not allowed(f"::ffff:{address}", [])
                assert not allowed(f"64:ff9b::{address}", LOOPBACK)


def test_what_is_opened_is_opened_as_it_is_written_only():
    assert allowed("127.0.0.1", LOOPBACK)
    assert not allowed("::ffff:127.0.0.1", LOOPBACK)
    assert not allowed("10.0.0.1", LOOPBACK)
    assert allowed("10.0.0.1", [ipaddress.ip_network("10.0.0.0/8")])


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
    ],
)
def test_credentials_of_clouds_are_opened_by_nothing(address):
    everything = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    assert not allowed(address, everything)


ODD = """
127.0.0.1 2130706433 0x7f.1 0x7f000001 017700000001 127.1 1.2.3.4 [::1] ::1
localhost. LOCALHOST Api.example.com a..b .a a. -a.b a-.b a_b.c
http://a a/b a:80 a@b 127.0.0.1.example.0x7f ①②⑦.0.0.1 api.exämple.com 例.com a%2eb
"""


@pytest.mark.parametrize("host", [*ODD.split(), "", "a b", "a\nb", "a\n", "a" * 64, ".".join(["a" * 60] * 5)])
def test_odd_spellings_are_no_host_names(host):
    with pytest.raises(AddressRefused):
        check_host(host)


@pytest.mark.parametrize(
    "host", ["api.stripe.com", "localhost", "xn--exmple-cua.com", "1password.com", "a.b-c.d1"]
)
def test_host_names(host):
    assert check_host(host) == host


def test_one_denied_answer_refuses_them_all():
    assert check_all(["8.8.8.8", "1.1.1.1", "8.8.8.8"], []) == ["8.8.8.8", "1.1.1.1"]
    for bad in ("127.0.0.1", "::ffff:10.0.0.1"):
        with pytest.raises(AddressRefused, match="leads to"):
            check_all(["8.8.8.8", bad], [])
    with pytest.raises(AddressRefused, match="no address"):
        check_all([], [])


def test_a_name_that_changes_its_mind_is_checked_each_time():
    """DNS rebinding: what was checked is what is connected to, and no connection asks twice."""
    asked, answers = [], [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]]

    async def resolve(host, _port):
        asked.append(host)
        return answers[len(asked) - 1]

    async def played():
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        backend = Checked(LOOPBACK, resolve)
        stream = await backend.connect_tcp("third.party", port, timeout=5)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()
        for _again in range(2):
            with pytest.raises(AddressRefused):
                await backend.connect_tcp("third.party", port, timeout=5)
        with pytest.raises(AddressRefused):
            await backend.connect_unix_socket("/run/docker.sock")
        server.close()
        await server.wait_closed()

    asyncio.run(played())
    assert asked == ["third.party"] * 3
