"""Presets as files: read whole, or refused by the name of what is wrong."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from singalike.embeddings.training.presets import SHIPPED_PRESETS, preset_names, read_preset
from singalike.embeddings.training.schedule import LoopPreset
from singalike.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True)
class Whole:
    loop: LoopPreset = field(default_factory=LoopPreset)
    dilations: tuple[int, ...] = (1, 2)
    range_hz: tuple[float, float] = (80.0, 7800.0)
    name: str | None = None


def write(file: Path, values: object) -> Path:
    file.write_text(json.dumps(values), "utf-8")
    return file


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    values = {"loop": {"steps": 7, "minutes": 2, "precision": "bf16"}, "dilations": [4, 8, 16], "range_hz": [1, 2]}

    preset = read_preset("any", str(write(tmp_path / "own.json", values)), Whole)

    assert preset == Whole(LoopPreset(steps=7, minutes=2.0, precision="bf16"), (4, 8, 16), (1.0, 2.0))


def test_a_preset_is_found_by_its_name(tmp_path: Path) -> None:
    write(tmp_path / "toy-quick.json", {"dilations": [3]})

    assert read_preset("toy", "quick", Whole, tmp_path).dilations == (3,)
    assert preset_names("toy", tmp_path) == ["quick"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loop": {"step": 1}}, r"loop\.step is unknown: use steps"),
        ({"loop": {"steps": "many"}}, r'loop\.steps must be int, not "many"'),
        ({"loop": {"steps": True}}, r"loop\.steps must be int, not true"),
        ({"loop": {"precision": "int8"}}, r"loop\.precision must be one of float32, bf16, fp16"),
        ({"dilations": [1, 1.5]}, r"dilations\[1\] must be int, not 1.5"),
        ({"range_hz": [1.0]}, r"range_hz must be"),
        ({"loop": {"steps": 0}}, r"steps must be at least 1"),
        ({"loop": 3}, r"loop must be an object"),
        ([], r"the preset must be an object"),
    ],
)
def test_what_is_wrong_in_a_preset_is_named(tmp_path: Path, values: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as refused:
        read_preset("any", str(write(tmp_path / "own.json", values)), Whole)

    assert refused.value.reason == "BAD_PRESET"


def test_a_preset_that_is_not_there_is_refused_with_the_names_that_are(tmp_path: Path) -> None:
    write(tmp_path / "toy-quick.json", {})

    with pytest.raises(NotFoundError, match="name a file, or quick"):
        read_preset("toy", "slow", Whole, tmp_path)


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text("steps: 3", "utf-8")

    with pytest.raises(InvalidInputError, match="is not JSON"):
        read_preset("any", str(tmp_path / "own.json"), Whole)


def test_shipped_presets_are_json_of_objects() -> None:
    for file in SHIPPED_PRESETS.glob("*.json"):
        assert isinstance(json.loads(file.read_text("utf-8")), dict), file
