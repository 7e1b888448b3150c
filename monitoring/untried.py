"""Why a check was not tried on its own reference."""

from dataclasses import replace

from monitoring.nulls.blocks import Blocks, blocks_of
from monitoring.reference import Reference, thin
from monitoring.signals import watched
from monitoring.signals.judge import LEAST_BLOCKS, LEAST_GROUPS, LEAST_ROWS


def lacking(reference: Reference, window: Blocks, *, seed: int) -> str:
    """What is too little for `monitoring.trial.try_out`, where a half of a reference holds windows for the other."""
    if window.worth < LEAST_BLOCKS:
        return f"too few {window.by or 'sample'}s in the traffic ({window.worth} of {LEAST_BLOCKS})"
    small = replace(reference, rows=thin(reference.rows, seed=seed))
    known = min((signal.comparable(small) for signal in watched.SIGNALS), key=len)
    wanted = 2 * max(window.worth, LEAST_ROWS)
    if len(known) < wanted:
        return f"too few samples in its reference ({len(known)} of {wanted})"
    worth = blocks_of(known, ["group"]).worth
    return f"too few groups in its reference ({worth}, at least {2 * LEAST_GROUPS} alike ones are needed)"
