"""A check is tried on its own reference only where there is traffic enough to be judged."""

import pytest

from monitoring.config import MonitoringConfig
from monitoring.windows import Window
from tasks.watch import measuring
from tasks.watch.measuring import measure
from tasks.watch.moment import Moment
from tests.monitoring.scenes import NOW, reference, traffic

pytestmark = pytest.mark.usefixtures("tracked")


@pytest.mark.parametrize(
    ("rows", "moment", "tried"),
    [(50, Moment(NOW), True), (49, Moment(NOW), False), (50, Moment.past(NOW), False)],
)
def test_measure__tries_the_check(plan, monkeypatch, rows, moment, tried):
    """With as many usable samples as are needed, not with one less, and never for a look at the past."""
    asked = []
    monkeypatch.setattr(measuring, "trial_of", lambda *args: asked.append(args))
    config = plan.domain.model_copy(update={"monitoring": MonitoringConfig(resamples=20, false_alarm=0.2)})
    shown = traffic(60).assign(error=[None] * rows + ["cut"] * (60 - rows))
    found = measure(config, 1, reference(), Window(shown), moment, arrivals=shown["time"])
    assert (bool(asked), found.kept["trial"]) == (tried, "")
    assert found.kept["began"] == shown["time"].min().isoformat()
