"""Keys: which signatures count, and what a key that cannot be read does."""

import os
import traceback
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from registry.errors import PackageError
from registry.package.packing import seal
from registry.shipped.manifest import verify
from settings.machine import load_settings
from tests.registry.shipped.keys import write_pair


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
