"""The `log:` section of a domain YAML: how long what was seen in production is kept."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from data.config import domain_path
from settings.config import Config
from settings.yaml_files import load_yaml


class LogConfig(Config):
    """What a domain decides about its prediction log."""

    retention_days: int | None = Field(
        None, ge=1, description="days that predictions and labels of production are kept; empty: for good"
    )


class _LogOnly(BaseModel):
    """Reads the `log:` section and leaves the others to their rooms."""

    model_config = ConfigDict(extra="ignore")
    log: LogConfig = LogConfig()


def load_log_config(root: Path, name: str) -> LogConfig:
    """Reads the `log:` section of one domain.

    Raises:
        ConfigError: the domain does not exist or its section is wrong.
    """
    return load_yaml(domain_path(root, name), _LogOnly).log
