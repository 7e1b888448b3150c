"""The plan of the speed benchmark."""

import pkgutil

from bench.training.speed import COMPARISONS, measuring_rounds, unfinished

NAMES = [chosen.name for chosen in COMPARISONS]


def test_measuring_rounds__sides_take_turns():
    """A round holds every side once with equal parameters, and no two cells share a name."""
    rounds = measuring_rounds(NAMES, [224, 128], 512, 3, 2)
    assert len(rounds) == len(COMPARISONS) * 2 * 3
    assert all(len({str(cell.parameters) for cell in cells}) == 1 < len(cells) for cells in rounds)
    names = [cell.name for cells in rounds for cell in cells]
    assert len(set(names)) == len(names)


def test_measuring_rounds__functions_take_the_parameters():
    """Every side names a function that there is, with the parameters that it is given."""
    for cells in measuring_rounds(NAMES, [32], 8, 1, 1):
        for cell in cells:
            assert set(pkgutil.resolve_name(cell.function).__annotations__) - {"return"} == set(cell.parameters)


def test_unfinished__a_round_is_measured_as_a_whole(write_result):
    """A round that lacks one side is measured again with all of them; a whole one is not."""
    first, second = measuring_rounds(["partial"], [224], 64, 2, 2)
    for cell in [*first, second[0]]:
        write_result(cell, 1.0)
    assert unfinished([first, second]) == second
