"""YAML files: read strictly, and every fault in one line."""

import json
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from settings.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
CONFLICT = ("<<<<<<< ", ">>>>>>> ")


class _Loader(yaml.SafeLoader):
    """YAML 1.1, but 1e-5 is a number, as in YAML 1.2 and in JSON, and a key stands once."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """As written, before `<<` brings keys of other mappings, which a key of its own may replace."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            first = lines.setdefault((key.tag, str(key.value)), line)
            if first != line:
                raise _TwiceError(
                    f"line {line}: the key {key.value!r} stands on line {first} already; keep one of them"
                )
        return node


class _TwiceError(yaml.YAMLError):
    """A key that stands twice in one mapping; PyYAML would take the last without a word."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]\d+$"), list("-+0123456789"))


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Reads a YAML file into a strict model.

    Raises:
        ConfigError: the file is no YAML, or a key or value is wrong; every fault is named in one line.
    """
    content = read_yaml(path)
    try:
        # JSON mode is as strict as Python mode and still takes a YAML list where the model holds a tuple.
        return model.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise ConfigError(f"{path}: {_faults(error)}; `regraft new` writes a commented example") from error
    except (ValueError, TypeError) as error:  # a circle of aliases, a date as a key
        raise ConfigError(f"{path}: not valid YAML ({' '.join(str(error).split())}); correct the file") from error


def read_yaml(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        ConfigError: it cannot be read, is no YAML, or has a key twice; one line with file, line and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_conflict(path, text)
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except _TwiceError as error:
        raise ConfigError(f"{path}: {error}") from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML ({' '.join(str(error).split())}); correct the file") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; check its rights") from error


def _refuse_conflict(path: Path, text: str) -> None:
    marker = next(((n, line) for n, line in enumerate(text.splitlines(), 1) if line.startswith(CONFLICT)), None)
    if marker is not None:
        raise ConfigError(
            f"{path}: line {marker[0]} is a conflict marker of Git ({marker[1][:30]}); "
            "resolve the conflict, or restore the file from Git"
        )


def _faults(error: ValidationError) -> str:
    """All faults in one line: key, value and rule."""
    faults = error.errors()
    places = [fault["loc"] for fault in faults]
    # A list whose items are wrong is no list that is too short.
    told = [fault for fault in faults if fault["type"] != "too_short" or not _inside(fault["loc"], places)]
    return " | ".join(_fault(fault["loc"], fault["input"], _rule(fault)) for fault in told)


def _inside(place: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    """Whether one of the places lies within another place."""
    return any(other[: len(place)] == place and len(other) > len(place) for other in places)


def _rule(fault: Any) -> str:
    """The rule that a value breaks; of a text that YAML has made something else of, what to do."""
    if fault["type"] == "string_type" and isinstance(fault["input"], bool | int | float):
        return "YAML reads this as no text (yes, no, on, off, numbers); put it in quotes"
    return str(fault["msg"])


def _fault(where: tuple[int | str, ...], value: object, rule: str) -> str:
    told = rule.removeprefix("Value error, ")
    if not where and told != rule:
        return told  # of keys that do not go together, which it names
    shown = "" if isinstance(value, dict) else f" = {value!r}"
    return f"{'.'.join(map(str, where)) or 'the file'}{shown}: {told}"
