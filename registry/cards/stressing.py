"""Stress tests of a package: how it takes disturbed images, attacks, and what its decisions rest on."""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.specs.spec import Array
from data.stores.dataset import Dataset
from evaluation.predictions.metrics import MetricName
from evaluation.predictions.predictions import Predictions
from evaluation.report.figures import worst_errors
from evaluation.stress.config import StressConfig
from evaluation.stress.figures import corruption_strip_figure, robustness_figure, saliency_figure
from evaluation.stress.robustness import Disturbed, Robustness, choose_samples, corrupted, judge_robustness
from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.package.judging import judged_test
from registry.package.package import Package
from registry.package.restoring import restore_network

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lightning_modules.network.network import Network

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Embeddings = npt.NDArray[np.floating]
HUNDREDTHS = 100  # MLflow counts whole steps, budgets are fractions of a grey level


@dataclasses.dataclass(frozen=True, eq=False)
class Stress:
    """What the stress tests found; a part that the domain does not ask for is None.

    Attributes:
        corruptions: the shipped package under the corruptions, by severity.
        attacks: its network under FGSM and PGD, by budget in steps of 1/255.
        figures: what people look at, by name.
        shifted: what the package said of each corruption's images, and of the same untouched.
    """

    corruptions: Robustness | None
    attacks: Robustness | None
    figures: dict[str, "Figure"]
    shifted: "tuple[Shifted, ...]" = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Shifted:
    """What a package said of images under a corruption, and of the same as they are.

    Attributes:
        kind: the corruption.
        plain: what it said of the images as they are.
        plain_embeddings: their embeddings [N, D].
        probabilities: what it said of the corrupted ones [N, K].
        embeddings: their embeddings [N, D].
    """

    kind: str
    plain: Predictions
    plain_embeddings: Embeddings
    probabilities: Embeddings
    embeddings: Embeddings


