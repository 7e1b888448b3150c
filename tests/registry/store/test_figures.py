"""The figures of a run come back as they were logged."""

import pytest

from evaluation.drawing import blank_figure
from registry.store.figures import read_figures
from registry.store.tracking import log_figures, start_run


@pytest.mark.usefixtures("tracked")
def test_read_figures__all_of_a_run():
    """Every PNG by its name; a run without figures has none."""
    run_id = start_run("photos", "judged", {})
    assert read_figures(run_id) == {}
    log_figures(run_id, {"curve": blank_figure(1, 1)})
    assert [(name, png[:4]) for name, png in read_figures(run_id).items()] == [("curve", b"\x89PNG")]
