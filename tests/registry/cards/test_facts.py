"""What cards say of a version's origin."""

from registry.cards.facts import split_sizes


def test_split_sizes__of_the_manifest(workshop):
    """Samples of each split, by name."""
    assert split_sizes(workshop.dataset) == {"test": 16, "train": 32, "val": 32}
