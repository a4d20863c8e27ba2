# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key is trusted for a repository, and what apt is told for the trial."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import openpgp, repository
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.packages import PackagesError

VECTORS = Path(__file__).parents[4] / "vectors" / "openpgp"
ARMORED, PACKET = (VECTORS / "ed25519.asc").read_bytes(), (VECTORS / "rsa.gpg").read_bytes()
BINARY = openpgp.dearmored(ARMORED)
ED25519, RSA = "CF2A1DCB984C0376ED5D3F158B98F9992FFBA973", "ABE74D431C418F94CF778170C9EAE6A58A55077F"
SPACED = " ".join(ED25519[at : at + 4] for at in range(0, 40, 4)).lower()


def declared(fingerprints=(ED25519,), **more):
    given = {
        "name": "vendor",
        "url": "https://mirror.example/debian",
        "suite": "trixie",
        "components": ["stable", "test"],
        "key": "https://vendor.example/key.asc",
        "fingerprints": fingerprints,
    }
    return repository.declared(**given | more)


def test_the_entry():
    assert declared().text(Path("/k.gpg"), "arm64").splitlines()[1:] == [
        "Types: deb",
        "URIs: https://mirror.example/debian",
        "Suites: trixie",
        "Components: stable test",
        "Architectures: arm64",
        "Signed-By: /k.gpg",
    ]


WRONG = {
    "name": ({"name": "../x"}, "name '../x' is no name"),
    "url": ({"url": "mirror.example"}, "url 'mirror.example'"),
    "url with a line of its own": ({"url": "https://a.example\nTrusted: yes"}, "is no url"),
    "url with a password": (
        {"url": "https://ada:pw@a.example/x"},
        "url has a user or a password",
    ),
    "key with a user": ({"key": "https://token@a.example/k"}, "key has a user or a password"),
    "suite": ({"suite": ""}, "suite ''"),
    "component": ({"components": ["a\nTrusted: yes"]}, "is no components"),
    "key": ({"key": "/root/key"}, "key '/root/key'"),
    "short fingerprint": ({"fingerprints": [ED25519[24:]]}, "all its 40 hexadecimal digits"),
    "key without encryption": (
        {"fingerprints": [], "key": "http://vendor.example/key"},
        "Give its fingerprint",
    ),
}


@pytest.mark.parametrize(("given", "says"), WRONG.values(), ids=WRONG)
def test_what_is_declared_wrong_is_refused(given, says):
    with pytest.raises(PackagesError, match=says) as refused:
        declared(**given)
    assert not any(word in str(refused.value) for word in ("ada:pw", "token@"))


@pytest.mark.parametrize(
    "fingerprints",
    [[ED25519], [SPACED], [RSA, ED25519], []],
    ids=["plain", "as printed", "one of two", "by TLS alone"],
)
def test_a_key_that_is_trusted(fingerprints):
    assert repository.trusted(declared(fingerprints), ARMORED, "there") == BINARY


def test_a_stranger_s_key_is_refused():
    with pytest.raises(
        PackagesError, match=f"at there has the fingerprint {ED25519} and not {RSA}. Nothing was changed"
    ):
        repository.trusted(declared([RSA]), ARMORED, "there")


def test_a_stranger_beside_the_right_key_is_refused():
    with pytest.raises(PackagesError, match=f"has the fingerprint {RSA} and not {ED25519}"):
        repository.trusted(declared(), BINARY + PACKET, "there")


def test_what_is_no_key_is_refused():
    with pytest.raises(PackagesError, match="there can't be the repository's key: it is no file of keys"):
        repository.trusted(declared([]), b"<html>", "there")


def test_a_key_that_is_kept(tmp_path):
    file = tmp_path / "key.gpg"
    assert not repository.keeps(declared(), file)
    file.write_bytes(BINARY)
    assert repository.keeps(declared(), file)
    assert not repository.keeps(declared([RSA]), file)


UNSIGNED = {
    "Debian 12": "W: GPG error: https://a trixie InRelease: The following signatures couldn't be verified"
    " because the public key is not available: NO_PUBKEY 8B98F9992FFBA973\n"
    "E: The repository 'https://a trixie InRelease' is not signed.",
    "Debian 13": "Err:1 https://a trixie InRelease\n"
    "E: The repository 'https://a trixie InRelease' is not signed.\n"
    "W: Failed to fetch https://a/InRelease  Sub-process /usr/bin/sqv returned an error code (1)",
}


@pytest.mark.parametrize("said", UNSIGNED.values(), ids=UNSIGNED)
def test_a_repository_that_a_stranger_signed(tmp_path, said):
    with pytest.raises(
        PackagesError,
        match=r"repository https://mirror.example/debian failed: a repository is not signed by its key",
    ):
        repository.attempt(declared(), BINARY, "amd64", tmp_path / "trial", lambda argv: (100, said))


def test_a_repository_without_the_suite(tmp_path):
    said = "E: The repository 'https://a sid Release' does not have a Release file."
    with pytest.raises(PackagesError, match="nothing for this release"):
        repository.attempt(declared(), BINARY, "amd64", tmp_path / "trial", lambda argv: (100, said))


def test_the_trial_has_lists_of_its_own_which_apts_user_can_read(tmp_path):
    asked = []
    folder = tmp_path / "trial"
    repository.attempt(declared(), BINARY, "amd64", folder, lambda argv: asked.append(list(argv)) or (0, ""))
    (argv,) = asked
    assert {f"Dir::State::Lists={folder}/lists", f"Dir::Etc::SourceParts={folder}/sources"} <= set(argv)
    assert argv[-2:] == ["--error-on=any", "update"]
    assert (folder / "key.gpg").stat().st_mode & 0o777 == 0o644
    assert f"Signed-By: {folder}/key.gpg" in (folder / "sources/vendor.sources").read_text()
