"""Signed packages: what REGRAFT_VERIFY_KEY lets in, and what it keeps out."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from registry.errors import PackageError
from registry.package.package import load_package
from registry.package.packing import seal
from registry.shipped.manifest import manifest_text, verify
from settings.machine import load_settings
from tests.registry.shipped.keys import write_pair


def test_load_package__signature_demanded(own_workshop, monkeypatch):
    """Where a key is configured a package must be signed before anything of it is parsed; then it is loaded."""
    secret, public = write_pair(own_workshop.root, "ours")
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", public)
    with monkeypatch.context() as patch, pytest.raises(PackageError, match="is not signed.*REGRAFT_SIGNING_KEY"):
        patch.setattr("registry.package.package.read_verified", lambda *asked: pytest.fail(f"read {asked}"))
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
