"""The floor of protected columns: rates of their groups must not surely lie further apart than a domain allows."""

from collections.abc import Sequence

from evaluation.inference.disparity import Disparity
from registry.gate.decision import Floor


def disparity_floors(found: Sequence[Disparity], most: float | None) -> list[Floor]:
    """One floor a protected column, by the difference whose lower end is farthest up; none where no limit is set.

    The lower end counts: with small groups the difference alone is mostly noise. Where no two groups can be compared
    nothing is shown, and nothing is held against the model.
    """
    if most is None:
        return []
    columns = dict.fromkeys(one.column for one in found)
    known = {column: [one for one in found if one.column == column and one.difference.is_finite] for column in columns}
    return [
        _floor(column, max(several, key=lambda one: one.difference.low), most)
        if several
        else Floor.at_most(f"disparity of {column}", 0.0, most, "no two groups are large enough to be compared")
        for column, several in known.items()
    ]


def _floor(column: str, worst: Disparity, most: float) -> Floor:
    note = f"{worst.measure} of {worst.label}: {worst.found}"
    return Floor.at_most(f"disparity of {column}, lower bound", max(worst.difference.low, 0.0), most, note)
