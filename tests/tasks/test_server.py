"""A server that ends with the command is none that something can be left to."""

import pytest

from tasks.server import lasting_server


@pytest.mark.usefixtures("prefect_api")
def test_lasting_server__that_stays(monkeypatch):
    """One that is there before the command."""
    assert lasting_server()
    monkeypatch.setenv("REGRAFT_TEMPORARY_SERVER", "1")
    assert not lasting_server()
