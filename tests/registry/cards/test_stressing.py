"""Stress tests of a package: what a domain asks for is measured, drawn and told, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.inference.config import EvaluationConfig
from evaluation.stress.config import StressConfig
from evaluation.stress.corruptions import corrupt
from registry.cards.stressing import StressTest, stress_curves, stress_means
from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.package.judging import predict_test
from registry.package.package import load_package

CONFIG = StressConfig(
    corruptions=["contrast", "noise"], severities=[1, 5], samples=8, budgets=[0.5, 2.0], attacked_samples=4,
    pgd_steps=2, explained_samples=2,
)  # fmt: skip
GATE = GateConfig(metric="balanced_accuracy", floor=0.5, resamples=100)


@pytest.fixture(scope="module")
def make(workshop):
    """Makes the stress test of the workshop's package, and a list of what it reports."""
    package, reports = load_package(workshop.package), []
    clean = predict_test(package, workshop.dataset, EvaluationConfig())

    def make(config=CONFIG, clean=clean):
        def report(done, total):
            reports.append((done, total))

        return StressTest(workshop.root, package, workshop.dataset, clean, config, GATE, report)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGRAFT_ROOT", str(workshop.root))
        patch.setenv("REGRAFT_THREADS", "1")
        yield make, reports


@pytest.fixture(scope="module")
def found(make):
    """What the test of everything found."""
    return make[0]().run()


def test_run__measures_all(make, found):
    """Every corruption, severity, attack and budget is in the tables and was reported as it came."""
    assert set(map(tuple, found.corruptions.table[["disturbance", "strength"]].to_numpy())) == {
        (kind, severity) for kind in ("contrast", "noise") for severity in (0, 1, 5)
    }
    assert list(found.corruptions.table["measure"].unique()) == ["accuracy", "balanced_accuracy", "flipped"]
    assert set(map(tuple, found.attacks.table[["disturbance", "strength"]].to_numpy())) == {
        (kind, budget) for kind in ("fgsm", "pgd") for budget in (0, 0.5, 2)
    }
    assert (found.corruptions.samples, found.attacks.samples) == (8, 4)
    assert make[1][:8] == [(done, 8) for done in range(1, 9)]
    assert set(found.figures) == {"corruptions", "attacks", "corrupted_sample", "saliency"}


def test_run__what_was_said_of_each(make, found):
    """Of every corruption and severity the answers and embeddings, beside those of the same images untouched."""
    assert [one.kind for one in found.shifted] == ["contrast", "contrast", "noise", "noise"]
    test = make[0]()
    clean, images = test._sample(CONFIG.samples)
    first = found.shifted[0]
    answers, embeddings = test.package.predict(corrupt(images, "contrast", 1, seed=CONFIG.seed))
    assert np.allclose(first.probabilities, answers["label"])
    assert np.allclose(first.embeddings, embeddings)
    assert np.allclose(first.plain_embeddings, test.package.predict(images)[1])
    assert first.plain.hashes == clean.hashes


def test_run__again(make, found):
    """The same seed finds the same."""
    again = make[0]().run()
    assert again.corruptions.table.equals(found.corruptions.table)
    assert again.attacks.table.equals(found.attacks.table)


def test_run__only_what_is_asked_for(make, monkeypatch):
    """Without attacks and saliency no network is restored, so a hub without the backbone is no fault."""
    config = CONFIG.model_copy(update={"budgets": [], "explained_samples": 0})
    test = make[0](config)
    found = StressTest(Path("/nowhere"), test.package, test.dataset, test.clean, config, GATE, test.report).run()
    assert found.attacks is None
    assert set(found.figures) == {"corruptions", "corrupted_sample"}


def test_run__of_other_samples(make):
    """Predictions about other samples than the test split's are refused."""
    clean = make[0]().clean
    with pytest.raises(GateError, match="another test split.*evaluate the version again"):
        make[0](clean=clean.take(np.arange(3))).run()


def test_stress_curves__steps(found):
    """Severity is the step of a corruption, hundredths of 1/255 that of an attack; clean is not in the mean."""
    curves = stress_curves(found)
    assert set(curves["corrupted_accuracy/noise"]) == {0, 1, 5}
    assert set(curves["attacked_flipped/pgd"]) == {0, 50, 200}
    curve = found.corruptions.table.query("strength > 0 and measure == 'accuracy'")["value"]
    assert stress_means(found)["corrupted_accuracy/mean"] == pytest.approx(curve.mean())
