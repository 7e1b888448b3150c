"""When a domain's model rather says nothing."""

import os
import re
from pathlib import Path

import pytest

from serving.abstaining import Threshold, load_serving_config
from settings.errors import ConfigError
from settings.machine import load_settings


@pytest.fixture
def say():
    """Writes what the domain `pets` says, as if so many seconds after the epoch."""
    path = load_settings().root / "domains" / "pets.yaml"
    path.parent.mkdir()

    def write(text: str, seconds: int) -> None:
        path.write_text(text)
        os.utime(path, (seconds, seconds))

    return write


def test_threshold__follows_the_yaml(say, caplog):
    """What is written is taken in at the next look; of a slip of the pen it says so once and goes on as before."""
    threshold = Threshold("pets")
    threshold.look()
    assert threshold.below == 0.0, "there is no YAML yet"
    say("serving: {abstain_below: 0.6}", 1)
    threshold.look()
    assert threshold.below == 0.6
    say("serving: {abstain_below: 60}", 2)
    threshold.look(), threshold.look()
    assert threshold.below == 0.6
    assert caplog.text.count("pets: it abstains below 0.6 as before") == 1
    assert "serving.abstain_below" in caplog.text
    say("description: no more of it", 3)
    threshold.look()
    assert threshold.below == 0.0


@pytest.mark.parametrize("wrong", ["1.0", "-0.1", "often"])
def test_load_serving_config__wrong(say, wrong):
    """A probability that none can reach, or none at all, is refused with its name."""
    say(f"serving: {{abstain_below: {wrong}}}", 1)
    with pytest.raises(ConfigError, match=r"serving\.abstain_below"):
        load_serving_config(load_settings().root, "pets")


def test_load_serving_config__as_the_page_writes_it(say):
    """The YAML of docs/serving.md."""
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    (block,) = re.findall(r"```yaml\n(serving:.*?)```", page, re.DOTALL)
    say(block, 1)
    assert load_serving_config(load_settings().root, "pets").abstain_below == 0.6