@dataclasses.dataclass(frozen=True)
class StressTest:
    """A package, and what it said of the clean test split of a data set; `root` is the project's."""

    root: Path
    package: Package
    dataset: Dataset
    clean: Predictions
    config: StressConfig
    gate: GateConfig
    report: Progress

    def run(self) -> Stress:
        """Runs every part that the domain asks for.

        Raises:
            GateError: the predictions are not about the test split.
            BackboneError: the project's hub does not know the package's backbone.
            PackageError: the package's weights are those of another network.
        """
        if self.clean.hashes != list(self._rows["hash"]):
            raise GateError("the predictions are of another test split than the data set's; evaluate the version again")
        if self._foreign:
            log.info("no stress test: the package's pixels or classes are others than those of the data")
        if not self.dataset.spec.pixels or self._foreign:  # corruptions, attacks and heat maps are of pixels
            return Stress(None, None, {})
        shifted: list[Shifted] = []
        corruptions = self._corruptions(shifted) if self.config.corruptions else None
        attacks = self._attacks() if self.config.budgets else None
        figures = self._curves(corruptions, attacks)
        if corruptions:
            figures["corrupted_sample"] = self._strip()
        if self.config.explained_samples:
            figures["saliency"] = self._saliency()
        return Stress(corruptions, attacks, figures, tuple(shifted))

    @cached_property
    def _network(self) -> "Network":
        return restore_network(self.root, self.package)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return self.dataset.manifest[judged_test(self.package, self.dataset)].reset_index(drop=True)

    @property
    def _foreign(self) -> bool:
        """Whether the package is of an earlier kind of the domain, whose pixels or classes were others."""
        return self.package.transform.spec != self.dataset.spec or self.package.classes != self.clean.classes

    def _sample(self, count: int) -> tuple[Predictions, Array]:
        rows = choose_samples(self.clean, count, seed=self.config.seed)
        return self.clean.take(rows), self.dataset.samples(self._rows.iloc[rows])

    def _corruptions(self, shifted: list[Shifted]) -> Robustness:
        """Judges the corruptions; what was said under each is added to `shifted`."""
        options, (clean, images) = self.config, self._sample(self.config.samples)
        embedded: list[Embeddings] = []

        def predict(part: Array) -> Embeddings:
            """The decisive answer; the embeddings are kept aside."""
            answers, embeddings = self.package.predict(part)
            embedded.append(embeddings)
            return answers[self.package.headline]

        def kept() -> Iterator[Disturbed]:
            """The conditions as they come, each noted whole."""
            plain = self.package.predict(images)[1]
            for kind, severity, said in corrupted(
                images, predict, corruptions=options.corruptions, severities=options.severities, seed=options.seed
            ):
                shifted.append(Shifted(kind, clean, plain, said, np.concatenate(embedded)))
                embedded.clear()
                yield kind, severity, said

        return self._judged(clean, kept(), self.gate.metric, 0)

    def _attacks(self) -> Robustness:
        from lightning_modules.insight.attacks import attacked, probabilities  # brings torch

        options, (sample, images) = self.config, self._sample(self.config.attacked_samples)
        said = probabilities(self._network, images).astype(np.float64)
        conditions = attacked(
            self._network, images, sample.truth, budgets=options.budgets, steps=options.pgd_steps, seed=options.seed
        )
        done = len(options.corruptions) * len(options.severities)
        # Of the right decisions alone: a ranking metric would compare attacked samples with those left alone.
        return self._judged(dataclasses.replace(sample, probabilities=said), conditions, "accuracy", done)

    def _judged(self, clean: Predictions, found: Iterable[Disturbed], metric: MetricName, done: int) -> Robustness:
        return judge_robustness(clean, self._told(found, done), metric, self.gate.resampling)

    def _told(self, conditions: Iterable[Disturbed], done: int) -> Iterator[Disturbed]:
        """The conditions as they come, each reported; `done` were there before."""
        options = self.config
        total = len(options.corruptions) * len(options.severities) + 2 * len(options.budgets)
        for number, condition in enumerate(conditions, start=done + 1):
            self.report(number, total)
            yield condition

    def _strip(self) -> "Figure":
        options, (_, images) = self.config, self._sample(1)
        return corruption_strip_figure(
            images[0], corruptions=options.corruptions, severities=options.severities, seed=options.seed
        )

    def _saliency(self) -> "Figure":
        from lightning_modules.insight.saliency import explain  # brings torch

        count = self.config.explained_samples
        worst = worst_errors(self.clean, count)
        rows = np.concatenate([worst, choose_samples(self.clean, count, seed=self.config.seed)])
        images = self.dataset.samples(self._rows.iloc[rows])
        method, heat = explain(self._network, images)
        return saliency_figure(images, heat, self.clean.take(rows), errors=len(worst), method=method)

    @staticmethod
    def _curves(corruptions: Robustness | None, attacks: Robustness | None) -> dict[str, "Figure"]:
        parts = {
            "corruptions": (corruptions, "Corrupted images", "severity (0: clean)"),
            "attacks": (attacks, "Attacked images, weights known", "largest change of a pixel, 1/255 (0: clean)"),
        }
        return {
            name: robustness_figure(found, title=title, strength=strength)
            for name, (found, title, strength) in parts.items()
            if found
        }


def stress_curves(found: Stress) -> dict[str, dict[int, float]]:
    """Curves for MLflow: severity is the step of a corruption, hundredths of 1/255 that of an attack."""
    curves: dict[str, dict[int, float]] = {}
    for name, part, scale in (("corrupted", found.corruptions, 1), ("attacked", found.attacks, HUNDREDTHS)):
        rows = [] if part is None else part.table.to_dict("records")
        for row in rows:
            curve = curves.setdefault(f"{name}_{row['measure']}/{row['disturbance']}", {})
            curve[round(row["strength"] * scale)] = row["value"]
    return curves


def stress_means(found: Stress) -> dict[str, float]:
    """One number a measure for MLflow, by which runs can be compared: the mean over all that was done to the images."""
    parts = {"corrupted": found.corruptions, "attacked": found.attacks}
    return {
        f"{name}_{measure}/mean": value
        for name, part in parts.items()
        if part is not None
        for measure, value in part.means().items()
    }
