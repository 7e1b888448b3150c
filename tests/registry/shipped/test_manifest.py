"""Signed packages: what REGRAFT_VERIFY_KEY lets in, and what it keeps out."""

import os
import re
import shlex
import subprocess
import traceback
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.errors import PackageError
from registry.package.package import load_package
from registry.package.packing import seal
from registry.shipped.manifest import manifest_text, verify
from settings.machine import load_settings


def write_pair(folder, name, key=None):
    """Writes a key pair as PEM files; returns the paths of the private and the public one."""
    key = key or Ed25519PrivateKey.generate()
    secret, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return str(secret), str(public)


@pytest.fixture
def signed(project, monkeypatch):
    """A signed folder whose key is demanded, and the paths of the private and the public key."""
    folder = project / "package"
    folder.mkdir()
    (folder / "labels.json").write_text('{"classes": ["dark", "light"]}')
    secret, public = write_pair(project, "ours")
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", secret)
    seal(folder)
    return folder, secret, public


def test_load_package__signature_demanded(own_workshop, monkeypatch):
    """Where a key is configured a package must be signed before anything of it is parsed; then it is loaded."""
    secret, public = write_pair(own_workshop.root, "ours")
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", public)
    with monkeypatch.context() as patch, pytest.raises(PackageError, match="is not signed.*REGRAFT_SIGNING_KEY"):
        patch.setattr("registry.package.package._read_json", lambda path: pytest.fail(f"read {path}"))
        load_package(own_workshop.package)
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", secret)
    seal(own_workshop.package)
    assert load_package(own_workshop.package).classes == ("dark", "light")
    (own_workshop.package / "checks.json").write_text("{}")
    with pytest.raises(PackageError, match=r"checks\.json is not the file that was packed"):
        load_package(own_workshop.package)


def test_verify__altered_and_sealed_again_without_the_key(signed, monkeypatch):
    """Whoever alters a file and the manifest, but has no key, is found out."""
    folder, _, public = signed
    verify(folder, [public])
    (folder / "labels.json").write_text('{"classes": ["bark", "light"]}')
    with pytest.raises(ValueError, match=r"labels\.json is not the file"):
        verify(folder, [public])
    (folder / "manifest.json").write_text(manifest_text(folder))
    with pytest.raises(ValueError, match="made by none of the 1 keys.*or its manifest was altered"):
        verify(folder, [public])
    monkeypatch.delenv("REGRAFT_SIGNING_KEY")
    seal(folder)
    with pytest.raises(ValueError, match="is not signed"):
        verify(folder, [public])


def test_verify__wrong_key_and_rotation(signed, project, monkeypatch):
    """Another key is refused; while keys are changed, both are named and either will do."""
    folder, _, ours = signed
    theirs = write_pair(project, "theirs")[1]
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", theirs)
    with pytest.raises(ValueError, match="made by none of the 1 keys"):
        verify(folder, load_settings().verify_keys)
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", os.pathsep.join([theirs, ours]))
    verify(folder, load_settings().verify_keys)


@pytest.mark.parametrize("signature", [b"", b"%%%", b"\xff\xfe", b64encode(b"x" * 64), b64encode(b"x")])
def test_verify__no_signature_at_all(signed, signature):
    """Whatever lies in the signature's place is refused, in one line."""
    (signed[0] / "manifest.sig").write_bytes(signature)
    with pytest.raises(ValueError, match="made by none") as found:
        verify(signed[0], [signed[2]])
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("kind", ["missing", "text", "other", "passphrase", "pasted"])
def test_seal__unreadable_key(signed, project, monkeypatch, kind):
    """A key that cannot be used is one line that shows neither key nor path, and no signature is left."""
    folder, path, pem = signed[0], project / "key.pem", Path(signed[1]).read_text()
    if kind == "text":
        path.write_text("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----")
    elif kind == "other":
        write_pair(project, "key", generate_private_key(SECP256R1()))
    elif kind == "passphrase":
        path.write_text(pem.replace("PRIVATE", "ENCRYPTED PRIVATE"))
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", pem if kind == "pasted" else str(path))
    with pytest.raises(PackageError, match="cannot be signed: REGRAFT_SIGNING_KEY names no ed25519") as found:
        seal(folder)
    shown = "".join(traceback.format_exception(found.value))
    assert pem.splitlines()[1] not in shown + repr(load_settings())
    assert "SECRET" not in shown
    assert not (folder / "manifest.sig").exists()


@pytest.mark.parametrize("content", [None, "no key", "secret"])
def test_verify__unreadable_key(signed, project, content):
    """A public key that cannot be read lets nothing in, also beside a good one."""
    folder, secret, public = signed
    bad = project / "bad.pem"
    if content is not None:
        bad.write_text(Path(secret).read_text() if content == "secret" else content)
    with pytest.raises(ValueError, match="REGRAFT_VERIFY_KEY names no ed25519 public key"):
        verify(folder, [public, str(bad)])


def test_verify__without_keys(signed):
    """Where no key is demanded the files alone count."""
    (signed[0] / "manifest.sig").unlink()
    verify(signed[0], ())


def test_seal__as_the_page_tells(project, monkeypatch):
    """The keys that the commands of docs/package.md make sign a package and let it in."""
    page = (Path(__file__).parents[3] / "docs" / "package.md").read_text()
    block = page.partition("## Signing")[2].partition("```console\n")[2].partition("```")[0]
    for line in block.splitlines():
        if line.startswith("openssl"):
            subprocess.run(shlex.split(line), cwd=project, check=True, capture_output=True)
    for name, value in re.findall(r"(REGRAFT_\w+)=(\S+)", block):
        monkeypatch.setenv(name, value.replace("$PWD", str(project)))
    folder = project / "package"
    folder.mkdir()
    seal(folder)
    verify(folder, load_settings().verify_keys)
    assert load_settings().verify_keys == (str(project / "verify.pem"),)
    assert (folder / "manifest.sig").exists()
