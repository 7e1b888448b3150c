"""A fit that is stopped goes on where it was and ends with bit-identical weights, whatever the recipe."""

import json
import signal

import pytest

from lightning_modules.fitting.fit import fit
from lightning_modules.inputs.augmentation import AugmentationConfig

STAGES = 8  # of the backbone
FLIPS = {"augmentation": AugmentationConfig(horizontal_flip=True, rotation="half_turn")}
# Every option that carries state from step to step is in one of them.
RECIPES = {
    "linear_probe": {"epochs": 3, "ema": 0.6, "mixup": 0.4, "dropout": 0.2, "soup": 2},
    "lp_ft": {"ema": 0.6, "mixup": 0.4, "cutmix": 0.5, "drop_path": 0.2, "soup": 2},
    "full": {"epochs": 3, "accumulate": 2, "layer_decay": 0.7, "l2_sp": 0.01, "clip": 1.0},
    "gradual_unfreezing": {"step": 4, "epochs_per_phase": 2, "views": 2, "ema": 0.5, "balance": "sampler"},
    "partial": {"stages": 3, "views": 2, "mixup": 0.4, "batch_norm": "train", "balance": "sampler"},
    "surgical": {"drop_path": 0.1, "balance": "loss", "focal": 1.0},
    "norm_only": {"ema": 0.5, "schedule": "one_cycle"},
    "bitfit": {"soup": 2, "layer_decay": 0.8},
    "lora": {"accumulate": 3, "dropout": 0.1},
    "prototype": {},
}


@pytest.fixture
def same(helpers):
    """Asserts that two fits left the same, to the bit."""

    def same(ours, theirs) -> None:
        found, wanted = helpers.outcome(ours.folder), helpers.outcome(theirs.folder)
        assert [name for name in wanted if found.get(name) != wanted[name]] == []
        assert found.keys() == wanted.keys()

    return same


@pytest.mark.long
@pytest.mark.parametrize("kind", RECIPES)
def test_fit__killed_in_every_phase(small, starter, same, kind):
    """Kill -9 in the first and in the second epoch of every phase: what is left is what an undisturbed fit leaves."""
    whole, killed = (small(name, kind, training=FLIPS, **RECIPES[kind]) for name in ("whole", "killed"))
    fit(whole)
    for phase in whole.training.recipe.phases(STAGES):
        for epoch in (0, 1):
            assert starter(killed, [[phase.name, epoch, 1], signal.SIGKILL]) == -signal.SIGKILL
    # Nothing that was reached is trained again.
    again = ([[phase.name, 0, 0], signal.SIGKILL] for phase in whole.training.recipe.phases(STAGES))
    assert starter(killed, *again) == 0
    same(killed, whole)


@pytest.mark.long
@pytest.mark.parametrize(
    "function", ["lightning_modules.fitting.phases._take_best", "lightning_modules.fitting.outputs.write_outputs"]
)
def test_fit__killed_between_two_files(small, starter, same, function):
    """Kill -9 after a phase's last epoch, and when all phases have ended, trains nothing further."""
    whole, killed = (small(name, "lp_ft", ema=0.5, soup=2) for name in ("whole", "killed"))
    fit(whole)
    assert starter(killed, [function, signal.SIGKILL]) == -signal.SIGKILL
    assert starter(killed, *([["head", epoch, 0], signal.SIGKILL] for epoch in (0, 1))) == 0
    same(killed, whole)


def test_fit__killed_in_the_refit(small, starter, same):
    """Kill -9 in the refit: what was selected is not trained again, and the end is that of an undisturbed fit."""
    whole, killed = (small(name, "linear_probe", refit=32) for name in ("whole", "killed"))
    fit(whole)
    assert starter(killed, ["lightning_modules.fitting.refit.fit_heads", signal.SIGKILL]) == -signal.SIGKILL
    assert starter(killed, *([["head", epoch, 0], signal.SIGKILL] for epoch in (0, 1))) == 0
    same(killed, whole)


@pytest.mark.parametrize(
    ("kind", "place", "kept"),
    [
        ("linear_probe", ["head", 1, 2], True),
        ("linear_probe", ["head", 0, 3], True),
        ("lp_ft", ["all", 1, 0], True),
        ("full", ["all", 1, 1], True),
        ("full", ["all", 1, 2], False),  # half of what is accumulated: the epoch begins anew
        ("partial", ["last 3", 0, 1], True),
    ],
)
def test_fit__stopped_by_sigterm(small, starter, same, kind, place, kept):
    """SIGTERM in a batch keeps what was reached by its end, is one line, and changes nothing of the outcome."""
    whole, stopped = (small(name, kind, training=FLIPS, **RECIPES[kind]) for name in ("whole", "stopped"))
    fit(whole)
    assert starter(stopped, [place, signal.SIGTERM]) == 1
    assert (stopped.folder / "fit.log").read_text().splitlines() == [
        "error: stopped by SIGTERM; what was reached is kept: run it again to go on from there"
    ]
    assert starter(stopped, [place, signal.SIGKILL]) == (0 if kept else -signal.SIGKILL)
    assert kept or starter(stopped) == 0
    same(stopped, whole)


@pytest.mark.parametrize(
    ("kind", "stopped_at", "seen_at", "number"),
    [
        ("lp_ft", ["all", 1, 1], ["all", 1, 0], signal.SIGKILL),
        ("lp_ft", ["all", 1, 1], ["all", 1, 2], signal.SIGTERM),
        ("gradual_unfreezing", ["from 4", 1, 2], ["from 4", 1, 0], signal.SIGKILL),
        ("full", ["all", 1, 1], ["all", 1, 2], signal.SIGTERM),
        ("lora", ["adapters", 1, 0], ["adapters", 1, 0], signal.SIGKILL),
    ],
)
def test_fit__state_right_after_a_resume(small, starter, kind, stopped_at, seen_at, number):
    """The first step of a resumed run starts from the state that the undisturbed run had at that step."""
    whole, stopped = (small(name, kind, training=FLIPS, **RECIPES[kind]) for name in ("whole", "stopped"))
    states = [config.folder / "state.json" for config in (whole, stopped)]
    assert starter(whole, [seen_at, str(states[0])]) == 0
    assert starter(stopped, [stopped_at, int(number)]) != 0
    # The first step that the resumed run makes: nothing but that is looked at.
    starter(stopped, [seen_at, str(states[1])], [seen_at, signal.SIGKILL])
    wanted, found = (json.loads(path.read_text()) for path in states)
    assert {part for part in wanted if found[part] != wanted[part]} == set()
