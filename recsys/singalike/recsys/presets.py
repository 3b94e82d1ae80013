"""Presets of weights as JSON files: those that ship, and an operator's own."""

import json
import math
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from singalike.errors import InvalidInputError, NotFoundError
from singalike.recsys.blend import BlendPreset, check_signals
from singalike.recsys.signals import KEY_FIT_GAIN

SINGERS, SONGS = "singers", "songs"

SIMILAR, DUET_PARTNER, DISSIMILAR = "similar", "duet_partner", "dissimilar"
RELATIONS = (SIMILAR, DUET_PARTNER, DISSIMILAR)

POPULAR = "popular"
"""Names the preset that stands in where nothing is known of who asks."""

LONGEST_NAME, LAST_VERSION = 100, 2**31 - 1

DEFAULT_NAMES = {
    (SIMILAR, SINGERS): "voice-singers",
    (SIMILAR, SONGS): "voice-songs",
    (DUET_PARTNER, SINGERS): "duet-singers",
    (DUET_PARTNER, SONGS): "duet-songs",
    (DISSIMILAR, SINGERS): "dissimilar-singers",
    (DISSIMILAR, SONGS): "dissimilar-songs",
    (POPULAR, SINGERS): "popular-singers",
    (POPULAR, SONGS): "popular-songs",
}
"""What is used when a request names no preset."""


class Presets:
    """Presets by name and version.

    Args:
        presets: No two of one name and version.

    Raises:
        InvalidInputError: BAD_PRESET, two of one name and version.
    """

    def __init__(self, presets: Iterable[BlendPreset]) -> None:
        self._by_label: dict[str, BlendPreset] = {}
        for preset in sorted(presets, key=lambda preset: (preset.name, preset.version)):
            if preset.label in self._by_label:
                raise _bad(preset.label, "is there twice: give every change of a weight a version of its own")
            self._by_label[preset.label] = preset

    def all(self) -> tuple[BlendPreset, ...]:
        """List presets by name and version."""
        return tuple(self._by_label.values())

    def is_default(self, preset: BlendPreset) -> bool:
        """Tell whether a preset is used when nothing is asked for."""
        return preset is self.default(SIMILAR, preset.ranks)

    def default(self, relation: str, ranks: str) -> BlendPreset:
        """Return the newest preset for a relation, or for `POPULAR`."""
        return self.find(DEFAULT_NAMES[relation, ranks], ranks)

    def find(self, name: str, ranks: str = "") -> BlendPreset:
        """Return a preset by "name" (its newest version) or "name@version".

        Args:
            name: Which.
            ranks: What it has to rank; empty: either.

        Raises:
            NotFoundError: PRESET_NOT_FOUND.
        """
        fitting = [preset for preset in self.all() if ranks in ("", preset.ranks)]
        versions = [preset for preset in fitting if name in (preset.name, preset.label)]
        if not versions:
            known, what = ", ".join(preset.label for preset in fitting), f" for {ranks}" if ranks else ""
            raise NotFoundError("PRESET_NOT_FOUND", f"no preset {name!r}{what}: name one of {known}")
        return versions[-1]


def shipped_presets() -> Presets:
    """Read the presets that come with the package."""
    return Presets(_shipped())


def load_presets(folder: Path | None) -> Presets:
    """Read the presets that ship and those of an operator's folder.

    Args:
        folder: Holds *.json; None: only those that ship.

    Raises:
        InvalidInputError: BAD_PRESET, naming the file and what is wrong; NOT_READABLE.
    """
    if folder is None:
        return shipped_presets()
    if not folder.is_dir():
        raise InvalidInputError("NOT_READABLE", f"{folder} is no folder: name one that holds presets as *.json")
    own = [_read_file(path) for path in sorted(folder.glob("*.json"))]
    return Presets([*_shipped(), *own])


def _shipped() -> list[BlendPreset]:
    folder = files("singalike.recsys") / "presets"
    return [
        read_preset(entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".json")
    ]


def _read_file(path: Path) -> BlendPreset:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path.name, f"cannot be read ({error}): write it as the shipped ones are") from error
    return read_preset(path.name, text)


def read_preset(source: str, text: str) -> BlendPreset:
    """Read a preset from JSON.

    Args:
        source: Where it stands, for messages.
        text: {"name", "version", "ranks", "weights", "taste_half_weight_events", "description", "figures"}.

    Raises:
        InvalidInputError: BAD_PRESET.
    """
    try:
        fields: dict[str, Any] = json.loads(text)
        weights, figures = _numbers(fields["weights"]), _numbers(fields.get("figures", {}))
        preset = BlendPreset(
            name=str(fields["name"]),
            version=int(fields["version"]),
            weights=weights,
            ranks=str(fields["ranks"]),
            taste_half_weight_events=float(fields.get("taste_half_weight_events", 20.0)),
            description=str(fields.get("description", "")),
            figures=figures,
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise _bad(source, f"cannot be read ({error!r}): write it as the shipped ones are") from error
    _check(source, preset)
    return preset


def _numbers(fields: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in fields.items()}


def _check(source: str, preset: BlendPreset) -> None:
    if preset.ranks not in (SINGERS, SONGS):
        raise _bad(source, f'ranks is {preset.ranks!r}: say "{SINGERS}" or "{SONGS}"')
    if not 1 <= len(preset.name) <= LONGEST_NAME or set("@+") & set(preset.name):
        raise _bad(source, f'needs a name of at most {LONGEST_NAME} characters without "@" and "+"')
    if not 1 <= preset.version <= LAST_VERSION:
        raise _bad(source, f"needs a version from 1 to {LAST_VERSION}")
    if not all(text.isprintable() for text in (preset.name, preset.description, *preset.figures)):
        raise _bad(source, "holds characters that cannot be printed: leave them out")
    if (
        not all(weight >= 0.0 for weight in preset.weights.values())
        or not 0.0 < sum(preset.weights.values()) < math.inf
    ):
        raise _bad(source, "needs weights of zero or more, one of them above zero")
    if preset.ranks == SINGERS and KEY_FIT_GAIN in preset.weights:
        raise _bad(source, f"weighs {KEY_FIT_GAIN}, which only songs have: leave it out")
    if not 0.0 < preset.taste_half_weight_events < float("inf"):
        raise _bad(source, "needs taste_half_weight_events above zero")
    try:
        check_signals(preset.weights, "weights")
    except InvalidInputError as error:
        raise _bad(source, error.message) from error


def _bad(source: str, what: str) -> InvalidInputError:
    return InvalidInputError("BAD_PRESET", f"preset {source}: {what}")
