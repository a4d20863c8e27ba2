# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a connector may lead to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA's registries of special-purpose addresses (RFC 6890). Python's is_global is no help: it is true for
# NAT64, site-local, multicast and, in some releases, 6to4 addresses.
_DENIED_4 = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
]
# Of version 6 only global unicast counts: no loopback, mapped, NAT64, private, link-local or site-local.
_GLOBAL_6 = ipaddress.ip_network("2000::/3")
_DENIED_6 = [ipaddress.ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
#: Where clouds hand out credentials to whoever asks: no declaration opens it, also not as an IPv6 address.
_NEVER = [
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",
        "::ffff:a9fe:0/112",
        "64:ff9b::a9fe:0/112",
        "fe80::/10",
        "fd00:ec2::254/128",
    )
]
# The last label begins with a letter: so no spelling of an address, such as 0x7f.1, is a name.
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


class AddressRefused(Exception):
    """A host or an address is none that a connector may lead to."""


def check_host(host: str) -> str:
    """The host name, if it is one in its only spelling: lower-case ASCII, no address, no dot at the end."""
    if not _HOST.fullmatch(host):
        raise AddressRefused(
            f"{host[:80]!r} is no host name in lower-case ASCII (other letters as xn--...), or is an address"
        )
    return host


def check_all(found: Iterable[str], opened: Sequence[Network]) -> list[str]:
    """All addresses that a name has, in their order. One that is denied refuses them all."""
    addresses = list(dict.fromkeys(found))
    if not addresses:
        raise AddressRefused("the name has no address")
    for text in addresses:
        if not allowed(text, opened):
            raise AddressRefused(f"the name leads to {text}, which is no public address and is not opened")
    return addresses


def allowed(text: str, opened: Sequence[Network]) -> bool:
    """Whether this is a public address, or in a network that the connector opens."""
    if "%" in text:
        return False
    address = ipaddress.ip_address(text)
    if any(address in network for network in _NEVER):
        return False
    if any(address in network for network in opened):
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _DENIED_4)
    return address in _GLOBAL_6 and not any(address in network for network in _DENIED_6)
