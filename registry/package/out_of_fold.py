"""Out-of-fold answers: what is said of all samples of a data set by heads that learned nothing from them.

Where the head of a package was refitted, its reference holds what heads like it said of the samples that it learned
from, each fitted in the same way on other groups: grouped cross-validation. To all others the package itself answers.
"""

import numpy as np

from data.stores.dataset import Dataset
from data.targets.task import output_names
from evaluation.inference.config import EvaluationConfig
from evaluation.predictions.predictions import Predictions
from registry.package.judging import Decode, regrouped, samples_for, told
from registry.package.package import Package


def why_not(package: Package, dataset: Dataset) -> str | None:
    """Why a package has no out-of-fold answers to a data set; none where it has."""
    if not package.cross_fitted:
        return "its head was not refitted with cross-fitting (another recipe, or more samples than recipe.refit)"
    if regrouped(package.reference, dataset.manifest):
        return "samples that it learned from are in other groups today, so that its folds do not keep groups whole"
    return None


def predict_out_of_fold(
    package: Package, dataset: Dataset, config: EvaluationConfig, again: Decode | None = None
) -> Predictions:
    """What is said of training, validation and test samples, by the package or by heads of its cross-fitting.

    Samples that it did not learn from, but whose group it knows, are left out; see `why_not` for when to ask.

    Raises:
        EvaluationError, GateError, SourceError: as `predict_test`.
    """
    manifest, had = dataset.manifest, package.reference.set_index("hash")
    learned = manifest["hash"].isin(had.index)
    fresh = ~learned & ~manifest["group"].isin(had["group"])
    said = np.empty((len(manifest), len(package.classes)))
    said[learned] = np.stack(list(had[output_names(package.tasks)[0]].loc[list(manifest.loc[learned, "hash"])]))
    rows = manifest[fresh].reset_index(drop=True)
    if len(rows):
        said[fresh] = package.decisive(samples_for(package, dataset, rows, again))
    judged = learned | fresh
    return told(package, dataset, config, judged, said[judged])
