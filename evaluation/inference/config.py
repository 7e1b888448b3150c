"""What a domain decides about its evaluation: the `evaluation:` section of its YAML."""

from pydantic import Field, field_validator

from settings.config import Config


class EvaluationConfig(Config):
    """By what a test set is cut into slices, and between which of them disparities are told."""

    slices: tuple[str | tuple[str, str], ...] | None = Field(
        None, description="slice columns, group or label, and pairs as lists of two; unset: every slice column"
    )
    protected: tuple[str, ...] = Field(
        (), description="slice columns whose values must be treated alike; selection and error rates are compared"
    )

    @field_validator("slices")
    @classmethod
    def _different(cls, slices: tuple[str | tuple[str, str], ...] | None) -> tuple[str | tuple[str, str], ...] | None:
        if slices is None:
            return None
        if any(not isinstance(name, str) and name[0] == name[1] for name in slices) or len(set(slices)) < len(slices):
            raise ValueError("a slice or pair is named twice; name each once, and two different columns in a pair")
        return slices

    @field_validator("protected")
    @classmethod
    def _once(cls, protected: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(protected)) < len(protected):
            raise ValueError("a column is named twice; name each once")
        return protected
