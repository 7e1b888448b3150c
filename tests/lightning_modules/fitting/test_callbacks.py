"""Epochs of all phases in one row, in the progress file; a run that goes on repeats the later ones."""

import json

from lightning_modules.fitting.callbacks import read_history, write_history
from lightning_modules.fitting.fit import fit


def test_read_history__before_the_first_epoch(tmp_path):
    """Without a file there is no history."""
    assert read_history(tmp_path / "progress.json") == []


def test_write_history__what_a_flow_reads(tmp_path):
    """The file says how far the fit is, and of how many epochs."""
    history = [{"epoch": 1, "val_loss": 0.5}, {"epoch": 2, "val_loss": 0.4}]
    write_history(tmp_path / "progress.json", 5, history)
    assert json.loads((tmp_path / "progress.json").read_text()) == {"epoch": 2, "epochs": 5, "history": history}
    assert read_history(tmp_path / "progress.json") == history


def test_progress_file__all_phases(small):
    """Epochs are numbered through the phases; an early stop makes the whole shorter."""
    folder = fit(small("fit", "bitfit", probe_epochs=9, patience=1, probe_learning_rate=50.0, epochs=1)).parent
    told = json.loads((folder / "progress.json").read_text())
    assert [entry["epoch"] for entry in told["history"]] == list(range(1, told["epoch"] + 1))
    assert told["epoch"] == told["epochs"] < 10
    assert [entry["phase"] for entry in told["history"]] == [0] * (told["epoch"] - 1) + [1]
    assert all(entry["seconds"] > 0 and entry["images_per_second"] > 0 for entry in told["history"])
    assert all(0 < entry["images_per_second"] * entry["seconds"] / 16 < 1.1 for entry in told["history"])
