"""A domain file: whole, or one line that says what is wrong with it."""

from pathlib import Path

import pytest
import yaml

from settings.errors import ConfigError
from tasks.domain import DomainFile, domain_from, domain_names, load_domain


@pytest.fixture
def alter(project: Path):
    """Changes one key of digits.yaml; the way to it is given with dots."""

    def change(way: str, value: object) -> None:
        path = project / "domains" / "digits.yaml"
        content = yaml.safe_load(path.read_text())
        *parents, key = way.split(".")
        section = content
        for parent in parents:
            section = section.setdefault(parent, {})
        section[key] = value
        path.write_text(yaml.safe_dump(content))

    return change


@pytest.mark.parametrize("name", ["digits", "solar"])
def test_load_domain__shipped(project, name):
    """The shipped domains are whole and know where they live."""
    domain = load_domain(name)
    assert (domain.name, domain.root, domain.home) == (name, project, project / ".regraft")
    assert domain.intended_use in domain.purpose


def test_domain_names__files_below_domains(project):
    """Every YAML is a domain, in the order of the alphabet."""
    (project / "domains" / "apples.yaml").write_text("")
    assert domain_names(project) == ["apples", "digits", "solar"]


def test_load_domain__unknown(project):
    """The message names what there is and how to make one."""
    with pytest.raises(
        ConfigError, match=r"'nothere' does not exist .*digits, solar.; make it with `regraft new nothere`"
    ):
        load_domain("nothere")


def test_domain_from__snapshot(alter):
    """What a run records of a domain gives the same domain back, whatever the file says by then."""
    alter("schedule.retrain", "0 3 * * 0")
    alter("data.split.validation", 0.15)
    before = load_domain("digits")
    alter("data.split.validation", 0.3)
    content = DomainFile.model_validate_json(before.snapshot)
    assert domain_from("digits", before.root, content) == before != load_domain("digits")


@pytest.mark.parametrize(
    ("way", "value", "told"),
    [
        ("trainning", {}, "trainning"),
        ("training.seed", "0", "training.seed = '0'"),
        ("training.seed", -1, "training.seed = -1"),
        ("training.recipe", {"kind": "lora_lora"}, "lora_lora"),
        ("gate.metric", "aucc", "gate.metric = 'aucc'"),
        ("data.split", {"validation": 0.6, "test": 0.5}, "validation . test must be below 1"),
        ("data.tasks.digit.classes", ["0"], "data.tasks.digit.classes"),
        ("schedule.timezone", "Berlin", "schedule.timezone = 'Berlin': unknown time zone"),
        ("schedule.retrain", "every sunday", "schedule.retrain = 'every sunday': not a cron expression"),
        ("monitoring.false_alarm", 1e-6, "false_alarm 1e-06 leave a check"),
    ],
)
def test_load_domain__wrong(alter, way, value, told):
    """A wrong key, type or value is one line with the file, the key and the value."""
    alter(way, value)
    with pytest.raises(ConfigError, match=rf"digits.yaml: .*{told}") as found:
        load_domain("digits")
    assert "\n" not in str(found.value)


def test_load_domain__no_yaml(project):
    """A file that is no YAML is one line, too."""
    (project / "domains" / "digits.yaml").write_text("data: [")
    with pytest.raises(ConfigError, match="digits.yaml: not valid YAML") as found:
        load_domain("digits")
    assert "\n" not in str(found.value)


def test_load_domain__evidence_out_of_fold(alter):
    """It needs a recipe that has answers out of fold; the line names recipe, rule and remedy."""
    alter("gate.evidence", "out_of_fold")
    assert load_domain("digits", "linear_probe").gate.evidence == "out_of_fold"
    with pytest.raises(
        ConfigError, match=r"digits.yaml: gate.evidence is out_of_fold, and recipe full .*set gate.evid"
    ):
        load_domain("digits", "full")
    alter("training.recipe", {"kind": "linear_probe", "refit": 0})
    with pytest.raises(ConfigError, match="refit above 0"):
        load_domain("digits")


def test_load_domain__false_alarms_by_its_schedule(alter):
    """One a year with a check a day is 1 of 365 checks; what a schedule makes impossible is refused in one line."""
    alter("schedule.monitor", "0 3 * * *")
    alter("monitoring.false_alarms", "1 per year")
    assert load_domain("digits").watched.false_alarm == pytest.approx(1 / 365.25, rel=0.01)
    alter("schedule.monitor", "* * * * *")
    with pytest.raises(
        ConfigError,
        match=r"digits\.yaml: monitoring\.false_alarms 1 per year with .*would ever alarm; check less often",
    ):
        load_domain("digits")
