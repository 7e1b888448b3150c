"""Registered versions in a real MLflow store; aliases follow the ledger."""

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.errors import ModelNotFoundError, PackageError, RegistryError
from registry.ledger.ledger import Change, Ledger
from registry.package.package import load_package
from registry.package.packing import seal
from registry.shipped.manifest import manifest_text
from registry.store.client import mlflow_client
from registry.store.models import champion, describe_versions, find_version, model_version, register, tag_version
from registry.store.tracking import start_run
from settings.machine import load_settings


def promote(expected: int | None, to: int) -> None:
    """Writes a promotion into the ledger, and nothing else."""
    Ledger(load_settings().ledger).append(
        Change(
            "photos",
            action="promote",
            expected=expected,
            to=to,
            actor="me",
            reason="test",
            evidence="",
            dataset_version="d",
        )
    )


def aliases() -> dict[str, int]:
    """The aliases as MLflow has them."""
    found = mlflow_client().get_registered_model("photos").aliases
    return {name: int(version) for name, version in found.items()}


def test_register__numbers_and_challenger(registered):
    """Versions count up, the newest is challenger, the model says what it is for."""
    assert [registered(), registered()] == [1, 2]
    assert aliases() == {"challenger": 2}
    assert mlflow_client().get_registered_model("photos").description == "for tests"


def test_model_version__package_as_registered(registered, own_workshop):
    """The downloaded package is whole, is downloaded once, and run and tags are those that it was registered with."""
    found = model_version("photos", registered(fit="abc"))
    assert load_package(found.folder).classes == ("dark", "light")
    assert found.tags["fit"] == "abc"
    assert mlflow_client().get_run(found.run_id).info.run_name == "train"
    shutil.rmtree(own_workshop.root / ".regraft" / "mlartifacts")
    assert model_version("photos", 1) == found


def test_model_version__altered_in_the_store(registered, own_workshop):
    """A file that was changed in the artifact store is found when the package is loaded."""
    registered()
    (stored,) = (own_workshop.root / ".regraft" / "mlartifacts").rglob("labels.json")
    stored.write_text(stored.read_text().replace("dark", "bark"))
    with pytest.raises(PackageError, match="labels.json"):
        load_package(model_version("photos", 1).folder)


def test_model_version__cut_off_download(registered, own_workshop, monkeypatch):
    """A download that breaks leaves nothing that a later one would take for a package."""
    registered()

    def broken(*, dst_path, **_):
        (own_workshop.root / ".regraft" / "packages").mkdir(exist_ok=True)
        Path(dst_path, "model.onnx").touch()
        raise OSError("connection lost")

    with monkeypatch.context() as patch, pytest.raises(RegistryError, match="connection lost"):
        patch.setattr("mlflow.artifacts.download_artifacts", broken)
        model_version("photos", 1)
    assert load_package(model_version("photos", 1).folder)


def test_model_version__numbers_begin_anew(registered):
    """After the model was deleted in MLflow, the new version 1 is not mistaken for the old one on this machine."""
    registered()
    before = model_version("photos", 1)
    mlflow_client().delete_registered_model("photos")
    registered()
    after = model_version("photos", 1)
    assert after.folder != before.folder
    assert json.loads((after.folder / "origin.json").read_text())["run"] == after.run_id != before.run_id


def test_model_version__two_first_loads(registered, monkeypatch):
    """Who finds that another process was first takes what that one brought, and the cache stays whole."""
    registered()
    first = model_version("photos", 1).folder
    exists = Path.exists
    seen = iter([False])  # what the slower one saw when it looked
    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", lambda path: next(seen, True) if path == first else exists(path))
        assert model_version("photos", 1).folder == first
    assert load_package(first)
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_load__another_in_its_place(registered, own_workshop):
    """The whole package of version 1 in the place of version 2 is noticed, and both are named."""
    registered(), registered()
    first, second = (own_workshop.root / ".regraft" / "mlartifacts").rglob("origin.json")
    runs = [json.loads(path.read_text())["run"] for path in (first, second)]
    shutil.rmtree(second.parent)
    shutil.copytree(first.parent, second.parent)
    versions = {mlflow_client().get_model_version("photos", number).run_id: int(number) for number in "12"}
    assert model_version("photos", versions[runs[0]]).load()
    with pytest.raises(PackageError, match=f"'photos' v[12] .run {runs[1]}. lies a package of 'photos' .run {runs[0]}"):
        model_version("photos", versions[runs[1]]).load()


def test_load__belongs_nowhere(registered, own_workshop):
    """A package that does not say what it belongs to is refused in one line, and read only where it is as packed."""
    registered()
    (stored,) = (own_workshop.root / ".regraft" / "mlartifacts").rglob("origin.json")
    stored.write_text("[]")
    with pytest.raises(PackageError, match=r"origin\.json is not the file that was packed"):
        model_version("photos", 1).load()
    folder = model_version("photos", 1).folder
    (folder / "manifest.json").write_text(manifest_text(folder))
    with pytest.raises(PackageError, match="does not say what it belongs to.*register the model again"):
        model_version("photos", 1).load()


