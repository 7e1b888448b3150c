"""A project's identity is drawn once, whoever asks first."""

import re
from concurrent.futures import ThreadPoolExecutor

from registry.ledger.project import project_identity


def test_project_identity__of_a_ledger(tmp_path):
    """The same for all that share the ledger, another for another ledger."""
    one, other = (f"sqlite:///{tmp_path / name}.db" for name in ("one", "other"))
    first = project_identity(one)
    assert re.fullmatch("[0-9a-f]{6}", first)
    assert project_identity(one) == first != project_identity(other)


def test_project_identity__asked_at_once(tmp_path):
    """Eight that draw at once agree."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with ThreadPoolExecutor(8) as pool:
        assert len({*pool.map(lambda _: project_identity(url), range(8))}) == 1
