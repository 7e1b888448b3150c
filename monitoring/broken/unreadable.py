"""Files that cannot be read or decoded."""

from monitoring.broken.sign import Scene, Sign


def unreadable(scene: Scene) -> Sign:
    """Share of samples that failed, against the share that the domain tolerates."""
    rows, limit = scene.window.samples, scene.config.max_undecodable
    errors = scene.window.rows["error"].dropna()
    share = len(errors) / rows if scene.enough else 0.0
    latest = errors.iloc[-1] if len(errors) else ""
    told = f"{len(errors)} of {rows} files could not be used, {limit:.0%} are tolerated; mend the source"
    return Sign("unreadable files", share, limit, f"{told} (the latest: {latest})")
