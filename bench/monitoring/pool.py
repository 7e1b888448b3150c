"""Real shifts whose labels are known, for the estimates without labels: what one probe says before and after each.

Three models, each a logistic probe on frozen features with a temperature of its own: ELPV (monocrystalline cells by
modules, 96 px), Fashion-MNIST (3,000 images, 64 px) and scikit-learn's digits (600, 32 px). Of each what it says of
known samples (validation ones; of ELPV those that it learned from, by probes of folds that had not seen the module), of
test samples, of these under every corruption at five severities, and of polycrystalline cells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.training.growth import CLASSES as GARMENTS
from data.stores.atomic import atomic_path
from data.stores.dataset import Dataset
from evaluation.predictions.grouped import Floats
from evaluation.stress.config import CORRUPTIONS, CorruptionName

SEVERITIES = (1, 2, 3, 4, 5)
MOST = 1_000  # samples that are corrupted
FOLDS = 5
KNOWN, TEST = "known", "test"
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answered:
    """What a model says of samples: probabilities [N, K], embeddings [N, D], truth [N], group of each [N]."""

    probabilities: Floats
    embeddings: Floats
    truth: Integers
    groups: Integers

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Which answers are right [N]."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.truth)

    def take(self, rows: Integers) -> "Answered":
        """The samples at these places."""
        return Answered(self.probabilities[rows], self.embeddings[rows], self.truth[rows], self.groups[rows])


Pool = dict[str, Answered]


@dataclass(frozen=True, eq=False)
class _Images:
    """Parts of a data set: `train`, `known` (none: cross-fitted), `test` and others."""

    dataset: Dataset
    parts: dict[str, pd.DataFrame]
    corruptions: tuple[CorruptionName, ...]


def load_answers(root: Path, name: str, images: Path, only: str = "") -> Pool:
    """Reads a pool, or `only` one of its parts; makes it first, below `root`, where there is none."""
    path = root / f"answers-{name}.npz"
    if not path.exists():
        made = dict(_answered(root, SOURCES[name](root, images)))
        with atomic_path(path) as partial, partial.open("wb") as file:
            arrays: dict[str, Any] = dict(_columns(made))
            np.savez_compressed(file, **arrays)
    with np.load(path) as stored:
        parts = [only] if only else list(dict.fromkeys(key.split("|")[0] for key in stored.files))
        fields = ("probabilities", "embeddings", "truth", "groups")
        read = {part: [stored[f"{part}|{key}"] for key in fields] for part in parts}
    return {part: Answered(p.astype(np.float64), e.astype(np.float64), t, g) for part, (p, e, t, g) in read.items()}


def _columns(pool: Pool) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """The arrays of a pool as they are stored."""
    for part, one in pool.items():
        for key, value in vars(one).items():
            yield f"{part}|{key}", value.astype(np.float32) if value.dtype == np.float64 else value


def _answered(root: Path, images: _Images) -> Iterator[tuple[str, Answered]]:
    from evaluation.inference.calibration import fit_temperature, tempered
    from evaluation.stress.corruptions import corrupt

    features, dataset = features_of(root, images.dataset), images.dataset
    seen = {part: features(dataset.samples(rows)) for part, rows in images.parts.items()}
    truth = {part: dataset.labels(rows) for part, rows in images.parts.items()}
    groups = {part: pd.factorize(rows["group"])[0].astype(np.int64) for part, rows in images.parts.items()}
    classes, known = len(dataset.classes), KNOWN if KNOWN in seen else "train"
    probe = probe_of(seen["train"], truth["train"], classes)
    raw = probe(seen[KNOWN]) if known == KNOWN else _out_of_fold(seen[known], truth[known], groups[known], classes)
    temperature = fit_temperature(raw, truth[known], np.ones(len(raw)))
    yield KNOWN, Answered(tempered(raw, temperature), seen[known], truth[known], groups[known])

    def answered(part: str, embeddings: Floats) -> Answered:
        """What the probe says."""
        count = len(embeddings)
        return Answered(tempered(probe(embeddings), temperature), embeddings, truth[part][:count], groups[part][:count])

    for part in images.parts.keys() - {KNOWN, "train"}:
        yield part, answered(part, seen[part])
    pixels = dataset.samples(images.parts[TEST])[:MOST]
    for corruption in images.corruptions:
        for severity in SEVERITIES:
            changed = features(corrupt(pixels, corruption, severity, seed=severity))
            yield f"{corruption} {severity}", answered(TEST, changed)


def _out_of_fold(seen: Floats, truth: Integers, groups: Integers, classes: int) -> Floats:
    """Probabilities [N, K] by probes that had not seen the group."""
    from sklearn.model_selection import GroupKFold

    found = np.empty((len(seen), classes))
    for train, other in GroupKFold(FOLDS).split(seen, truth, groups):
        found[other] = probe_of(seen[train], truth[train], classes)(seen[other])
    return found


def features_of(root: Path, dataset: Dataset) -> Callable[[Any], Floats]:
    """The frozen backbone's features of pixels."""
    from bench.training.fits import BACKBONE
    from lightning_modules.hub.backbones import load_pretrained
    from lightning_modules.network.network import FrozenStages
    from lightning_modules.network.onnx import export_onnx, open_session, run_session
    from settings.machine import load_settings

    pretrained = load_pretrained(root, BACKBONE)
    path = root / f"frozen-{dataset.spec.shape[0]}.onnx"
    if not path.exists():
        export_onnx(
            FrozenStages(pretrained, pretrained.transform(dataset.spec), None), dataset.spec, path, ("activation",)
        )
    session = open_session(path, load_settings().cores)
    return lambda pixels: run_session(session, pixels)[0].astype(np.float64)


