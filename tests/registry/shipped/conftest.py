"""What the tests of shipped files share: a signed folder."""

import pytest

from registry.package.packing import seal
from tests.registry.shipped.keys import write_pair


@pytest.fixture
def signed(project, monkeypatch):
    """A signed folder whose key is demanded, and the paths of the private and the public key."""
    folder = project / "package"
    folder.mkdir()
    (folder / "labels.json").write_text('{"classes": ["dark", "light"]}')
    secret, public = write_pair(project, "ours")
    monkeypatch.setenv("REGRAFT_SIGNING_KEY", secret)
    seal(folder)
    return folder, secret, public
