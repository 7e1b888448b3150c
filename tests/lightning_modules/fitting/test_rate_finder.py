"""The learning-rate finder names a rate once, and leaves no trace in what is trained with it."""

import json
import signal

import pytest
from torch.optim.optimizer import register_optimizer_step_post_hook

from lightning_modules.errors import RecipeError
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.rate_finder import HIGHEST, LOWEST
from settings.machine import TrainerSettings


def found(folder, phase) -> float:
    """The rate that a phase was trained with."""
    return json.loads((folder / f"phase-{phase}" / "result.json").read_text())["learning_rate"]


@pytest.mark.parametrize(("kind", "phase"), [("linear_probe", 0), ("partial", 1)])
def test_find_rate__as_if_it_were_named(small, helpers, kind, phase):
    """Training with the rate that was found gives what training gives where that rate is named."""
    searched = fit(small("searched", kind, learning_rate="find")).parent
    rate = found(searched, phase)
    assert LOWEST < rate < HIGHEST
    assert json.loads((searched / f"phase-{phase}" / "rate.json").read_text()) == rate
    named = fit(small("named", kind, learning_rate=rate)).parent
    assert helpers.outcome(searched) == helpers.outcome(named)


def test_find_rate__layer_decay(small):
    """While rates are tried, each stage moves by its own share of them."""
    before, moved = {}, {}

    def note(optimizer, *_):
        """Keeps the longest step by share of the rate."""
        for group in optimizer.param_groups:
            share, first = group["share"], group["params"][0]
            now = first.detach().clone()
            step = float((now - before.get(first, now)).abs().max())
            before[first], moved[share] = now, max(step, moved.get(share, 0))

    hook = register_optimizer_step_post_hook(note)
    fit(small("fit", "norm_only", learning_rate="find", probe_epochs=1, epochs=1, layer_decay=0.1, weight_decay=0.0))
    hook.remove()
    assert moved[1.0] > 1e-4
    assert all(moved[share] < 3 * share * moved[1.0] + 1e-6 for share in moved)


def test_find_rate__kept_for_a_resumed_run(small, starter):
    """A run that was killed goes on with the rate that it had, and does not look for another."""
    config = small("fit", "linear_probe", learning_rate="find")
    kept = config.folder / "phase-0" / "rate.json"
    assert starter(config, [["head", 1, 1], signal.SIGKILL]) == -signal.SIGKILL
    kept.write_text("0.0123")
    assert starter(config) == 0
    assert found(config.folder, 0) == 0.0123


def test_find_rate__of_several_processes(small):
    """Where several processes train, a rate has to be named."""
    from lightning_modules.fitting.rate_finder import find_rate

    config = small("fit", "linear_probe").model_copy(update={"trainer": TrainerSettings(devices=2)})
    with pytest.raises(RecipeError, match="`find` works on one device; find it there and name the number"):
        find_rate(config, config.folder / "rate.json", lambda: None, None)
