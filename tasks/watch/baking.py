"""A new champion beside the one before it, on the traffic since it came: is it worse?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from monitoring.conduct import COLUMNS as CONDUCT
from monitoring.conduct import conduct_of, misconduct
from monitoring.windows import Window
from registry.errors import GateError
from registry.gate.config import CanaryConfig
from registry.gate.decision import Decision
from registry.ledger.history import Entry, way_back
from registry.store.models import describe_versions, model_version
from registry.store.verdicts import recorded_verdict
from serving.canary.judging import judge
from serving.canary.pairs import pairs_of
from serving.feedback.labelled import labelled_parts
from serving.log.predictions import read
from serving.rescoring import rescored
from tasks.domain import Domain
from tasks.watch.moment import Champion, Moment

COLUMNS = ("id", "time", "version", "hash", "path", "predicted", "error", "abstained", "group", "session", "slot")
MOST = 5000  # labelled samples that the earlier version answers again; the first ones, so that looks may be repeated
LOOKED = 20_000  # rows of the earlier version by which its usual conduct is known


@dataclass(frozen=True)
class Regression:
    """In what the champion is surely worse than the version before it (empty: that is not shown), and on which samples.

    `shown` are hashes.
    """

    told: str = ""
    shown: tuple[str, ...] = ()

    def with_window(self, window: Window) -> tuple[str, ...]:
        """Hashes of all that led to it: the window, and the samples that show it; none where nothing is shown."""
        return tuple(sorted({*self.shown, *window.rows["hash"].dropna()})) if self.told else ()


@dataclass(frozen=True)
class Term:
    """A champion while it is new: which version was before it since when, and by which decision it came."""

    champion: Champion
    before: int
    began: datetime
    decision: Decision

    @property
    def plan(self) -> CanaryConfig:
        """What is borne of it: as of a canary."""
        return self.decision.config.canary or CanaryConfig()


def regression(config: Domain, champion: Champion, moment: Moment) -> Regression:
    """In what the champion is surely worse than the version before it.

    On the samples that it has answered since it came into production, are labelled or made it fail, and whose content
    can still be had (the file is as it was, or the input was kept), both are judged as a canary and its champion are.
    By their logs alone the bounds of failures, abstentions and time are told.

    Raises:
        RegistryError: MLflow or the ledger is down.
        StorageError: the prediction log cannot be read.
    """
    term = _baking(config, champion, moment)
    if term is None:
        return Regression()
    found = _worse(config, term, moment)
    if found.told:
        return found
    broken = _misconduct(config, term, moment)
    told = f"v{champion.found.version} breaks a bound that v{term.before} keeps: {broken}"
    return Regression(told) if broken else found


def _worse(config: Domain, term: Term, moment: Moment) -> Regression:
    """By the answers that both give to the same samples."""
    version = term.champion.found.version
    asked, count = _evidence(config, term, moment)
    if asked.empty:
        return Regression()
    asked = asked[asked["abstained"] != True].drop_duplicates("id")  # noqa: E712  -- null where a release knew none
    asked = _again(config.name, term.champion, asked.assign(abstained=0))  # no class is neither right nor wrong
    before = rescored(config.name, model_version(config.name, term.before).load(), term.before, asked)
    pairs = replace(pairs_of(pd.concat([asked, before]), term.before, version), asked=count)
    finding = judge(pairs, term.decision, term.plan, 0.0)
    if finding.end != "WITHDRAW":
        return Regression()
    shown = tuple(before["hash"].dropna())
    return Regression(f"v{version} is worse than v{term.before}: {finding.reason}", shown)


def _again(name: str, champion: Champion, asked: pd.DataFrame) -> pd.DataFrame:
    """The rows without failures that the traffic was to blame for: the earlier version answers in peace, so does it.

    How often either fails in traffic is compared by their logs.
    """
    failed = asked["error"].notna()
    if not failed.any():
        return asked
    again = rescored(name, champion.found.load(), champion.found.version, asked[failed])
    return pd.concat([asked[~failed], again[again["error"].notna()]])


def _evidence(config: Domain, term: Term, moment: Moment) -> tuple[pd.DataFrame, int]:
    """The first labelled rows and the first failures of the champion since it came, and how many it was asked for."""
    labels, failures, count = list[pd.DataFrame](), list[pd.DataFrame](), 0
    for part in _parts(config.name, term.champion, COLUMNS, moment):
        count += len(part)
        _keep(labels, part[part["labelled"].notna()])
        _keep(failures, part[part["error"].notna()])
    kept = [*labels, *failures]
    return pd.concat(kept) if kept else pd.DataFrame(), count


def _keep(kept: list[pd.DataFrame], more: pd.DataFrame) -> None:
    """Adds rows as far as there is room."""
    room = MOST - sum(map(len, kept))
    if room and len(more):
        kept.append(more.head(room))


def _misconduct(config: Domain, term: Term, moment: Moment) -> str:
    """Which bound the champion has broken, by both logs."""
    usual = read(
        config.name, version=term.before, last=LOOKED, since=term.began, until=term.champion.since, columns=CONDUCT
    )
    before = conduct_of([usual])
    now = conduct_of(_parts(config.name, term.champion, CONDUCT, moment))
    return misconduct(before, now, term.plan, term.decision.config.level)


def _parts(name: str, champion: Champion, columns: tuple[str, ...], moment: Moment) -> Iterator[pd.DataFrame]:
    """What the champion, as such, has answered since it came."""
    version, since = champion.found.version, champion.since
    for part in labelled_parts(name, version=version, since=since, columns=columns, at=moment.at):
        yield part[part["slot"] == "champion"]


def _baking(config: Domain, champion: Champion, moment: Moment) -> Term | None:
    """The champion's term, while it is new; None: it is not, no promotion began it, or nothing was there before it."""
    entries = moment.entries(config.name)
    if entries[-1].action != "promote":
        return None
    before = way_back(entries, describe_versions(config.name))
    if before is None or moment.now - champion.since > timedelta(hours=config.monitoring.policy.baking_hours):
        return None
    try:
        decision = recorded_verdict(config.name, champion.found.version).decision
    except GateError:
        return None  # it was put there by hand, and no rule says what is borne
    return Term(champion, before, _began(entries, before), decision)


def _began(entries: list[Entry], version: int) -> datetime:
    """When a version last came into production."""
    return datetime.fromisoformat(next(row.time for row in reversed(entries) if row.to_version == version))
