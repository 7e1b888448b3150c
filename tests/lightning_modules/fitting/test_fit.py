"""Real fits of real features and images: what they learn, what they read, and that they can be made again."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock, Timeout
from safetensors.numpy import load_file

from data.errors import StorageError
from data.stores.manifest import LABEL, read_table, write_table
from lightning_modules.errors import BackboneError, RecipeError
from lightning_modules.fitting.fit import fit


def weights(folder) -> dict[str, np.ndarray]:
    """The weights that a fit left."""
    return load_file(folder / "weights.safetensors")


def same(first, second) -> bool:
    """Whether two fits left identical weights."""
    ours, theirs = weights(first), weights(second)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture
def run(own_workshop, fit_config):
    """Fits the workshop's data set into a folder; keyword arguments are the recipe's."""

    def run(name: str = "again", **recipe):
        output = own_workshop.root / name
        return fit(
            fit_config(own_workshop.root, own_workshop.dataset, output, **{"epochs": 20, "batch_size": 8, **recipe})
        ).parent

    return run


def test_fit__linear_probe_learns(workshop):
    """Dark and light are told apart on the validation split, and the result says how good its best epoch was."""
    with np.load(workshop.fit / "outputs.npz") as outputs:
        rows = workshop.dataset.rows("train", "val")
        right = outputs["answer.label"].argmax(1) == workshop.dataset.labels(rows)
    assert right[(rows["split"] == "val").to_numpy()].mean() > 0.9
    result = json.loads((workshop.fit / "result.json").read_text())
    history = json.loads((workshop.fit / "progress.json").read_text())["history"]
    assert result["epochs"] == len(history) == 20
    assert result["best_val_loss"] == pytest.approx(min(entry["val_loss"] for entry in history), abs=1e-5)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_fit__outputs_are_of_the_training_and_validation_samples(workshop):
    """Each hash has its own cached features beside it, and no test sample is there."""
    rows = workshop.dataset.rows("train", "val")
    with np.load(workshop.fit / "outputs.npz", allow_pickle=False) as outputs:
        assert list(outputs["hashes"]) == list(rows["hash"])
        assert outputs["embeddings"].shape == (len(rows), 1280)
        assert np.allclose(outputs["answer.label"].sum(1), 1, atol=1e-5)


def test_fit__seeded(workshop, run):
    """The same fit again gives identical weights; another seed gives others."""
    assert same(workshop.fit, run())
    assert not same(workshop.fit, run("other", seed=1))


def test_fit__test_split_changes_nothing(own_workshop, workshop, run):
    """With wrong labels and wrong pixels in the test split the weights stay what they were."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    tested = table["split"] == "test"
    swapped = table[f"{LABEL}label"].map({"dark": "light", "light": "dark"})
    write_table(path, table.assign(**{f"{LABEL}label": table[f"{LABEL}label"].where(~tested, swapped)}))
    shard = own_workshop.dataset.folder / "shard-00000.npy"
    pixels = np.load(shard)
    pixels[table.loc[tested, "position"]] = 0
    np.save(shard, pixels)
    assert same(workshop.fit, run())


