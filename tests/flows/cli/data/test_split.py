"""`regraft split` from its arguments; what a refresh prints is read in the end-to-end test of the loop."""

import os
from unittest import mock

import pytest
from click.testing import CliRunner

from data.errors import SourceError
from flows.cli import regraft


@pytest.mark.usefixtures("project", "prefect_api")
def test_refresh__never_prepared():
    """A domain without data is one line that names the command."""
    with mock.patch.dict(os.environ):
        found = CliRunner().invoke(regraft, ["split", "refresh", "digits"])
    assert isinstance(found.exception, SourceError)
    assert "run `regraft prepare digits`" in str(found.exception)
