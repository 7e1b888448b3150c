"""One check, and what is known already."""

import pytest

from monitoring.config import MonitoringConfig
from monitoring.windows import Window
from tasks.watch import measuring
from tasks.watch.measuring import measure
from tasks.watch.moment import Moment
from tests.monitoring.scenes import NOW, reference, traffic

pytestmark = pytest.mark.usefixtures("tracked")


@pytest.mark.parametrize(("moment", "told"), [(Moment(NOW), "as tried"), (Moment.past(NOW), "")])
def test_measure__tries_the_check(plan, monkeypatch, moment, told):
    """A check of the present is tried on its own reference, a look at the past never: that would be written."""
    monkeypatch.setattr(measuring, "trial_told", lambda *_: "as tried")
    config = plan.domain.model_copy(update={"monitoring": MonitoringConfig(resamples=20, false_alarm=0.2)})
    shown = traffic(60)
    found = measure(config, 1, reference(), Window(shown), moment, arrivals=shown["time"])
    assert found.kept["trial"] == told
    assert found.kept["began"] == shown["time"].min().isoformat()
