# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings an authority and the pairs of a host to their declared state, each alone or both at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from . import plan, store
from . import x509 as lib
from .plan import Policy, Wanted


@dataclass
class Outcome:
    """What was done or would be; nothing in it is secret."""

    actions: list[str] = field(default_factory=list)
    issued: dict[str, str] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    bundle: str = ""
    authorities: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Authority:
    """The authority: made and rotated by its policy, and able to sign."""

    def __init__(
        self,
        folder: Path,
        common_name: str,
        key_type: str,
        policy: Policy,
        *,
        passphrase: str = "",
        rotate: bool = False,
        distrusted: Sequence[str] = (),
        check: bool,
        now: datetime,
    ) -> None:
        self._store = store.Authorities(folder, passphrase)
        self._folder, self._name, self._type, self._policy = folder, common_name, key_type, policy
        self._rotate, self._bad, self._check, self._now = rotate, tuple(distrusted), check, now
        self._made: dict[str, Any] = {}

    def converge(self, outcome: Outcome) -> None:
        """Make another authority when it is time, and tell whom to trust."""
        certs = dict(self._store.found()) if self._folder.is_dir() else {}
        roles = self._roles(certs)
        known = [lib.authority_of(cert) for cert in certs.values()]
        why = plan.needs_authority(known, roles, self._policy, self._now, self._rotate)
        if why:
            key = lib.make_key(self._type)
            cert = lib.make_authority(key, self._name, self._policy.days, self._now)
            outcome.actions.append(f"make an authority, since {why}")
            if self._check:
                self._made = {lib.fingerprint(cert): key}
            else:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store.add(cert, key)
            certs[lib.fingerprint(cert)] = cert
            roles = self._roles(certs)
        self.active = next(mark for mark, role in roles.items() if role == "active")
        self.certs = certs
        trusted = [cert for mark, cert in certs.items() if roles[mark] in ("active", "next", "old")]
        outcome.bundle = lib.bundle(trusted)
        outcome.authorities = [_shown(cert, roles[mark], self._now) for mark, cert in certs.items()]
        for mark, cert in certs.items():
            end = lib.authority_of(cert).not_after
            warning = plan.warning(f"the authority {mark[:16]}", end, self._now)
            outcome.warnings += [warning] if warning and roles[mark] == "active" else []

    def sign(self, wanted: Wanted, csr: str) -> str:
        """A certificate for a CSR, by the active authority."""
        cert = self.certs[self.active]
        key = self._made.get(self.active) or self._store.key(self.active)
        until = plan.end(wanted.days, lib.authority_of(cert), self._now)
        return lib.cert_pem(lib.issue(wanted, csr, cert, key, self._now, until)).decode()

    def _roles(self, certs: Mapping[str, Any]) -> dict[str, str]:
        known = [lib.authority_of(cert) for cert in certs.values()]
        return plan.roles(known, self._policy, self._now, self._bad)


@dataclass(frozen=True)
class Declared:
    """A certificate of this host, and who may read its key."""

    wanted: Wanted
    owner: store.Owner


