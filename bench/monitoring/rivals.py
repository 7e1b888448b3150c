"""How others decide whether a window has drifted, each on the same rows: a score, and whether it alarms."""

from collections.abc import Callable

import numpy as np

from monitoring.arrays import Array
from monitoring.signals.two_sample import squared_mmd, tail

PERMUTATIONS = 100
AUC_LIMIT = 0.55  # Evidently's own default


def permuted_mmd(kernel: Array, reference: int, seed: int) -> float:
    """The p-value of the discrepancy of the rows after `reference`, by permutations of single rows.

    As alibi-detect's MMDDrift does it: Gaussian kernel at the median distance, 100 permutations.
    """
    mine, others = tail(reference, len(kernel) - reference)
    random = np.random.default_rng(seed)
    drawn = np.stack([random.permutation(mine[0]) for _ in range(PERMUTATIONS)])
    observed = squared_mmd(kernel, mine, others)[0]
    return float((squared_mmd(kernel, drawn, ~drawn) >= observed).mean())


def plain_bbsd(known: Array, seen: Array) -> float:
    """The p-value of the class that shows most by Kolmogorov and Smirnov, times the number of classes.

    Rabanser et al., "Failing Loudly", NeurIPS 2019.
    """
    from scipy.stats import ks_2samp

    columns = range(known.shape[1]) if known.shape[1] > 2 else [1]
    found = [float(ks_2samp(known[:, one], seen[:, one], method="asymp").pvalue) for one in columns]
    return min(found) * len(columns)


def evidently_embedding() -> Callable[[Array, Array], float]:
    """Evidently's embedding drift as it comes: the AUC of a classifier that tells the two sides apart."""
    import pandas as pd
    from evidently.legacy.metrics.data_drift.embedding_drift_methods import model

    method = model()

    def score(known: Array, seen: Array) -> float:
        """Above 0.55 it says drift."""
        return float(method(pd.DataFrame(seen), pd.DataFrame(known))[0])

    return score
