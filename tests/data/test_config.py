"""The data section of a domain YAML: what is right loads, what is wrong is one readable line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.config import SplitConfig, domain_path, load_data_config
from data.specs.image import ImageExpectations
from data.targets.classification import ClassificationTask
from settings.errors import ConfigError

SOLAR = (Path(__file__).parents[2] / "domains" / "solar.yaml").read_text(encoding="utf-8")


def test_load_data_config__shipped_domains(project: Path) -> None:
    """Both domains of the repository load, with their task and classes."""
    solar, digits = load_data_config(project, "solar"), load_data_config(project, "digits")
    assert (solar.headline, solar.tasks["defect"].columns) == ("defect", ("functional", "defective"))
    assert (digits.headline, len(digits.tasks["digit"].columns), digits.source.kind) == ("digit", 10, "digits")


def test_load_data_config__other_sections_are_left_alone(project: Path, helpers: Any) -> None:
    """What stands beside `data:` belongs to other rooms."""
    path = project / "domains" / "photos.yaml"
    helpers.write_domain(project)
    path.write_text(path.read_text() + "serving: {whatever: 1}\n")
    assert load_data_config(project, "photos").tasks["kind"].columns == ("a", "b")


def test_domain_path__no_such_domain(project: Path) -> None:
    """An unknown domain is named with those that exist and the command that makes one."""
    with pytest.raises(
        ConfigError, match=r"'solr' does not exist .*digits, solar.; say 'solar', .* `regraft new solr`"
    ):
        domain_path(project, "solr")


WRONG = {
    "key": ("min_side: 100", "minside: 100", r"data\.expectations\.minside = 100: Extra inputs are not permitted"),
    "type": ("size: 224", 'size: "224"', r"data\.transform\.size = '224': Input should be a valid integer"),
    "bool": ("[functional, defective]", "[yes, no]", r"data\.tasks\.defect\.classes\.0 = True: .* put it in quotes"),
    "value": ("crop: 1.0", "crop: 2.0", r"data\.transform\.crop = 2\.0: .*less than or equal to 1"),
    "kind": ("kind: elpv\n", "kind: elvp\n", r"data\.source: .*'elvp'.*'folder', 'table', 'elpv', 'digits', 'idx'"),
    "no kind": ("    kind: elpv\n", "    path: x\n", r"data\.source: Unable to extract tag using discriminator 'kind'"),
    "repeated class": ("[functional, defective]", "[a, a]", r"data\.tasks\.defect: classes must differ"),
    "one class": ("[functional, defective]", "[a]", r"classes = \['a'\]: .*at least 2"),
    "nothing left": ("test: 0.25", "test: 0.8", r"data\.split: validation \+ test must be below 1"),
    "turned round": ("[2.0, 250.0]", "[250.0, 2.0]", r"data\.expectations: .*put the lower bound first"),
    "nan": ("test: 0.25", "test: .nan", r"data\.split\.test = nan"),
}


@pytest.mark.parametrize("case", WRONG)
def test_load_data_config__wrong_entry(project: Path, case: str) -> None:
    """A wrong key, type or value is one line with file, key, value and remedy."""
    right, wrong, message = WRONG[case]
    path = project / "domains" / "solar.yaml"
    assert right in SOLAR
    path.write_text(SOLAR.replace(right, wrong))
    with pytest.raises(ConfigError, match=message) as error:
        load_data_config(project, "solar")
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert "`regraft new` writes" in text


def test_load_data_config__wrong_items_are_all_that_is_wrong(project: Path) -> None:
    """Nobody is told that a list is too short of which two items want quotes."""
    path = project / "domains" / "solar.yaml"
    path.write_text(SOLAR.replace("[functional, defective]", "[yes, no]"))
    with pytest.raises(ConfigError) as error:
        load_data_config(project, "solar")
    assert (str(error.value).count("put it in quotes"), "at least 2" in str(error.value)) == (2, False)


def test_load_data_config__all_faults_at_once(project: Path) -> None:
    """Two faults need one look, not two runs."""
    text = SOLAR.replace("size: 224", "size: 1").replace("seed: 0\n  transform", "sed: 0\n  transform")
    (project / "domains" / "solar.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"data\.split\.sed = 0.* \| data\.transform\.size = 1"):
        load_data_config(project, "solar")


def test_load_data_config__a_key_twice(project: Path) -> None:
    """A second block of the same name is refused with key and both lines, and does not win in silence."""
    path = project / "domains" / "solar.yaml"
    path.write_text(SOLAR + "\ngate:\n  metric: auc\n  floor: 0.1\n")
    lines = path.read_text().splitlines()
    first, second = (number for number, line in enumerate(lines, start=1) if line == "gate:")
    with pytest.raises(ConfigError) as error:
        load_data_config(project, "solar")
    assert str(error.value) == f"{path}: line {second}: the key 'gate' stands on line {first} already; keep one of them"


def test_domain_path__no_name(project: Path) -> None:
    """A name that leads out of the folder of domains reads nothing."""
    (project / "secret.yaml").write_text(SOLAR)
    with pytest.raises(ConfigError, match=r"domain name '\.\./secret'"):
        domain_path(project, "../secret")


BROKEN = {
    "a conflict": b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n",
    "empty": b"",
    "a list": b"- a",
    "cut off": b"data: [",
    "a tab": b"data:\n\tx: 1",
    "no text": b"data: \xff\xfe",
    "a date as key": b"data:\n  2020-01-01: x",
    "a list as key": b"? [a, b]\n: c",
    "a circle": b"a: &a [*a]",
    "code": b"!!python/object/apply:os.system ['touch pwned']",
}


@pytest.mark.parametrize("case", BROKEN)
def test_load_data_config__broken_file(project: Path, case: str) -> None:
    """A file that is no domain at all is one line as well, and never runs code."""
    path = project / "domains" / "broken.yaml"
    path.write_bytes(BROKEN[case])
    with pytest.raises(ConfigError) as error:
        load_data_config(project, "broken")
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert not (project / "pwned").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda: setattr(SplitConfig(), "seed", 1),
        lambda: SplitConfig(seed="1"),  # type: ignore[arg-type]
        lambda: ImageExpectations(min_per_class=2),
        lambda: ClassificationTask(kind="regression", classes=("a", "b")),
    ],
)
def test_config__is_strict_frozen_and_bounded(change: Callable[[], object]) -> None:
    """A configuration neither changes nor guesses."""
    with pytest.raises(ValueError, match="1 validation error"):
        change()
