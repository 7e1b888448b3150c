"""Rows of another spec, or of another network: training saw samples otherwise than serving does."""

from monitoring.broken.sign import Scene, Sign


def another_spec(scene: Scene) -> Sign:
    """Share of rows that went through another transform than the package's, or have embeddings of another length."""
    rows, wanted = scene.window.rows, scene.reference.transform
    strangers = rows["transform"][rows["transform"] != wanted]
    if len(strangers):
        told = (
            f"{len(strangers)} of {len(rows)} samples went through transform {strangers.iloc[0][:12]}, the model was "
            f"trained with {wanted[:12]}; serve the package as it is"
        )
        return _sign(len(strangers) / len(rows), told)
    seen, length = scene.window.usable, len(scene.reference.rows["embedding"].iloc[0])
    others = seen["embedding"][seen["embedding"].map(len) != length] if len(seen) else seen["error"]
    told = (
        f"{len(others)} of {len(rows)} samples have embeddings of another length than {length}, as of another network"
    )
    return _sign(len(others) / max(len(rows), 1), f"{told}; serve the package as it is")


def _sign(share: float, told: str) -> Sign:
    return Sign("another spec", share, 0, told, "skew")
