"""Presets of training as JSON files, read into frozen dataclasses."""

import dataclasses
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from singalike.errors import FieldViolation, InvalidInputError, NotFoundError

T = TypeVar("T")

SHIPPED_PRESETS = Path(__file__).parent / "presets"
"""Files MODEL-NAME.json inside the package."""


DEFAULT = "default"


def read_preset(model: str, preset: str, kind: type[T], folder: Path = SHIPPED_PRESETS) -> T:
    """Read a preset by its name or from a file of one's own.

    Args:
        model: What is trained: "melody".
        preset: Name of a shipped preset, or path of a JSON file. "default" always exists: where no file has the name,
            it is the defaults of the dataclass.
        kind: A frozen dataclass; settings that the file leaves out keep their defaults.
        folder: Of the named presets.

    Raises:
        NotFoundError: PRESET_NOT_FOUND, listing the names that there are.
        InvalidInputError: BAD_PRESET, naming each setting that is unknown or of the wrong type.
    """
    named = folder / f"{model}-{preset}.json"
    if preset == DEFAULT and not named.exists():
        return kind()
    file = named if named.exists() else Path(preset)
    try:
        values = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        names = ", ".join(preset_names(model, folder)) or "none is shipped"
        raise NotFoundError("PRESET_NOT_FOUND", f"no preset {preset!r} of {model}: name a file, or {names}") from error
    except ValueError as error:
        raise InvalidInputError("BAD_PRESET", f"{file} is not JSON: {error}") from error
    return from_json(kind, values, str(file))


def preset_names(model: str, folder: Path = SHIPPED_PRESETS) -> list[str]:
    """List the shipped presets of a model."""
    return sorted(file.stem.removeprefix(f"{model}-") for file in folder.glob(f"{model}-*.json"))


def from_json(kind: type[T], values: Any, source: str) -> T:
    """Build a dataclass, with dataclasses and tuples inside, from JSON values.

    Args:
        kind: The dataclass.
        values: What `json.loads` returned.
        source: Named in the error.

    Raises:
        InvalidInputError: BAD_PRESET.
    """
    wrong: list[FieldViolation] = []
    built = _build(kind, values, "", wrong)
    if wrong:
        listed = "; ".join(f"{violation.field} {violation.description}" for violation in wrong)
        raise InvalidInputError("BAD_PRESET", f"{source}: {listed}", tuple(wrong))
    assert isinstance(built, kind)
    return built


def _build(kind: Any, value: Any, path: str, wrong: list[FieldViolation]) -> Any:
    """Convert one value, or note what is wrong with it under its path."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType} and type(None) in inner:
        return None if value is None else _build(inner[0], value, path, wrong)
    if dataclasses.is_dataclass(kind):
        return _build_record(kind, value, path, wrong)
    if origin is tuple and isinstance(value, list) and (inner[-1] is Ellipsis or len(inner) == len(value)):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        return tuple(_build(kinds[place], item, f"{path}[{place}]", wrong) for place, item in enumerate(value))
    if kind is float and type(value) is int:
        return float(value)
    if not (value in inner if origin is Literal else type(value) is kind):
        wanted = f"one of {', '.join(map(str, inner))}" if origin is Literal else getattr(kind, "__name__", str(kind))
        wrong.append(FieldViolation(path or "the preset", f"must be {wanted}, not {json.dumps(value)}"))
    return value


def _build_record(kind: Any, value: Any, path: str, wrong: list[FieldViolation]) -> Any:
    if not isinstance(value, Mapping):
        wrong.append(FieldViolation(path or "the preset", "must be an object of settings"))
        return None
    hints, names = get_type_hints(kind), [field.name for field in dataclasses.fields(kind)]
    before = len(wrong)
    built = {}
    for name, inner in value.items():
        place = f"{path}.{name}" if path else name
        if name in names:
            built[name] = _build(hints[name], inner, place, wrong)
        else:
            wrong.append(FieldViolation(place, f"is unknown: use {', '.join(names)}"))
    return kind(**built) if len(wrong) == before else None
