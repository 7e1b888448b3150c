"""A sweep says how far it is and how long the rest may take."""

import tasks.making.sweep as module
from evaluation.selection.sweep import TrialScore
from tasks.making.sweep import Place, Trial, Wish, fit_all, plan_trials, time_left


def test_time_left__by_recipe():
    """Fits of the same recipe tell best; a recipe that was not fitted yet is taken as the mean of the others."""
    took = (("probe", 2.0), ("full", 40.0), ("probe", 4.0))
    assert time_left(took, ("probe", "full")) == 43.0
    assert time_left(took[:1], ("full", "full")) == 4.0
    assert time_left((), ("full",)) is None


def test_place__text():
    """Which fit of how many, and what is left in words that need no sum."""
    assert str(Place(1, 6, None)) == "fit 1 of 6"
    assert str(Place(3, 6, 200.0)) == "fit 3 of 6, about 3 min left"
    assert str(Place(6, 6, 20.0)) == "fit 6 of 6, about 20 s left"
    assert str(Place(2, 6, 9000.0)) == "fit 2 of 6, about 2.5 h left"


def test_plan_trials__no_refit(plan):
    """The validation split compares the fits, so that none of them learns from it."""
    trials = plan_trials.fn(plan.domain, Wish(("linear_probe", "full"), 1, scratch=True))
    assert plan.domain.training.recipe.refit > 0
    assert [getattr(trial.training.recipe, "refit", 0) for trial in trials] == [0, 0, 0]


def test_fit_all__says_how_far_it_is(plan, monkeypatch, caplog):
    """One line a fit, in their order; the first knows of no time yet; all scores go on."""
    monkeypatch.setattr(
        module, "fit_trial", lambda _, attempt: TrialScore(attempt.trial.recipe, 0, 0.5, 1.0, 0.9, None)
    )
    trials = [Trial(recipe, plan.domain.training) for recipe in ("linear_probe", "full")]
    with caplog.at_level("INFO"):
        found = fit_all(plan, trials, "run")
    assert [score.recipe for score in found.scores] == ["linear_probe", "full"]
    first, second = (one.getMessage() for one in caplog.records if one.name == "tasks.making.sweep")
    assert first == "linear_probe · seed 3 · fit 1 of 2"
    assert second.startswith("full · seed 3 · fit 2 of 2, about 0 s left")