def test_fit__training_labels_change_the_weights(own_workshop, workshop, run):
    """One training label swapped gives other weights, so the test above means something."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    first = table.index[table["split"] == "train"][0]
    table.loc[first, f"{LABEL}label"] = "light" if table.loc[first, f"{LABEL}label"] == "dark" else "dark"
    write_table(path, table)
    assert not same(workshop.fit, run())


def test_fit__keeps_the_best_epoch(workshop, run):
    """A rate that ruins what was learned does not reach the weights: the best epoch is kept, and training stops."""
    folder = run(epochs=60, learning_rate=50.0, patience=2)
    result = json.loads((folder / "result.json").read_text())
    history = json.loads((folder / "progress.json").read_text())["history"]
    best = min(range(len(history)), key=lambda place: history[place]["val_loss"])
    assert result["epochs"] == len(history) == best + 3 < 60
    rows = workshop.dataset.rows("train", "val")
    held, weight = (rows["split"] == "val").to_numpy(), rows["weight"].to_numpy()
    with np.load(folder / "outputs.npz") as outputs:
        chosen = outputs["answer.label"][np.arange(len(rows)), workshop.dataset.labels(rows)]
    loss = np.average(-np.log(chosen[held]), weights=weight[held])
    assert loss == pytest.approx(result["best_val_loss"], rel=1e-3)
    assert result["best_val_loss"] < history[-1]["val_loss"]


def test_fit__standardises_by_the_training_split(workshop):
    """Mean and deviation of the head are those of the training features alone."""
    rows = workshop.dataset.rows("train", "val")
    with np.load(workshop.fit / "outputs.npz") as outputs:
        train = outputs["embeddings"][(rows["split"] == "train").to_numpy()]
    assert np.allclose(weights(workshop.fit)["heads.task_label.mean"], train.mean(0), atol=1e-5)
    deviation = train.std(0, ddof=1)
    assert np.allclose(
        weights(workshop.fit)["heads.task_label.scale"], deviation.clip(0.1 * deviation.mean()), atol=1e-5
    )


def test_fit__full(workshop, run):
    """All of the network learns from images, and the backbone with it."""
    folder = run(kind="full", epochs=1, batch_size=8)
    before, after = weights(workshop.fit), weights(folder)
    assert before.keys() == after.keys()
    assert not np.array_equal(before["backbone.conv_stem.weight"], after["backbone.conv_stem.weight"])
    with np.load(folder / "outputs.npz") as outputs:
        assert outputs["embeddings"].shape == (len(workshop.dataset.rows("train", "val")), 1280)
    assert json.loads((folder / "result.json").read_text())["epochs"] == 1


def test_fit__linear_probe_leaves_the_backbone(workshop, random_weights):
    """The weights that it ships are the pretrained ones, head aside."""
    import torch

    from lightning_modules.hub.backbones import load_pretrained

    path = load_pretrained(workshop.root, "tf_efficientnet_lite0.imagenet").path
    stem = torch.load(path, weights_only=True)["_conv_stem.weight"]
    assert np.array_equal(weights(workshop.fit)["backbone.conv_stem.weight"], stem)


def test_fit__ended_already(own_workshop, fit_config):
    """A fit with a result is not run again."""
    before = (own_workshop.fit / "weights.safetensors").stat().st_mtime_ns
    fit(fit_config(own_workshop.root, own_workshop.dataset, own_workshop.fit, epochs=20, batch_size=8))
    assert (own_workshop.fit / "weights.safetensors").stat().st_mtime_ns == before


def test_fit__alone_in_its_folder(own_workshop, run, monkeypatch):
    """While a fit runs nobody else can begin one in its folder: a killed flow may have left it running."""
    lock = FileLock(own_workshop.root / "again" / "fit.lock")
    monkeypatch.setattr("lightning_modules.fitting.fit.write_outputs", lambda *_: lock.acquire(timeout=0))
    with pytest.raises(Timeout):
        run(epochs=1)
    lock.acquire(timeout=0)


def test_fit__another_ended_meanwhile(own_workshop, fit_config, monkeypatch):
    """A fit that waited for another takes its result instead of training again."""

    class Waited(FileLock):
        """The other fit writes its result while this one waits."""

        def __enter__(self):
            (own_workshop.root / "other" / "result.json").write_text("theirs")
            return super().__enter__()

    config = fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "other")
    config.folder.mkdir()
    monkeypatch.setattr("lightning_modules.fitting.fit.FileLock", Waited)
    assert fit(config).read_text() == "theirs"


def test_fit__computes_the_features_that_are_missing(own_workshop, workshop, run):
    """Without the features the fit computes them itself, and learns the same from them."""
    shutil.rmtree(own_workshop.root / ".regraft" / "cache" / "features")
    assert same(workshop.fit, run())
    assert list((own_workshop.root / ".regraft" / "cache" / "features").glob("*/chunk-*"))


def test_fit__features_do_not_fit_into_the_budget(own_workshop, run, monkeypatch):
    """Without room for the features nothing can be learned: one line says what is needed and where that is set."""
    shutil.rmtree(own_workshop.root / ".regraft" / "cache" / "features")
    monkeypatch.setenv("REGRAFT_CACHE_GB", "0.0001")
    with pytest.raises(StorageError) as error:
        run()
    wanted = r"64 activations of 5 KiB do not fit into the cache: REGRAFT_CACHE_GB is 0.0001; raise it, or choose .*"
    assert re.fullmatch(wanted, str(error.value))


def test_fit__label_without_a_training_sample(own_workshop, fit_config):
    """A class that nothing can be learned about is named."""
    path = own_workshop.dataset.folder / "manifest.parquet"
    table = read_table(path)
    lost = (table["split"] == "train") & (table[f"{LABEL}label"] == "light")
    write_table(path, table.assign(split=table["split"].mask(lost, "val")))
    dataset = replace(own_workshop.dataset)  # which has not read the manifest yet
    with pytest.raises(RecipeError, match="no training sample has the label 'light'; add some, or take it out of"):
        fit(fit_config(own_workshop.root, dataset, own_workshop.root / "other"))


@pytest.mark.parametrize(("rate", "kept"), [(1e-7, 1), (100.0, 0)])
def test_fit__keeps_the_best_phase(small, helpers, rate, kept):
    """A last phase that ruined what the probe had learned does not reach the weights; one that improved it does."""
    folder = fit(small("fit", "bitfit", learning_rate=rate, epochs=1, probe_learning_rate=0.01)).parent
    results = [json.loads((folder / f"phase-{number}" / "result.json").read_text()) for number in (0, 1)]
    assert kept == (results[1]["val_loss"] < results[0]["val_loss"])
    result = json.loads((folder / "result.json").read_text())
    assert (result["best_phase"], result["best_val_loss"]) == (kept, results[kept]["val_loss"])
    ours, theirs = weights(folder), weights(folder / f"phase-{kept}")
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


KINDS = (
    "linear_probe", "lp_ft", "full", "gradual_unfreezing", "partial", "surgical", "norm_only", "bitfit", "lora",
    "prototype",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["convnext_atto", "vit_tiny_patch16_224"])
def test_fit__every_recipe_on_every_family(small, other_backbones, architecture, kind):
    """Networks with LayerNorm and transformers learn by every recipe, and it is their weights that move."""
    recipe = {"step": 6} if kind == "gradual_unfreezing" else {}
    sizes = {} if kind == "prototype" else {"epochs": 1}
    if kind not in {"prototype", "linear_probe", "full"}:
        sizes["probe_epochs"] = 1
    folder = fit(small("fit", kind, training={"backbone": architecture}, **sizes, **recipe)).parent
    last = sorted(folder.glob("phase-*/weights.safetensors"))[-1:] or [folder / "weights.safetensors"]
    start, found = load_file(other_backbones[architecture]), load_file(last[0])
    start.pop("pos_embed", None)  # is resampled for another size of image
    moved = {name for name in start if not np.array_equal(start[name], found[f"backbone.{name}"])}
    assert bool(moved) == (kind not in {"linear_probe", "prototype"})
    with np.load(folder / "outputs.npz") as outputs:
        assert np.isfinite(outputs["embeddings"]).all()
        assert np.allclose(outputs["answer.label"].sum(1), 1, atol=1e-5)


def test_fit__weights_altered(own_workshop, fit_config, make_card):
    """Weights that are not those of the hub stop the fit."""
    card = make_card({"kind": "file", "file": "altered.pth"}, "0" * 64).model_dump(mode="json")
    (own_workshop.root / "altered.pth").write_bytes(b"altered")
    (own_workshop.root / "backbones.yaml").write_text(json.dumps({"tf_efficientnet_lite0.imagenet": card}))
    with pytest.raises(BackboneError, match="altered.pth has sha256"):
        fit(fit_config(own_workshop.root, own_workshop.dataset, own_workshop.root / "other"))
