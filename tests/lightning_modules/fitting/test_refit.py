"""The head once more, on training and validation samples: what it learned from, and what is said of samples."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from data.stores.manifest import LABEL, read_table, write_table
from evaluation.inference.calibration import fit_temperature, tempered
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.launch import read_outputs
from registry.package.packing import pack_fit


def refitted(folder) -> int:
    """How many samples a fit says that it was refitted on."""
    return int(json.loads((folder / "result.json").read_text())["refitted"])


def head(folder, name: str):
    """A tensor of the head that a fit left."""
    return load_file(folder / "weights.safetensors")[f"heads.task_label.{name}"]


@pytest.fixture
def answers(own_workshop, fit_config):
    """Fits the workshop's data with changed manifest columns and a refit; returns what was said of the samples."""

    def run(name: str, **columns):
        path = own_workshop.dataset.folder / "manifest.parquet"
        before = read_table(path)
        write_table(path, before.assign(**columns))
        config = fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / name, epochs=1, refit=64)
        folder = fit(config).parent
        write_table(path, before)
        assert refitted(folder) == 64
        return read_outputs(folder).answers["label"]

    return run


def test_refit__learns_from_all(small, nursery):
    """Mean and weights of the head are those of training and validation samples together; selection is as it was."""
    once, again = (fit(small(name, "linear_probe", refit=most)).parent for name, most in (("once", 0), ("again", 32)))
    embeddings = read_outputs(again).embeddings
    train = (nursery.dataset.rows("train", "val")["split"] == "train").to_numpy()
    assert (refitted(once), refitted(again)) == (0, len(embeddings)) == (0, 32)
    assert np.allclose(head(once, "mean"), embeddings[train].mean(0), atol=1e-5)
    assert np.allclose(head(again, "mean"), embeddings.mean(0), atol=1e-5)
    assert not np.array_equal(head(once, "linear.weight"), head(again, "linear.weight"))
    phases = [load_file(folder / "phase-0" / "weights.safetensors") for folder in (once, again)]
    assert all(np.array_equal(phases[0][name], phases[1][name]) for name in phases[0])


def test_refit__prototypes_of_all(small, nursery):
    """The class means are those of all samples, the scale stays what the validation split has chosen."""
    once, again = (fit(small(name, "prototype", refit=most)).parent for name, most in (("once", 0), ("again", 32)))
    rows, embeddings = nursery.dataset.rows("train", "val"), read_outputs(again).embeddings
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) * rows["weight"].to_numpy()[:, None]
    means = np.stack([units[nursery.dataset.labels(rows) == label].sum(0) for label in (0, 1)])
    assert np.allclose(head(again, "prototypes"), means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-5)
    assert np.array_equal(head(once, "scale"), head(again, "scale"))


def test_refit__nothing_is_learned_from_what_it_is_asked_about(answers, own_workshop):
    """A sample that counts a hundred times moves the answers to others, but not to itself, nor to its group."""
    table = own_workshop.dataset.manifest
    groups = table["group"].mask(table["group"] == "group-2", "group-3")  # two of each class, in validation
    heavy = np.where(table.index == table.index[table["group"] == "group-3"][0], 100.0, table["weight"])
    plain, moved = answers("plain", group=groups), answers("moved", group=groups, weight=heavy)
    same = (plain == moved).all(axis=1)
    inside = (groups[table["split"] != "test"] == "group-3").to_numpy()
    assert inside.sum() == 4
    assert same[inside].all()
    assert not same[~inside].all()


def test_refit__calibrated_on_what_was_not_learned(small, nursery):
    """The temperature fits the cross-fitted answers of all samples; the reference holds them, the package its own."""
    config = small("fit", "linear_probe", refit=32, learning_rate=0.01, epochs=4)
    outputs = read_outputs(fit(config).parent)
    rows = nursery.dataset.rows("train", "val")
    package = pack_fit(config.folder, nursery.dataset, config.pretrained)
    said, weights = outputs.answers["label"].astype(np.float64), rows["weight"].to_numpy(np.float64)
    wanted = fit_temperature(said, nursery.dataset.labels(rows), weights)
    assert outputs.held_out
    assert package.temperatures["label"] == pytest.approx(wanted) != pytest.approx(1.0)
    assert np.allclose(np.stack(package.reference["probabilities"]), tempered(said, wanted), atol=1e-6)
    assert not np.allclose(
        package.predict(nursery.dataset.samples(rows))[0]["label"], tempered(said, wanted), atol=1e-2
    )


@pytest.mark.parametrize("options", [{"refit": 31}, {"refit": 32, "training": {"pretrained": False}}])
def test_refit__not_wanted(small, options):
    """Not of more samples than the recipe says, nor from scratch."""
    folder = fit(small("fit", "linear_probe", **options)).parent
    assert refitted(folder) == 0
    assert not read_outputs(folder).held_out


def test_refit__class_of_one_group(own_workshop, fit_config, caplog):
    """Where all samples of a class share a group, no head can answer for them that has seen others: it stays."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    light = (table[f"{LABEL}label"] == "light") & (table["split"] != "test")
    write_table(path, table.assign(group=table["group"].mask(light, "one")))
    config = fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "one", epochs=1, refit=64)
    folder = fit(config).parent
    assert refitted(folder) == 0
    assert "no refit: a class of the training and validation samples has too few groups" in caplog.text
