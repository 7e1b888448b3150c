"""A phase: which stages learn, and whether it is the head alone."""

from lightning_modules.recipes.phase import Phase, head_phase


def test_head_phase__no_stage_learns():
    """The head's phase begins where the backbone ends."""
    phase = head_phase(6, 3, "find")
    assert (phase.first, phase.last, phase.head_alone) == (6, 6, True)
    assert (phase.epochs, phase.learning_rate, phase.learns) == (3, "find", "weights")


def test_head_alone__one_stage_is_enough():
    """A phase in which a stage learns is none of the head alone."""
    assert not Phase("last", 1, 0.1, 5, 6).head_alone
