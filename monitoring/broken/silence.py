"""Silence: no traffic for much longer than usual."""

from datetime import timedelta

from monitoring.broken.sign import Scene, Sign

HOURS = 8  # in so many different hours there must have been traffic before its absence means anything
FACTOR, LEAST = 2, 1  # hours


def silence(scene: Scene) -> Sign:
    """Hours since the latest traffic, against twice the longest pause that there was."""
    times = scene.arrivals.dropna().sort_values()
    if times.dt.floor("h").nunique() < HOURS:
        return Sign("silence", 0.0, 0.0, "")
    pause, longest = _hours(scene.now - times.iloc[-1]), _hours(times.diff().max())
    told = (
        f"no traffic since {times.iloc[-1]:%Y-%m-%d %H:%M}, {pause:.1f} hours; the longest pause "
        f"before was {longest:.1f}; look whether the source still sends"
    )
    return Sign("silence", pause, max(FACTOR * longest, LEAST), told)


def _hours(pause: timedelta) -> float:
    return pause.total_seconds() / 3600
