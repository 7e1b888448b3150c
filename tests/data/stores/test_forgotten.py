"""What was erased on request is remembered by its hash alone."""

from pathlib import Path

from data.stores.forgotten import forgotten, forgotten_path, remember_forgotten


def test_remember_forgotten__adds_to_what_is_there(project: Path) -> None:
    """Hashes add up, in one order, and a domain that forgot nothing has no file."""
    assert forgotten(project, "photos") == set()
    remember_forgotten(project, "photos", {"b"})
    remember_forgotten(project, "photos", {"a", "b"})
    assert forgotten(project, "photos") == {"a", "b"}
    assert forgotten_path(project, "photos").read_text() == "a\nb\n"