def test_register__without_golden_samples(own_workshop):
    """A package whose serving path nothing proves is not registered."""
    (own_workshop.package / "golden.zip").unlink()
    (own_workshop.package / "manifest.json").write_text(manifest_text(own_workshop.package))
    with pytest.raises(PackageError, match="holds no golden samples.*nothing is registered"):
        register("photos", own_workshop.package, start_run("photos", "t", {}), tags={}, description="", purpose="")


def test_register__finishes_what_was_begun(own_workshop, monkeypatch):
    """Called again after MLflow broke off behind the new version, it sets the alias and makes no second version."""
    from mlflow import MlflowClient

    run_id, asked = start_run("photos", "train", {}), {"tags": {"fit": "a"}, "description": "", "purpose": ""}

    def broken(*_):
        raise OSError("connection lost")

    with monkeypatch.context() as patch, pytest.raises(RegistryError, match="connection lost"):
        patch.setattr(MlflowClient, "set_registered_model_alias", broken)
        register("photos", own_workshop.package, run_id, **asked)
    tag_version("photos", 1, {"decision": "HOLD"})
    assert register("photos", own_workshop.package, run_id, **asked) == 1
    assert aliases() == {"challenger": 1}
    assert register("photos", own_workshop.package, start_run("photos", "train", {}), **asked) == 2


def test_register__keeps_the_fit_and_signs(own_workshop, monkeypatch):
    """What is registered is signed with its place; the fit's own folder stays as it was packed."""
    key = Ed25519PrivateKey.generate()
    secret, public = own_workshop.root / "ours.pem", own_workshop.root / "ours.pub.pem"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", str(secret))
    seal(own_workshop.package)
    monkeypatch.setenv("REGRAFT_VERIFY_KEY", str(public))
    register("photos", own_workshop.package, start_run("photos", "train", {}), tags={}, description="", purpose="")
    folder = model_version("photos", 1).folder
    assert load_package(folder)
    assert "origin.json" in json.loads((folder / "manifest.json").read_text())
    assert not (own_workshop.package / "origin.json").exists()


def test_model_version__unknown(registered):
    """The versions that there are stand in the message."""
    with pytest.raises(ModelNotFoundError, match="'photos' has no version 1 .*regraft retrain"):
        model_version("photos", 1)
    registered()
    with pytest.raises(ModelNotFoundError, match=r"'photos' has no version 7 \(there: 1\)"):
        model_version("photos", 7)


def test_find_version__newest_with_the_tag(registered):
    """The newest of the versions with that value; none is None."""
    registered(fit="a"), registered(fit="a"), registered(fit="b")
    assert find_version("photos", "fit", "a").version == 2
    assert find_version("photos", "fit", "c") is None
    assert find_version("other", "fit", "a") is None


def test_champion__the_ledgers_word(registered):
    """Whatever the aliases say, the ledger's last row is the champion."""
    assert champion("photos") is None
    registered(), registered()
    promote(None, 1)
    mlflow_client().set_registered_model_alias("photos", "champion", "2")
    assert champion("photos").version == 1


def test_tag_version__shown_in_the_list(registered):
    """Tags that are added later stand beside the first ones."""
    registered(fit="a")
    tag_version("photos", 1, {"decision": "HOLD"})
    assert describe_versions("photos") == {1: {"fit": "a", "decision": "HOLD"}}


def test_register__mlflow_down(own_workshop, monkeypatch):
    """One line, and nothing is registered."""
    run_id = start_run("photos", "train", {})
    with monkeypatch.context() as patch, pytest.raises(RegistryError, match="cannot register a model of 'photos'|open"):
        patch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        register("photos", own_workshop.package, run_id, tags={}, description="", purpose="")
    assert describe_versions("photos") == {}


def test_register__card_lacks_a_field(own_workshop):
    """A version whose card says too little is refused with the field's name, and nothing is registered."""
    path = own_workshop.package / "model_card.md"
    path.write_text(path.read_text().replace("## Intended use\n\nTests.", "## Intended use\n\n"))
    seal(own_workshop.package)
    run_id = start_run("photos", "train", {})
    with pytest.raises(PackageError, match="lack Intended use; nothing is registered"):
        register("photos", own_workshop.package, run_id, tags={}, description="", purpose="")
    assert describe_versions("photos") == {}


def test_register__altered(own_workshop):
    """An altered package is not registered."""
    (own_workshop.package / "bom.json").write_text("{}")
    run_id = start_run("photos", "train", {})
    with pytest.raises(PackageError, match="bom.json is not the file"):
        register("photos", own_workshop.package, run_id, tags={}, description="", purpose="")
    assert describe_versions("photos") == {}
