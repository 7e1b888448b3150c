"""The base of every configuration model."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Strict, frozen and closed: a wrong type or an unknown key is an error, not a guess."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
