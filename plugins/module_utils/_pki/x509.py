# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, requests and certificates, by the library cryptography (38 or newer, as in Debian 12)."""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from .plan import Authority, Leaf, Wanted

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    MISSING = False
except ImportError:
    MISSING = True

KEY_TYPES = ("ecdsa-p256", "ed25519")
BACKDATED = timedelta(minutes=5)  # clocks of two hosts differ
REMEDY = "install python3-cryptography (Debian: apt install python3-cryptography)"


class PkiError(Exception):
    """Something can't be read, made or trusted; the text names it and the remedy, and holds no key."""


def make_key(key_type: str) -> Any:
    """A new private key."""
    return (
        ed25519.Ed25519PrivateKey.generate()
        if key_type == "ed25519"
        else ec.generate_private_key(ec.SECP256R1())
    )


def key_pem(key: Any, passphrase: str = "") -> bytes:
    """A private key as PKCS #8, encrypted when there is a passphrase."""
    lock: Any = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))


def load_key(pem: bytes, place: str, passphrase: str = "") -> Any:
    """Read a private key."""
    try:
        return serialization.load_pem_private_key(pem, passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise PkiError(
        f"{place} can't be read as a private key: restore it from a backup, or check the passphrase."
    )


def load_cert(pem: bytes, place: str) -> Any:
    """Read a certificate."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_pem_x509_certificate(pem)
    except ValueError:
        pass
    raise PkiError(f"{place} can't be read as a certificate: remove it, and run again to have it made anew.")


def cert_pem(cert: Any) -> bytes:
    """A certificate as PEM."""
    return bytes(cert.public_bytes(serialization.Encoding.PEM))


def bundle(certs: Iterable[Any]) -> str:
    """Certificates one after the other, as trust stores take them."""
    return "".join(cert_pem(cert).decode() for cert in certs)


def load_bundle(text: str, place: str) -> list[Any]:
    """Every certificate of a bundle."""
    mark = "-----END CERTIFICATE-----\n"
    parts = [part + mark for part in text.split(mark) if part.strip()]
    return [load_cert(part.encode(), place) for part in parts]


def fingerprint(cert: Any) -> str:
    """The SHA-256 of a certificate in hexadecimal."""
    return str(cert.fingerprint(hashes.SHA256()).hex())


def authority_of(cert: Any) -> Authority:
    """What the plan needs to know of a CA certificate."""
    return Authority(fingerprint(cert), _moment(cert, "not_valid_before"), _moment(cert, "not_valid_after"))


def leaf_of(cert: Any, key: Any, authorities: Iterable[Any]) -> Leaf:
    """What the plan needs to know of a certificate and the key that lies beside it."""
    signed_by = next((fingerprint(item) for item in authorities if signed(cert, item)), "")
    return Leaf(
        kind=_kind(cert),
        common_name=_common_name(cert.subject),
        names=_names(cert),
        not_after=_moment(cert, "not_valid_after"),
        issuer=signed_by,
        key_type=key_type_of(cert.public_key()),
        key_fits=_spki(cert.public_key()) == _spki(key.public_key()),
    )


def make_authority(key: Any, common_name: str, days: int, now: datetime) -> Any:
    """A self-signed CA certificate that signs certificates and no other authority."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(subject, subject, key.public_key(), now, now + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return builder.sign(key, _algorithm(key))


def make_request(key: Any, wanted: Wanted) -> str:
    """A CSR."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if wanted.names:
        builder = builder.add_extension(_san(wanted.names), critical=False)
    request = builder.sign(key, _algorithm(key))
    return str(request.public_bytes(serialization.Encoding.PEM).decode())


def issue(wanted: Wanted, csr: str, authority: Any, key: Any, now: datetime, until: datetime) -> Any:
    """A certificate for the key of a CSR.

    Names and usage come from the declaration alone: whoever holds the key has no say in them.
    """
    request = _request(csr, wanted.name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)])
    builder = _builder(subject, authority.subject, request.public_key(), now, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(_extended(wanted.kind)), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if wanted.names:
        builder = builder.add_extension(_san(wanted.names), critical=False)
    return builder.sign(key, _algorithm(key))


def signed(cert: Any, authority: Any) -> bool:
    """Whether an authority signed a certificate."""
    if cert.issuer != authority.subject:
        return False
    public = authority.public_key()
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(cert.signature, cert.tbs_certificate_bytes)
        else:
            public.verify(cert.signature, cert.tbs_certificate_bytes, ec.ECDSA(cert.signature_hash_algorithm))
    except (InvalidSignature, ValueError, TypeError, AttributeError):
        return False
    return True


def fits(cert: Any, key: Any) -> bool:
    """Whether a certificate is for a key."""
    return _spki(cert.public_key()) == _spki(key.public_key())


def key_type_of(public: Any) -> str:
    """The type of a public key in our words."""
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    known = isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1"
    return "ecdsa-p256" if known else "another"


def _request(csr: str, name: str) -> Any:
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        fine = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        fine = False
    if not fine:
        raise PkiError(f"the request for '{name}' is not signed by its own key: make it anew on its host.")
    return request


def _builder(subject: Any, issuer: Any, public: Any, now: datetime, until: datetime) -> Any:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - BACKDATED).replace(tzinfo=None))
        .not_valid_after(until.astimezone(UTC).replace(tzinfo=None))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _algorithm(key: Any) -> Any:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _usage(**given: bool) -> Any:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _extended(kind: str) -> list[Any]:
    known = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
    return [known[name] for name in known if kind in (name, "both")]


def _kind(cert: Any) -> str:
    try:
        found = set(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return "another"
    return next((kind for kind in ("server", "client", "both") if set(_extended(kind)) == found), "another")


def _san(names: Iterable[str]) -> Any:
    return x509.SubjectAlternativeName([_general(name) for name in names])


def _general(name: str) -> Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name)


def _names(cert: Any) -> tuple[str, ...]:
    try:
        found = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(item.value) for item in found)


def _common_name(name: Any) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _spki(public: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(public.public_bytes(serialization.Encoding.DER, form))


def _moment(cert: Any, field: str) -> datetime:
    """A time of a certificate as an aware one; the library has the aware attribute since version 42."""
    aware: datetime | None = getattr(cert, f"{field}_utc", None)
    return aware if aware is not None else getattr(cert, field).replace(tzinfo=UTC)
