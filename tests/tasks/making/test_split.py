"""A fresh test set is drawn once the present one was compared on, from what production has not learned from."""

import numpy as np
import pandas as pd
import pytest

from data.stages.refresh import Refreshed
from data.stores.manifest import LABEL, read_table, validated_folder, write_table
from registry.errors import GateError
from registry.ledger.ledger import Change, Ledger
from registry.ledger.uses import Use, Uses
from tasks.making.split import refresh_split


@pytest.fixture
def grown(plan):
    """The workshop's data with their index, and forty newer samples of which nobody has learned."""
    rows = plan.dataset.manifest
    known = rows[["hash", "group", "split", "position"]].assign(retired=-1)
    new = pd.DataFrame({"hash": [f"new-{number}" for number in range(40)], "split": "train", "position": -1})
    new = new.assign(group=[f"new-group-{number // 4}" for number in range(40)], retired=-1)
    index = pd.concat([known, new], ignore_index=True)
    write_table(plan.prepared.folder / "index.parquet", index)
    labels = [*rows[f"{LABEL}label"], *np.array(["dark", "light"])[np.arange(40) % 2]]
    told = {"source": "source", "split": pd.Series(None, index.index, object), f"{LABEL}label": labels}
    accepted = index[["hash", "group"]].assign(**told)
    write_table(validated_folder(plan.domain.root, "photos") / "accepted.parquet", accepted)
    return plan


@pytest.fixture
def champion(registered, plan):
    """The workshop's package in production; gives back how a comparison with it is counted."""
    facts = {"actor": "me", "reason": "r", "evidence": "", "dataset_version": "d"}
    change = Change("photos", action="promote", expected=None, to=registered(), **facts)
    Ledger(plan.settings.ledger).append(change)

    def use(against: int | None) -> None:
        Uses(plan.settings.ledger).take(Use("photos", 0, plan.dataset.test_set, "auc", 2, against, "me"))

    return use


def splits(plan) -> pd.Series:
    """The split of every hash in the index."""
    return read_table(plan.prepared.folder / "index.parquet").set_index("hash")["split"]


def test_refresh_split__was_compared_on(grown, champion):
    """The old test set trains; only samples that production did not learn from take its place."""
    before = splits(grown)
    champion(1)
    found = refresh_split.fn(grown)
    after = splits(grown)
    assert (found.retired, found.generation) == (16, 1)
    assert set(after[before == "test"]) == {"train"}
    assert found.fresh == (after == "test").sum() > 0
    assert after.index[after == "test"].str.startswith("new-").all()


def test_refresh_split__nothing_was_compared(grown, champion):
    """A test set that a model was only evaluated on stays as it is."""
    before = splits(grown)
    champion(None)
    assert refresh_split.fn(grown) == Refreshed(0, 16, 0)
    assert splits(grown).equals(before)


def test_refresh_split__nothing_in_production(grown):
    """Before the first promotion there is no test set to spare."""
    with pytest.raises(GateError, match="'photos' has no version in production"):
        refresh_split.fn(grown)
