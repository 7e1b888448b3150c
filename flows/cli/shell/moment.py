"""A moment that a person names on the command line."""

from datetime import UTC, datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """A time as the ledger writes or prints it, or shorter: ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Reads the time; says what is missing."""
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write one such as 2026-11-21T12:00 (UTC) or …+01:00", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
