"""Triage: is the window fit to judge drift at all, or is something upstream of the model broken?"""

from dataclasses import dataclass
from typing import Literal

from monitoring.config import MonitoringConfig
from monitoring.windows import Window

Verdict = Literal["ok", "insufficient", "broken data", "preprocessing skew"]


@dataclass(frozen=True)
class Triage:
    """What a window is fit for; only "ok" may be compared with the reference."""

    verdict: Verdict
    reason: str


def triage(window: Window, transform: str, config: MonitoringConfig) -> Triage:
    """Judges a window of the prediction log before any drift is measured.

    Args:
        window: of the version in production.
        transform: hash of the transform of the package that the window is held against.
        config: the share of undecodable files that is tolerated, and the least number of usable rows.
    """
    rows, errors = window.samples, window.rows["error"].dropna()
    failed, seen = len(errors), window.rows["transform"]
    strangers = seen[seen != transform]
    if len(strangers):
        return Triage(
            "preprocessing skew",
            f"{len(strangers)} of {rows} samples went through transform {strangers.iloc[0][:12]}, the model was "
            f"trained with {transform[:12]}; serve the package as it is",
        )
    if rows >= config.min_window and failed > config.max_undecodable * rows:
        return Triage(
            "broken data",
            f"{failed} of {rows} files could not be used, {config.max_undecodable:.0%} are tolerated; "
            f"mend the source (the latest: {errors.iloc[-1]})",
        )
    if rows >= config.min_window and (often := _most_frequent(window)) > rows / 2:
        return Triage(
            "broken data", f"one sample makes up {often} of {rows}, as from a camera that is stuck; mend the source"
        )
    usable = len(window.usable)
    told = f"{usable} usable samples of {rows}" + (
        f", {rows - failed - usable} are copies" if rows > failed + usable else ""
    )
    if usable < config.min_window:
        return Triage("insufficient", f"{told}; at least {config.min_window} are needed")
    return Triage("ok", told)


def _most_frequent(window: Window) -> int:
    """How often the most frequent sample was scored; a file that could not even be read is none."""
    return int(window.rows["hash"].value_counts().max()) if window.rows["hash"].notna().any() else 0
