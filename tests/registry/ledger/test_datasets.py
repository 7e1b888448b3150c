"""The newest shared data of a domain."""

import pytest

from registry.ledger.datasets import newest_dataset, note_dataset


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_newest_dataset__replaced_and_dropped(kind, tmp_path, request):
    """There is one a domain: the last that was noted."""
    url = request.getfixturevalue("postgresql") if kind == "postgresql" else f"sqlite:///{tmp_path / 'ledger.db'}"
    assert newest_dataset(url, "solar") is None
    note_dataset(url, "solar", {"preprocess@solar": {"outs": [{"md5": "a"}]}})
    note_dataset(url, "digits", {})
    note_dataset(url, "solar", {"preprocess@solar": {"outs": [{"md5": "b"}]}})
    assert newest_dataset(url, "solar") == {"preprocess@solar": {"outs": [{"md5": "b"}]}}
    note_dataset(url, "solar", None)
    assert (newest_dataset(url, "solar"), newest_dataset(url, "digits")) == (None, {})
