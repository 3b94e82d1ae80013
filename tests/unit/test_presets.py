"""Presets as files: those that ship, and an operator's own."""

import json
from pathlib import Path

import pytest

from singalike.errors import InvalidInputError, NotFoundError
from singalike.recsys.presets import DEFAULT_NAMES, load_presets, read_preset, shipped_presets
from singalike.recsys.signals import KEY_FIT_GAIN

EXACT = 1e-9
HOUSE = {"name": "house", "version": 1, "ranks": "singers", "weights": {"timbre": 1.0}}


def refusal(text: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        read_preset("house.json", text)
    assert caught.value.reason == "BAD_PRESET"
    assert "house.json" in caught.value.message
    return caught.value.message


def test_every_relation_has_a_preset_that_weighs_to_one() -> None:
    presets = shipped_presets()

    found = [presets.default(relation, ranks) for relation, ranks in DEFAULT_NAMES]

    assert [sum(preset.weights.values()) for preset in found] == pytest.approx([1.0] * len(found), abs=EXACT)
    assert all(KEY_FIT_GAIN not in preset.weights for preset in found if preset.ranks == "singers")
    assert all(preset.description for preset in presets.all())


def test_a_name_means_its_newest_version() -> None:
    shipped = shipped_presets().find("voice-singers", "singers")

    assert shipped_presets().find(shipped.label, "singers") is not None
    assert shipped.version == max(one.version for one in shipped_presets().all() if one.name == "voice-singers")


def test_an_operators_own_version_is_used_instead_of_the_shipped_one(tmp_path: Path) -> None:
    own = {**HOUSE, "name": "voice-singers", "version": 99}
    (tmp_path / "own.json").write_text(json.dumps(own), "utf-8")

    presets = load_presets(tmp_path)

    assert presets.default("similar", "singers").weights == {"timbre": 1.0}
    assert [preset.label for preset in presets.all() if presets.is_default(preset)] == [
        "voice-singers@99",
        shipped_presets().default("similar", "songs").label,
    ]


@pytest.mark.parametrize("name", ["nobody", "voice-songs", "voice-singers@77"])
def test_an_unknown_preset_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(NotFoundError, match=r"voice-singers@\d") as caught:
        shipped_presets().find(name, "singers")

    assert caught.value.reason == "PRESET_NOT_FOUND"


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"loudness": 1.0}},
        {"weights": {"timbre": 1.0, "key_fit_gain": 1.0}},
        {"weights": {"timbre": -1.0}},
        {"weights": {"timbre": 0.0}},
        {"weights": {"timbre": "much"}},
        {"weights": {"timbre": 10**400}},
        {"weights": {"timbre": 1.7e308, "style": 1.7e308}},
        {"weights": 3},
        {"ranks": "people"},
        {"name": "house@1"},
        {"name": "house\n"},
        {"name": "h" * 101},
        {"name": "\ud800"},
        {"description": "\ud800"},
        {"figures": {"\ud800": 1.0}},
        {"version": 0},
        {"version": 2**31},
        {"version": float("inf")},
        {"taste_half_weight_events": 0},
    ],
)
def test_a_preset_that_cannot_be_used_is_refused_by_file(wrong: dict[str, object]) -> None:
    assert refusal(json.dumps({**HOUSE, **wrong}))


@pytest.mark.parametrize("text", ["", "[]", "{}", "not JSON", "[" * 100_000])
def test_a_file_that_is_no_preset_is_refused_by_file(text: str) -> None:
    assert "cannot be read" in refusal(text)


def test_a_version_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(HOUSE), "utf-8")

    with pytest.raises(InvalidInputError, match="house@1"):
        load_presets(tmp_path)


def test_a_preset_that_cannot_be_read_is_refused_by_file(tmp_path: Path) -> None:
    for number, make in enumerate((Path.mkdir, lambda path: path.write_bytes(b"\xff\xfe"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder / "house.json")

        with pytest.raises(InvalidInputError, match=r"house\.json"):
            load_presets(folder)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no folder"):
        load_presets(tmp_path / "missing")
