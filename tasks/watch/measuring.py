"""One check, with what is known already: the same traffic is not measured twice, and the check itself was tried."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitoring.check import Check, check_window
from monitoring.page.shelf import write_page
from monitoring.reference import Reference, rebased
from monitoring.windows import Window
from settings.machine import load_settings
from tasks.domain import Domain
from tasks.watch.accepting import accepted
from tasks.watch.moment import Moment
from tasks.watch.remembering import measured_before, rule_of, trial_told

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Measured:
    """A check, and what it rests on.

    Attributes:
        check: what was found.
        reference: what the window was compared with: that of the package, or traffic that was accepted.
        kept: what is kept with the decision for the next check: `began`, the time of the window's oldest sample;
            `rule`, which names what the measurement depends on; `drift`, the report; `trial`, how the check does on
            its own reference or why that was not tried, for people.
        earlier: the page of the check that has measured the same; empty: none has.
    """

    check: Check
    reference: Reference
    kept: dict[str, Any]
    earlier: str

    def page(self, config: Domain, now: datetime) -> str:
        """Where it can be looked at: on a page of its own, which is written, or on the earlier one."""
        if self.check.page is None:
            return self.earlier
        reports = load_settings().home / "reports" / config.name
        return str(write_page(self.check.page, reports, now, keep_days=config.monitoring.keep_days))


def measure(
    config: Domain,
    version: int,
    reference: Reference,
    window: Window,
    moment: Moment,
    *,
    arrivals: "pd.Series[pd.Timestamp]",
) -> Measured:
    """Checks a window of a version, whose package has that reference; `arrivals` as of `check_window`.

    A look at the past measures anew, and tries nothing out, which would be written.
    """
    watched, wide = config.watched, rebased(reference, accepted(config.name, version, window.since, moment))
    rule, present = rule_of(watched, wide), moment.at is None
    before = measured_before(config.name, version, window, rule) if present else None
    told = trial_told(config.name, version, wide, window, watched) if present else ""
    known = before.drift if before else None
    check = check_window(wide, window, watched, now=moment.now, arrivals=arrivals, known=known, note=told)
    drift = check.drift.kept() if check.drift else None
    kept = {"began": window.began, "rule": rule, "drift": drift, "trial": told}
    return Measured(check, wide, kept, before.page if before else "")
