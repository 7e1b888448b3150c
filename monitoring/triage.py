"""Triage: is the window fit to judge drift at all, or is something upstream of the model broken?"""

from dataclasses import dataclass

from monitoring.broken import watched
from monitoring.broken.sign import Scene, Sign
from monitoring.controller.state import Verdict
from monitoring.windows import Window


@dataclass(frozen=True)
class Triage:
    """What a window is fit for; only "ok" may be compared with the reference. `signs` are all that were looked at."""

    verdict: Verdict
    reason: str
    signs: tuple[Sign, ...] = ()


def triage(scene: Scene) -> Triage:
    """Judges a window of the prediction log before any drift is measured: broken data first, then too little of it."""
    signs = tuple(look(scene) for look in watched.SIGNS)
    if broken := [sign for sign in signs if sign.broken]:
        return Triage(broken[0].kind, "; ".join(sign.told for sign in broken if sign.kind == broken[0].kind), signs)
    usable = len(scene.window.usable)
    if usable < scene.config.min_window:
        told = f"{_told(scene.window, usable)}; at least {scene.config.min_window} are needed"
        return Triage("cannot judge", told, signs)
    return Triage("ok", _told(scene.window, usable), signs)


def _told(window: Window, usable: int) -> str:
    copies = window.samples - int(window.rows["error"].notna().sum()) - usable
    since = "" if window.since is None else f" since {window.since:%Y-%m-%d %H:%M}, when the model came into production"
    return f"{usable} usable samples of {window.samples}{since}" + (f", {copies} are copies" if copies else "")
