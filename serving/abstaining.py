"""When a model rather says nothing: the `serving:` section of a domain YAML."""

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data.config import domain_path
from settings.config import Config
from settings.errors import ConfigError
from settings.machine import load_settings
from settings.yaml_files import load_yaml

logger = logging.getLogger(__name__)


class ServingConfig(Config):
    """What a domain decides about its answers."""

    abstain_below: float = Field(
        0.0, ge=0, lt=1, description="probability of the likeliest class below which none is named; 0: always one"
    )


class _ServingOnly(BaseModel):
    """Reads the `serving:` section and leaves the others to their rooms."""

    model_config = ConfigDict(extra="ignore")
    serving: ServingConfig = ServingConfig()


def load_serving_config(root: Path, name: str) -> ServingConfig:
    """Reads the `serving:` section of one domain.

    Raises:
        ConfigError: the domain does not exist or its section is wrong.
    """
    return load_yaml(domain_path(root, name), _ServingOnly).serving


class Threshold:
    """The probability below which a domain's model abstains, as the YAML says by now; `below` is 0 until it was read.

    While the YAML is wrong or gone, what it said before counts: no answer waits for a person's typing.
    """

    def __init__(self, domain: str) -> None:
        self._domain, self._written = domain, 0
        self.below = 0.0

    def look(self) -> None:
        """Reads the YAML if it was written since it was read last; a fault is told once."""
        root = load_settings().root
        path = root / "domains" / f"{self._domain}.yaml"
        written = path.stat().st_mtime_ns if path.is_file() else self._written
        if written == self._written:
            return
        self._written = written
        try:
            self.below = load_serving_config(root, self._domain).abstain_below
        except ConfigError as error:
            logger.warning("%s: it abstains below %g as before: %s", self._domain, self.below, error)
