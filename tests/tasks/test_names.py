"""Names on the server: other people's automations hang on them."""

from tasks.names import DRIFT_EVENT, domain_resource


def test_names__stay_as_they_are() -> None:
    """An automation that a person made by hand goes on firing after an upgrade."""
    assert DRIFT_EVENT == "drift.detected"
    assert domain_resource("digits") == "regraft.domain.digits"
