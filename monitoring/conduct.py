"""How a new champion conducts itself beside the version before it, by their logs alone: failures, abstentions, time.

What was usual before is known up to an upper limit; the new champion's samples are a stream that is tested against that
limit, plus what is borne, by betting, so that it may be looked at after every sample. Half of the chance to err belongs
to the limit, half to the stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.inference.sequential import evidence_above
from evaluation.predictions.grouped import Floats
from registry.gate.config import CanaryConfig

MOST = 5000  # sessions, groups or single samples of either version
BOUNDS, SIDES = 3, 2
COLUMNS = ("id", "time", "error", "abstained", "latency_ms", "group", "session", "slot")


@dataclass(frozen=True, eq=False)
class Conduct:
    """The first sample of each session, group or sample of a version, in the order in which they were asked.

    Attributes:
        failed: 1 where there is no answer, else 0.
        abstained: of answered samples, 1 where no class was named.
        taken: of answered samples, milliseconds.
    """

    failed: Floats
    abstained: Floats
    taken: Floats


def conduct_of(parts: Iterable[pd.DataFrame]) -> Conduct:
    """The conduct that parts of the log show, columns `COLUMNS`, oldest first; no more are taken than are needed."""
    seen: set[str] = set()
    rows = [pd.DataFrame(columns=list(COLUMNS))]
    for part in parts:
        mine = part[part["slot"] == "champion"]
        unit = _units(mine)
        fresh = ~unit.duplicated() & ~unit.isin(seen)
        seen.update(unit[fresh])
        rows.append(mine.loc[fresh, list(COLUMNS)])
        if len(seen) >= MOST:
            break
    found = pd.concat([one for one in rows if len(one)] or rows).head(MOST)
    answered = found[found["error"].isna()]
    return Conduct(
        failed=found["error"].notna().to_numpy().astype(np.float64),
        abstained=answered["abstained"].dropna().to_numpy().astype(np.float64),
        taken=answered["latency_ms"].dropna().to_numpy().astype(np.float64),
    )


def misconduct(before: Conduct, now: Conduct, plan: CanaryConfig, level: float) -> str:
    """Which bound the new champion has surely broken; empty: none.

    Args:
        before: of the earlier version.
        now: of the new champion.
        plan: what is borne, as of a canary.
        level: of confidence, for all bounds together.
    """
    side = (1 - level) / BOUNDS / SIDES
    return (
        _oftener("fails on", before.failed, now.failed, plan.max_faults, side)
        or _oftener("abstains on", before.abstained, now.abstained, plan.max_abstentions, side)
        or _slower(before.taken, now.taken, plan.slowdown, side)
    )


def _oftener(what: str, before: Floats, now: Floats, borne: float, side: float) -> str:
    from scipy.stats import beta

    if not len(before):
        return ""
    count = before.sum()
    usual = beta.ppf(1 - side, count + 1, len(before) - count) if count < len(before) else 1.0  # Clopper and Pearson
    if evidence_above(now, usual + borne, 0.0, 1.0) < 1 / side:
        return ""
    shares = f"{100 * now.mean():.1f} % of {len(now)}, {100 * before.mean():.1f} % of {len(before)} before"
    return f"it {what} {shares}; {100 * borne:g} points more are borne"


def _slower(before: Floats, now: Floats, slowdown: float, side: float) -> str:
    """Of a version that is fast enough no more than half take longer than so many times the usual time."""
    from scipy.stats import binom

    place = int(binom.ppf(1 - side, len(before), 0.5)) if len(before) else 0
    if place >= len(before):
        return ""
    limit = slowdown * np.sort(before)[place]
    if evidence_above((now > limit).astype(float), 0.5, 0.0, 1.0) < 1 / side:
        return ""
    told = f"{np.median(now):.3g} ms in the middle of {len(now)}, {np.median(before):.3g} before"
    return f"it takes {told}; {slowdown:g} times are borne"


def _units(rows: pd.DataFrame) -> "pd.Series[str]":
    """What each sample stands or falls with."""
    said = [rows[name].replace("", None) for name in ("session", "group")]
    return said[0].fillna(said[1]).fillna(rows["id"])