def probe_of(known: Floats, labels: Integers, classes: int) -> Callable[[Floats], Floats]:
    """A logistic probe of features [N, D]; what it gives says probabilities [N, K], 0 of a class without a label."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(known, labels)

    def said(features: Floats) -> Floats:
        """Probabilities [N, K]."""
        found = np.zeros((len(features), classes))
        found[:, probe.classes_] = probe.predict_proba(features)
        return found

    return said


def _elpv(root: Path, images: Path) -> _Images:
    from bench.training.elpv import elpv_dataset

    dataset = elpv_dataset(root, "groups", 0, 96)
    cells = dataset.manifest
    mono = (cells["type"] == "mono").to_numpy()
    modules = np.random.default_rng(0).permutation(cells.loc[mono, "group"].unique())
    cut = 10  # of 18: fewer would be too few for an estimate
    parts = {
        name: cells[mono & cells["group"].isin(own)] for name, own in (("train", modules[:cut]), (TEST, modules[cut:]))
    }
    parts["polycrystalline"] = cells[~mono]
    return _Images(dataset, parts, ("noise", "blur", "brightness", "contrast", "occlusion"))


def _fashion(root: Path, images: Path) -> _Images:
    from bench.training.fashion import fashion_dataset

    dataset = fashion_dataset(root / "fashion-64", images, 64)
    train, test = dataset.rows("train"), dataset.rows("test")
    parts = {"train": train.iloc[:3_000], KNOWN: train.iloc[3_000:4_000], TEST: test}
    return _Images(dataset, parts, CORRUPTIONS)


def _digits(root: Path, images: Path) -> _Images:
    from sklearn.datasets import load_digits

    from data.specs.image import ImageSpec
    from data.stores.atomic import write_text
    from data.stores.manifest import LABEL
    from data.stores.shards import append_rows
    from data.targets.classification import ClassificationTask

    folder = root / "digits-32"
    if not (folder / "manifest.parquet").exists():
        from PIL import Image

        data, spec = load_digits(), ImageSpec(mode="L", size=32, crop=1.0)
        grey = [(levels * 255 / 16).round().astype(np.uint8) for levels in data.images]
        large = (
            np.asarray(Image.fromarray(one).resize((32, 32), Image.Resampling.BICUBIC))[:, :, None] for one in grey
        )
        list(append_rows(folder, 0, large, spec))
        write_text(folder / "transform.json", spec.model_dump_json())
        names = [f"digit-{number}" for number in range(len(grey))]
        order = np.random.default_rng(0).permutation(len(grey))
        split = np.array(["train"] * 600 + ["val"] * 400 + ["test"] * (len(grey) - 1000))[np.argsort(order)]
        pd.DataFrame({
            "hash": names, "group": names, "weight": 1.0, "position": np.arange(len(grey)), "split": split,
            f"{LABEL}digit": data.target.astype(str),
        }).to_parquet(folder / "manifest.parquet")  # fmt: skip
    dataset = Dataset(folder, {"digit": ClassificationTask(classes=GARMENTS)})
    parts = {"train": dataset.rows("train"), KNOWN: dataset.rows("val"), TEST: dataset.rows("test")}
    return _Images(dataset, parts, CORRUPTIONS)


SOURCES: dict[str, Callable[[Path, Path], _Images]] = {"elpv": _elpv, "fashion": _fashion, "digits": _digits}
