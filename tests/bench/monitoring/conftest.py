"""What the benches of the monitoring share: a small pool of answers."""

import numpy as np
import pytest

from bench.monitoring.pool import Pool, load_answers


@pytest.fixture
def answered(tmp_path, monkeypatch) -> Pool:
    """A pool of a known part, a test part, a corruption at two severities, and another kind, of 12 groups each."""
    random, arrays = np.random.default_rng(0), {}
    for number, name in enumerate(("known", "test", "noise 1", "noise 2", "blur 1", "other")):
        truth = random.integers(2, size=240)
        score = np.clip(0.5 + (2 * truth - 1) * 0.3 + random.normal(size=240) * (0.2 + 0.05 * number), 0.01, 0.99)
        embeddings = random.normal(size=(240, 4)) + 0.2 * number
        parts = (np.stack([1 - score, score], 1), embeddings, truth, np.arange(240) // 10)
        fields = ("probabilities", "embeddings", "truth", "groups")
        arrays |= {f"{name}|{field}": part for field, part in zip(fields, parts, strict=True)}
    for data in ("elpv", "fashion"):
        np.savez(tmp_path / f"answers-{data}.npz", **arrays)
    monkeypatch.setenv("REGRAFT_ROOT", str(tmp_path))
    return load_answers(tmp_path, "elpv", tmp_path)
