"""What the service says of itself."""

import pytest

from serving.access.keys import Role, add_key


def test_readyz__faults_are_for_those_of_this_machine(tiny, home):
    """Without keys it tells all; with keys, or damaged ones, versions alone, as anybody may ask."""
    client = tiny()
    client.app.state.service.slots["photos"].fault = "/srv/ledger.db is gone"
    told = client.get("/readyz").json()["domains"]
    assert told["photos"].keys() == {"version", "fault", "log_fault", "log_rows_lost", "log_rows_waiting"}
    assert "`regraft retrain other`" in told["other"]["fault"]
    add_key(home / "keys.json", "a", [Role.PREDICT])
    assert client.get("/readyz").json()["domains"] == {"photos": {"version": 3}, "other": {"version": None}}
    (home / "keys.json").write_text("[")
    assert client.get("/readyz").json()["domains"]["photos"] == {"version": 3}


@pytest.mark.parametrize("path", ["/healthz", "/v2/health/live"])
def test_live__without_a_model(tiny, path):
    """It lives whether it answers or not."""
    assert tiny().get(path).status_code == 200
