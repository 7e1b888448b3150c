"""YAML as people write it, read strictly."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import RootModel

from settings.errors import ConfigError
from settings.yaml_files import load_yaml, read_yaml


@pytest.mark.parametrize(("written", "read"), [("1e-05", 1e-5), ("3e+37", 3e37), ("-2E-3", -0.002), ("12e4", "12e4")])
def test_load_yaml__numbers_without_a_point(tmp_path: Path, written: str, read: Any) -> None:
    """1e-5 is a number, as it is in JSON; what has no sign in its exponent may be half of a hash and stays a word."""
    (tmp_path / "file.yaml").write_text(f"value: {written}\n")
    assert load_yaml(tmp_path / "file.yaml", RootModel[dict[str, float | str]]).root == {"value": read}


def test_load_yaml__a_key_over_a_merged_one(tmp_path: Path) -> None:
    """A key may replace one that `<<` brings; the same word as text and as number are two keys."""
    (tmp_path / "file.yaml").write_text("base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  a: 3\n")
    assert load_yaml(tmp_path / "file.yaml", RootModel[dict[str, dict[str, int]]]).root["own"] == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2\n", "line 2: the key 'a' stands on line 1 already; keep one of them"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n", "line 2 is a conflict marker of Git (<<<<<<< HEAD); resolve the conflict"),
        ("a: [", "not valid YAML"),
    ],
)
def test_read_yaml__no_single_meaning(tmp_path: Path, text: str, told: str) -> None:
    """A key twice, a conflict and no YAML are one line with the file and the place."""
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path}: {told}")
    assert "\n" not in str(error.value)
