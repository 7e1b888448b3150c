"""What follows from a domain and a version of its data."""

from dataclasses import replace

from tasks.plan import Prepared


def test_counts__samples_of_each_split(plan):
    """As many as the manifest has."""
    assert plan.counts == {"train": 32, "val": 32, "test": 16}


def test_fit_folder__is_the_fits_alone(plan):
    """The same plan finds its fit again below the domain's; other data or another training have another folder."""
    assert plan.fit_folder.parent == plan.settings.home / "fits" / "photos"
    assert replace(plan).fit_folder == plan.fit_folder
    data = replace(plan, prepared=Prepared(plan.prepared.folder, "other"))
    seed = plan.trained_with(plan.domain.training.model_copy(update={"seed": 4}))
    assert len({plan.fit_folder, data.fit_folder, seed.fit_folder}) == 3


def test_trained_with__only_the_training(plan):
    """What was found for the first plan is found anew, and everything but the training is as it was."""
    first = plan.lineage
    training = plan.domain.training.model_copy(update={"seed": 4})
    other = plan.trained_with(training)
    assert (other.domain.training, other.prepared, other.domain.gate) == (training, plan.prepared, plan.domain.gate)
    assert other.lineage != first == plan.lineage
