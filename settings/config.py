"""Configuration models: their strict base, and choice by `kind`."""

import json
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Strict, frozen and closed: a wrong type or an unknown key is an error, not a guess."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Kind(Config):
    """The base of a family of models that are told apart by `kind`; a family's base has a `kinds` of its own.

    A subclass joins its family by being defined, so that a new kind is a new file and nothing else.
    """

    kinds: ClassVar[dict[str, Any]]
    default_kind: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Notes a subclass under its kind; a variant that is derived from it later replaces none."""
        field = cls.model_fields.get("kind")
        if field is not None and isinstance(field.default, str):
            cls.kinds.setdefault(field.default, cls)

    @classmethod
    def chosen(cls, content: Any) -> Any:
        """The model that a mapping of YAML or JSON describes; a model as it is.

        Raises:
            ValueError: there is no such kind, or a key or value is wrong.
        """
        if not isinstance(content, dict):
            return content
        kind = content.get("kind", cls.default_kind)
        if kind not in cls.kinds:
            raise ValueError(f"kind {kind!r} does not exist; choose one of {', '.join(cls.kinds)}")
        # JSON mode: as strict as the file that the mapping comes from, which knows no tuples.
        return cls.kinds[kind].model_validate_json(json.dumps(content, default=str))
