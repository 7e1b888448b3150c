"""What production learned from."""

import pytest

from registry.errors import GateError
from registry.ledger.ledger import Change, Ledger
from registry.package.golden import golden_hashes
from registry.package.package import load_package
from registry.store.client import mlflow_client
from registry.store.production import Traces, learned_from, traces_of
from settings.machine import load_settings


def test_learned_from__training_and_validation(registered, own_workshop):
    """The champion's own samples, none of the test split."""
    version = registered()
    facts = {"actor": "a", "reason": "r", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=None, to=version, **facts))
    rows = own_workshop.dataset.rows("train", "val")
    assert learned_from("photos") == set(rows["hash"])


def test_learned_from__previous_was_deleted(registered, own_workshop):
    """A version before that somebody deleted in MLflow is no way back and is not asked for."""
    registered(), registered()
    facts = {"actor": "a", "reason": "r", "evidence": "", "dataset_version": "d"}
    for expected, to in ((None, 1), (1, 2)):
        Ledger(load_settings().ledger).append(Change("photos", action="promote", expected=expected, to=to, **facts))
    mlflow_client().delete_model_version("photos", "1")
    assert learned_from("photos") == set(own_workshop.dataset.rows("train", "val")["hash"])


def test_learned_from__nothing_in_production(tracked):
    """Without a champion no comparison was made."""
    with pytest.raises(GateError, match="'photos' has no version in production"):
        learned_from("photos")


def test_traces_of__samples(registered, own_workshop):
    """A version that trained or validated on one of the samples is named, and so is one whose package holds it."""
    registered()
    learned = own_workshop.dataset.rows("train", "val")["hash"].iloc[0]
    golden = golden_hashes(load_package(own_workshop.package))[0]
    assert traces_of("photos", {learned, "other"}) == Traces((1,), ())
    assert traces_of("photos", {golden}) == Traces((1,), (1,))
    assert traces_of("photos", {own_workshop.dataset.rows("test")["hash"].iloc[0]}) == Traces((), ())