class Host:
    """The keys and certificates of one host. Keys are made here and never leave it."""

    def __init__(self, directory: Path, *, check: bool, now: datetime, renew: bool = False) -> None:
        self._pairs, self._check, self._now, self._renew = store.Pairs(directory), check, now, renew
        self._directory = directory

    def converge(
        self,
        declared: Sequence[Declared],
        outcome: Outcome,
        *,
        authority: Authority | None = None,
        issued: Mapping[str, str] | None = None,
    ) -> None:
        """Issue, renew or request what is due. Without an authority CSRs come out and ``issued`` goes in."""
        if not self._check:
            self._pairs.prepare()
        self._trust(outcome)
        text = (store.read(self._pairs.bundle) or b"").decode() if not outcome.bundle else outcome.bundle
        trusted = lib.load_bundle(text, str(self._pairs.bundle))
        for item in declared:
            self._one(item, trusted, outcome, authority, issued or {})
        outcome.bundle = text
        outcome.certificates = [self._facts(item.wanted, trusted, outcome) for item in declared]

    def _trust(self, outcome: Outcome) -> None:
        """Trust the authorities first: whoever gets a new certificate must find its authority known."""
        if outcome.bundle and store.read(self._pairs.bundle) != outcome.bundle.encode():
            outcome.actions.append(f"write the trusted authorities to {self._pairs.bundle}")
            if not self._check:
                store.write(self._pairs.bundle, outcome.bundle.encode(), 0o644)

    def _one(
        self,
        item: Declared,
        trusted: Sequence[Any],
        outcome: Outcome,
        authority: Authority | None,
        issued: Mapping[str, str],
    ) -> None:
        wanted, name = item.wanted, item.wanted.name
        why = self._why(item, trusted, authority)
        if why:
            key = self._key(item)
            csr = lib.make_request(key, wanted)
            cert = authority.sign(wanted, csr) if authority and wanted.kind != "request" else issued.get(name)
            if wanted.kind == "request":
                self._finish(
                    wanted, {"csr.pem": csr}, f"make a key and a request for {name}, since {why}", outcome
                )
            elif cert is not None:
                if not self._check:  # there the key that waits was never kept
                    self._accept(cert, key, wanted, trusted)
                self._finish(wanted, {"cert.pem": cert}, f"issue {name}, since {why}", outcome)
            else:
                outcome.requests[name] = csr
                outcome.actions.append(f"ask for {name}, since {why}")
        elif not self._pairs.private(name, item.owner):
            outcome.actions.append(f"let the owner alone read the key of {name}")
            if not self._check:
                self._pairs.protect(name, item.owner)

    def _why(self, item: Declared, trusted: Sequence[Any], authority: Authority | None) -> str:
        wanted = item.wanted
        if wanted.kind == "request":
            there = (self._pairs.live(wanted.name) / "csr.pem").is_file()
            return "" if there and not self._renew else "there is none"
        pair = self._pairs.pair(wanted.name)
        leaf = lib.leaf_of(*pair, trusted) if pair else None
        if leaf is not None and not leaf.issuer:
            return "its authority is not trusted any more"
        return plan.reason(wanted, leaf, authority.active if authority else "", self._now, self._renew)

    def _key(self, item: Declared) -> Any:
        """The key that waits for its certificate, or a new one."""
        key = self._pairs.pending_key(item.wanted.name)
        if key is None or lib.key_type_of(key.public_key()) != item.wanted.key_type:
            key = lib.make_key(item.wanted.key_type)
        if not self._check:
            self._pairs.begin(item.wanted.name, key, item.owner)
        return key

    def _accept(self, pem: str, key: Any, wanted: Wanted, trusted: Sequence[Any]) -> None:
        cert = lib.load_cert(pem.encode(), f"the certificate issued for '{wanted.name}'")
        if not lib.fits(cert, key):
            raise lib.PkiError(f"the certificate issued for '{wanted.name}' is for another key: run again.")
        if not any(lib.signed(cert, one) for one in trusted):
            raise lib.PkiError(
                f"the certificate issued for '{wanted.name}' is from an authority that is not trusted."
            )

    def _finish(self, wanted: Wanted, files: Mapping[str, str], action: str, outcome: Outcome) -> None:
        outcome.actions.append(action)
        if "cert.pem" in files:
            outcome.issued[wanted.name] = files["cert.pem"]
        if not self._check:
            self._pairs.finish(wanted.name, files)

    def _facts(self, wanted: Wanted, trusted: Sequence[Any], outcome: Outcome) -> dict[str, Any]:
        live = self._pairs.live(wanted.name)
        facts: dict[str, Any] = {"name": wanted.name, "kind": wanted.kind, "path": str(live)}
        if wanted.kind == "request":
            return facts | {"csr": (store.read(live / "csr.pem") or b"").decode()}
        pair = self._pairs.pair(wanted.name)
        if pair is None:
            return facts | {"not_after": None, "days_left": None, "fingerprint": None, "issuer": None}
        leaf = lib.leaf_of(*pair, trusted)
        warning = plan.warning(f"the certificate {wanted.name}", leaf.not_after, self._now)
        outcome.warnings += [warning] if warning else []
        return facts | {
            "not_after": f"{leaf.not_after:%Y-%m-%dT%H:%M:%SZ}",
            "days_left": plan.days_left(leaf.not_after, self._now),
            "fingerprint": lib.fingerprint(pair[0]),
            "issuer": leaf.issuer,
        }


def answer(
    declared: Sequence[Wanted], requests: Mapping[str, str], authority: Authority, outcome: Outcome
) -> None:
    """Sign the CSRs of another host: only for declared names."""
    names = {wanted.name: wanted for wanted in declared}
    for name, csr in requests.items():
        if name not in names:
            raise lib.PkiError(
                f"a certificate for '{name}' is requested, but not declared: declare it, or refuse."
            )
        outcome.issued[name] = authority.sign(names[name], csr)
        outcome.actions.append(f"sign the request for {name}")


def _shown(cert: Any, role: str, now: datetime) -> dict[str, Any]:
    known = lib.authority_of(cert)
    return {
        "fingerprint": known.fingerprint,
        "role": role,
        "not_after": f"{known.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "days_left": plan.days_left(known.not_after, now),
    }


__all__ = ["Authority", "Declared", "Host", "Outcome", "answer"]
