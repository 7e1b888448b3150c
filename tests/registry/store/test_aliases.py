"""What MLflow shows follows the ledger: aliases, and the tag of what is in quarantine."""

import pytest

from registry.errors import LedgerError, RegistryError
from registry.ledger.heads import TAG, head_path, kept_head
from registry.ledger.ledger import Change, Ledger
from registry.ledger.sql.database import for_writing, open_engine
from registry.store.aliases import Faults, alias_faults, follow_ledger
from registry.store.client import mlflow_client
from registry.store.models import describe_versions
from settings.machine import load_settings


def write(expected: int | None, to: int, action: str = "promote") -> None:
    """Writes into the ledger, and nothing else."""
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action=action, expected=expected, to=to, **facts))


def aliases() -> dict[str, int]:
    """The aliases as MLflow has them."""
    found = mlflow_client().get_registered_model("photos").aliases
    return {name: int(version) for name, version in found.items()}


@pytest.fixture
def versions(tracked):
    """Three versions of `photos`, without packages; the third is challenger."""
    client = mlflow_client()
    client.create_registered_model("photos")
    for _ in range(3):
        client.create_model_version("photos", tracked.as_uri())
    client.set_registered_model_alias("photos", "challenger", "3")


@pytest.mark.usefixtures("versions")
def test_follow_ledger__after_each_promotion():
    """Champion and previous follow the ledger; who became champion is challenger no more."""
    write(None, 1)
    follow_ledger("photos")
    assert aliases() == {"champion": 1, "challenger": 3}
    write(1, 3)
    assert follow_ledger("photos") == Faults({"champion": 3, "previous": 1, "challenger": None}, {})
    assert aliases() == {"champion": 3, "previous": 1}
    assert not follow_ledger("photos")


@pytest.mark.usefixtures("versions")
def test_follow_ledger__set_wrong_by_hand():
    """Aliases that somebody set or deleted are faults, and are repaired."""
    write(None, 1), write(1, 2)
    follow_ledger("photos")
    mlflow_client().set_registered_model_alias("photos", "champion", "1")
    mlflow_client().delete_registered_model_alias("photos", "previous")
    assert str(alias_faults("photos")) == "champion should be 2, previous should be 1"
    follow_ledger("photos")
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 3}


@pytest.mark.usefixtures("versions")
def test_follow_ledger__alias_without_promotion():
    """A champion that the ledger knows nothing of is taken away."""
    mlflow_client().set_registered_model_alias("photos", "champion", "1")
    assert str(follow_ledger("photos")) == "champion should be unset"
    assert aliases() == {"challenger": 3}


@pytest.mark.usefixtures("tracked")
def test_alias_faults__nothing_registered():
    """A domain without a model has no faults."""
    assert not alias_faults("photos")


@pytest.mark.usefixtures("versions")
def test_follow_ledger__quarantine():
    """A version that was rolled back carries the reason as a tag until it is put into production again."""
    write(None, 1), write(1, 2), write(2, 1, "rollback")
    assert str(alias_faults("photos")) == "champion should be 1, v2 should be in quarantine"
    follow_ledger("photos")
    assert describe_versions("photos")[2]["quarantine"].startswith("rolled back by me at 20")
    assert aliases() == {"champion": 1, "challenger": 3}
    write(1, 2, "rollback")
    assert str(follow_ledger("photos")) == "champion should be 2, previous should be 1, v2 should be out of quarantine"
    assert "quarantine" not in describe_versions("photos")[2]


@pytest.mark.usefixtures("versions")
def test_follow_ledger__versions_deleted_by_hand():
    """What was deleted in MLflow can carry no alias; the one before it becomes what a rollback returns to."""
    write(None, 1), write(1, 2), write(2, 3)
    mlflow_client().delete_model_version("photos", "2")
    follow_ledger("photos")
    assert aliases() == {"champion": 3, "previous": 1}
    mlflow_client().delete_model_version("photos", "3")
    follow_ledger("photos")
    assert (aliases(), bool(alias_faults("photos"))) == ({"previous": 1}, False)


