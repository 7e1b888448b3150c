"""Registered versions in a real MLflow store; aliases follow the ledger."""

import shutil
from pathlib import Path

import pytest

from data.settings import load_settings
from registry.errors import ModelNotFoundError, PackageError, RegistryError
from registry.ledger import Ledger
from registry.models import (
    champion,
    describe_versions,
    find_version,
    model_version,
    register,
    tag_version,
)
from registry.package import load_package
from registry.packing import seal
from registry.tracking import mlflow_client, start_run


def promote(expected: int | None, to: int) -> None:
    """Writes a promotion into the ledger, and nothing else."""
    Ledger(load_settings().ledger).append(
        "photos",
        action="promote",
        expected=expected,
        to=to,
        actor="me",
        reason="test",
        evidence="",
        dataset_version="d",
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
