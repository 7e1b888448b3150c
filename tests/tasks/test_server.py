"""What can be left to a server, and what on it is this project's."""

import pytest

from settings.machine import load_settings
from tasks.server import deployment_name, is_shared, lasting_server, project_tag


@pytest.mark.usefixtures("prefect_api")
def test_lasting_server__that_stays(monkeypatch):
    """One that is there before the command."""
    assert lasting_server()
    monkeypatch.setenv("REGRAFT_TEMPORARY_SERVER", "1")
    assert not lasting_server()


def test_deployment_name__on_a_shared_server(project, prefect_api, monkeypatch):
    """Short beside the project's own server; elsewhere it ends in what the project's tag ends in."""
    assert is_shared()
    assert deployment_name("digits") == f"digits-{project_tag().removeprefix('project ')}"
    monkeypatch.setenv("REGRAFT_PREFECT_PORT", prefect_api.rpartition(":")[2].removesuffix("/api"))
    assert load_settings().prefect_api == prefect_api
    assert not is_shared()
    assert deployment_name("digits") == "digits"