@pytest.mark.usefixtures("versions")
def test_follow_ledger__ledger_written_meanwhile(monkeypatch):
    """A promotion by another process, between looking and setting, is followed as well."""
    write(None, 1)
    set_alias = type(mlflow_client()).set_registered_model_alias

    def late(client, name, alias, version):
        if len(Ledger(load_settings().ledger).entries("photos")) == 1:
            write(1, 2)
        set_alias(client, name, alias, version)

    monkeypatch.setattr("mlflow.MlflowClient.set_registered_model_alias", late)
    follow_ledger("photos")
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 3}


@pytest.mark.usefixtures("versions")
def test_follow_ledger__mlflow_down(monkeypatch):
    """One line that names what was being done."""
    write(None, 1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("REGRAFT_MLFLOW_URI", "http://127.0.0.1:9")
    with pytest.raises(RegistryError, match="cannot read the aliases of 'photos'"):
        follow_ledger("photos")


@pytest.mark.usefixtures("versions")
def test_alias_faults__ledger_was_emptied():
    """What only rows bring about, without a row, is no first model to come, but a ledger to be restored."""
    client = mlflow_client()
    client.set_registered_model_alias("photos", "champion", "1")
    client.set_model_version_tag("photos", "1", "decision", "PROMOTE")
    with pytest.raises(LedgerError, match=r"ledger.db: no row of 'photos', .* v1 as promoted.* from a backup"):
        follow_ledger("photos")
    assert aliases() == {"champion": 1, "challenger": 3}


def test_alias_faults__removed_in_part(versions):
    """Where a removal stopped before MLflow, the remedy is to go on, and no backup."""
    write(None, 1), write(1, 2)
    follow_ledger("photos")
    write(2, 0, action="remove")
    with pytest.raises(LedgerError, match="'photos' is removed in part; `regraft remove photos` goes on"):
        alias_faults("photos")


@pytest.mark.usefixtures("versions")
def test_alias_faults__ledger_that_lost_rows():
    """A row that MLflow keeps the hash of and the ledger lacks is refused, until a person takes the loss."""
    write(None, 1)
    follow_ledger("photos")
    write(1, 2)
    follow_ledger("photos")
    with for_writing(open_engine(load_settings().ledger)).begin() as connection:
        connection.exec_driver_sql("delete from ledger where sequence = 2")
    for use in (alias_faults, follow_ledger):
        with pytest.raises(LedgerError, match=r"row 2 of 'photos', of which MLflow keeps the hash, is not in it"):
            use("photos")
    mlflow_client().delete_registered_model_tag("photos", TAG)
    with pytest.raises(LedgerError, match=r"of which \S+heads/photos keeps the hash, is not in it"):
        follow_ledger("photos")
    head_path("photos").unlink()
    assert follow_ledger("photos").aliases == {"champion": 1, "previous": None}
    assert mlflow_client().get_registered_model("photos").tags[TAG].startswith("1 ")


@pytest.mark.usefixtures("versions")
def test_alias_faults__died_before_the_head_was_kept():
    """A row whose hash is not kept yet is no fault, and is kept by the next call."""
    write(None, 1)
    follow_ledger("photos")
    write(1, 2)
    assert alias_faults("photos").aliases
    follow_ledger("photos")
    assert mlflow_client().get_registered_model("photos").tags[TAG].startswith("2 ")


@pytest.mark.usefixtures("versions")
def test_alias_faults__both_databases_were_emptied():
    """Without a row and without a model the project still knows that there was one."""
    write(None, 1)
    follow_ledger("photos")
    with for_writing(open_engine(load_settings().ledger)).begin() as connection:
        connection.exec_driver_sql("delete from ledger")
    mlflow_client().delete_registered_model("photos")
    with pytest.raises(LedgerError, match=r"row 1 of 'photos', .* accepted, delete \S+heads/photos"):
        alias_faults("photos")


@pytest.mark.usefixtures("versions")
def test_follow_ledger__mlflow_goes_away(monkeypatch):
    """The project keeps the head of a row though MLflow cannot be told of it."""
    write(None, 1)
    monkeypatch.setattr("registry.store.aliases.mlflow_client", lambda: (_ for _ in ()).throw(ConnectionError))
    with pytest.raises(RegistryError, match="cannot set the aliases"):
        follow_ledger("photos")
    assert kept_head("photos").startswith("1 ")
