"""No cell of a table is run by a spreadsheet."""

import pytest

from data.stores.cells import harmless


@pytest.mark.parametrize(("value", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("a=b", "a=b"), (-1.5, -1.5), ("", "")])
def test_harmless__texts_that_begin_as_formulas(value: object, cell: object) -> None:
    """A text that begins like a formula is quoted; numbers and all else stay."""
    assert harmless(value) == cell
