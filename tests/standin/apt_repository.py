# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for a vendor's package server, which can't be had here: apt_repository.py FOLDER SUITE COMPONENT

Makes FOLDER/vendor, signed by the vendor's key, and FOLDER/stranger, the same but signed by somebody else,
with the keys vendor.asc and stranger.asc beside them. The packages are described by FOLDER/packages.json:
{"NAME": {"depends": "a, b", "files": {"/usr/bin/x": "FILE"}}}, or {"NAME": {"repacks": "DEBIAN'S NAME"}} for
a package of Debian under another name. It runs on Debian with gpg and its agent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

SAYS = "stand-in for a vendor's package, not the real one"


def run(*argv: str, **more) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more).stdout


def package(name: str, described: dict, work: Path, pool: Path, architecture: str) -> str:
    """Build a package; its paragraph of the index."""
    tree = work / name
    fields = {"Package": name, "Version": "1:99.0-1", "Architecture": architecture, "Description": SAYS}
    fields |= {"Maintainer": "nobody <nobody@example.test>", "Depends": described.get("depends", "")}
    if "repacks" in described:
        fields["Depends"] = unpacked(described["repacks"], tree)
    for place, source in described.get("files", {}).items():
        target = tree / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755)
    control = "".join(f"{key}: {value}\n" for key, value in fields.items() if value)
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (tree / "DEBIAN/control").write_text(control)
    file = pool / f"{name}.deb"
    run("dpkg-deb", "--build", "--root-owner-group", "-Znone", str(tree), str(file))
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return f"{control}Filename: pool/{name}.deb\nSize: {len(data)}\nSHA256: {digest}\n"


def unpacked(debian: str, tree: Path) -> str:
    """Unpack a package of Debian; what it depends on. What it conflicts with are the vendor's names."""
    tree.mkdir(parents=True)
    run("apt-get", "--quiet=2", "download", debian, cwd=tree.parent)
    (file,) = tree.parent.glob(f"{debian}_*.deb")
    run("dpkg-deb", "--raw-extract", str(file), str(tree))
    return run("dpkg-deb", "--field", str(file), "Depends").strip()


def key(name: str, folder: Path) -> str:
    """Make a key, leave its public part in the folder; its fingerprint."""
    who = f"{name}@example.test"
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", who, "rsa3072", "sign")
    (folder / f"{name}.asc").write_text(run("gpg", "--armor", "--export", who))
    listed = run("gpg", "--with-colons", "--list-keys", who)
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


def sign(place: Path, suite: str, component: str, fingerprint: str, index: str) -> None:
    architecture = run("dpkg", "--print-architecture").strip()
    inner = f"{component}/binary-{architecture}/Packages"
    file = place / "dists" / suite / inner
    file.parent.mkdir(parents=True)
    file.write_text(index)
    text = (
        f"Origin: stand-in\nLabel: stand-in\nSuite: {suite}\nCodename: {suite}\nComponents: {component}\n"
        f"Architectures: {architecture}\nDate: {run('date', '--utc', '--rfc-email').strip()}\n"
        f"SHA256:\n {hashlib.sha256(index.encode()).hexdigest()} {len(index.encode())} {inner}\n"
    )
    argv = ("gpg", "--batch", "--local-user", fingerprint, "--digest-algo", "SHA512", "--clearsign")
    (place / "dists" / suite / "InRelease").write_text(run(*argv, input=text))


def main(folder: Path, suite: str, component: str) -> None:
    os.environ["GNUPGHOME"] = str(folder / "gnupg")
    (folder / "gnupg").mkdir(mode=0o700)
    pool = folder / "vendor/pool"
    pool.mkdir(parents=True)
    architecture = run("dpkg", "--print-architecture").strip()
    described = json.loads((folder / "packages.json").read_text())
    paragraphs = [package(name, one, folder / "work", pool, architecture) for name, one in described.items()]
    shutil.copytree(pool, folder / "stranger/pool")
    fingerprints = {name: key(name, folder) for name in ("vendor", "stranger")}
    for name, fingerprint in fingerprints.items():
        sign(folder / name, suite, component, fingerprint, "\n".join(paragraphs))
    run("gpgconf", "--kill", "gpg-agent")
    print(json.dumps(fingerprints))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
