"""What an engine has learnt of a voice, on disk."""

from pathlib import Path

import numpy as np
import pytest

from singalike.conversion.engine import ConvertOptions, EngineInfo, TargetVoice
from singalike.conversion.target_voice import ARRAYS, MANIFEST, load_target_voice, save_target_voice
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError

VOICE = TargetVoice("tiny", "1", {"mean": np.arange(3, dtype=np.float32)}, {"voice_s": 31.5, "median_midi": 60.0})


def test_a_saved_voice_comes_back(tmp_path: Path) -> None:
    save_target_voice(VOICE, tmp_path / "voice")

    loaded = load_target_voice(tmp_path / "voice")

    assert (loaded.engine, loaded.engine_version, loaded.facts) == ("tiny", "1", VOICE.facts)
    np.testing.assert_array_equal(loaded.arrays["mean"], VOICE.arrays["mean"])


def test_a_voice_that_is_absent_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        load_target_voice(tmp_path)

    assert caught.value.reason == "TARGET_VOICE_NOT_FOUND"


@pytest.mark.parametrize("file", [ARRAYS, MANIFEST])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 64])
def test_damage_is_noticed(tmp_path: Path, file: str, damage: bytes) -> None:
    save_target_voice(VOICE, tmp_path)
    (tmp_path / file).write_bytes(damage)

    with pytest.raises(WrongStateError) as caught:
        load_target_voice(tmp_path)

    assert caught.value.reason == "TARGET_VOICE_DAMAGED"


def test_arrays_of_another_voice_are_damage(tmp_path: Path) -> None:
    save_target_voice(VOICE, tmp_path / "one")
    other = TargetVoice("tiny", "1", {"mean": np.ones(3, dtype=np.float32)}, VOICE.facts)
    save_target_voice(other, tmp_path / "other")
    (tmp_path / "one" / ARRAYS).write_bytes((tmp_path / "other" / ARRAYS).read_bytes())

    with pytest.raises(WrongStateError) as caught:
        load_target_voice(tmp_path / "one")

    assert caught.value.reason == "TARGET_VOICE_DAMAGED"


def test_a_voice_of_another_version_is_refused() -> None:
    info = EngineInfo("tiny", "2", "Apache-2.0", "none", 1.0, 24_000)

    with pytest.raises(WrongStateError) as caught:
        VOICE.require(info)

    assert caught.value.reason == "TARGET_VOICE_OF_OTHER_ENGINE"


@pytest.mark.parametrize(
    "wrong", [{"key_shift": 25.0}, {"key_shift": float("nan")}, {"protect": -0.1}, {"retrieval_share": 1.1}]
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ConvertOptions(**wrong)

    assert caught.value.reason == "BAD_CONVERT_OPTIONS"
