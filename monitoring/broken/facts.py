"""Facts of the input that the reference has never had: darkness, glare, another size or format."""

from monitoring.broken.sign import Scene, Sign

HALF = 0.5


def strange_facts(scene: Scene) -> Sign:
    """Share of samples outside of all that the reference holds, by the fact that shows most."""
    return max((_of(scene, name) for name in scene.reference.facts), key=lambda sign: sign.value, default=_of(scene))


def _of(scene: Scene, name: str = "") -> Sign:
    seen = scene.window.usable
    if not name or name not in seen or len(seen) < scene.config.min_window:
        return Sign("strange facts", 0.0, HALF, "")
    known, values = scene.reference.rows[name], seen[name].astype(float)
    outside = int(((values < known.min()) | (values > known.max())).sum())
    told = (
        f"{name} of {outside} of {len(seen)} samples is outside {known.min():.4g} to {known.max():.4g}, all that the "
        f"model has learned from (median {values.median():.4g}, then {known.median():.4g}); look at light and format "
        "of the source"
    )
    return Sign("strange facts", outside / len(seen), HALF, told)
