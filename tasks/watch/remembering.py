"""What earlier checks have measured already: the same traffic, and how the check does on its own reference."""

import hashlib
import json
from dataclasses import asdict, dataclass

from monitoring.config import MonitoringConfig
from monitoring.drift import TOLD_BY
from monitoring.nulls.blocks import blocks_of
from monitoring.reference import Reference
from monitoring.signals import watched
from monitoring.signals.report import DriftReport
from monitoring.trial import Trial, try_out
from monitoring.untried import lacking
from monitoring.windows import Window
from registry.ledger.events import Event, Events
from registry.ledger.watch.checks import Checks
from settings.machine import load_settings

METHOD = 2  # raised where a release measures or tries otherwise: what an earlier one kept is not taken over
TRIALS = 20  # of a domain that are looked back on


@dataclass(frozen=True)
class Known:
    """What the last check measured, and its page."""

    drift: DriftReport
    page: str


def rule_of(config: MonitoringConfig, reference: Reference) -> str:
    """Names what a measurement depends on beside the traffic and the package, of whose reference the rows count."""
    names = [signal.name for signal in watched.SIGNALS]
    told = [
        METHOD,
        names,
        config.share,
        config.resamples,
        config.seed,
        config.window,
        len(reference.rows),
        str(reference.rows["hash"].iloc[-1]),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def measured_before(domain: str, version: int, window: Window, rule: str) -> Known | None:
    """What the last check measured of just this window by just this rule; None: it was another one."""
    checks = Checks(load_settings().ledger).newest(domain, 1)
    if not checks or (checks[0].version, checks[0].window) != (version, window.digest):
        return None
    figures = json.loads(checks[0].figures)
    if figures.get("rule") != rule or not figures.get("drift"):
        return None
    return Known(DriftReport.again(figures["drift"]), figures["page"])


def trial_told(domain: str, version: int, reference: Reference, window: Window, config: MonitoringConfig) -> str:
    """How the check does on its own reference, or why that was not tried, for people."""
    usable = len(window.usable)
    if usable < config.min_window:
        return f"not tried: too few samples ({usable} of {config.min_window})"
    found = trial_of(domain, version, reference, window, config)
    if found is not None:
        return found.told
    return f"not tried: {lacking(reference, blocks_of(window.usable, TOLD_BY), seed=config.seed)}"


def trial_of(domain: str, version: int, reference: Reference, window: Window, config: MonitoringConfig) -> Trial | None:
    """How the check does on its own reference: tried at the first check of a version, then read from the ledger.

    None where half of the reference is too little to be judged by.
    """
    events, rule = Events(load_settings().ledger), rule_of(config, reference)
    for event in reversed(events.of_kind(domain, "trial", TRIALS)):
        kept = json.loads(event.text)
        if (event.version, kept["rule"]) == (version, rule):
            return Trial(**kept["trial"]) if kept["trial"] else None
    found = try_out(reference, blocks_of(window.usable, TOLD_BY), config)
    kept = json.dumps({"rule": rule, "trial": asdict(found) if found else None})
    events.add(Event(domain, "trial", "done", version, kept))
    return found
