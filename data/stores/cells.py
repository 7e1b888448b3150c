"""Cells of tables that people open in a spreadsheet."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: object) -> object:
    """The value; a text that a spreadsheet would run as a formula gets a quote in front of it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
