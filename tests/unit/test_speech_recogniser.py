"""Speech recognisers from folders, through the code that loads real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.errors import WrongStateError
from singalike.services.adapters.speech_recogniser import load_recogniser
from tests.support.tiny_recognisers import write_ctc, write_whisper

pytest.importorskip("transformers")


def reading(seed: int = 0) -> Sound:
    noise = np.random.default_rng(seed).normal(scale=0.1, size=(2, 2 * 24_000))
    return Sound(noise.astype(np.float32), 24_000)


@pytest.mark.parametrize("write", [write_ctc, write_whisper])
def test_a_saved_recogniser_writes_the_same_words_down_each_time(write: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = write(tmp_path)

    first = load_recogniser(str(folder)).transcribe(reading(), "ko")
    again = load_recogniser(str(folder)).transcribe(reading(), "ko")

    assert first == again
    assert set(first) & set("abcdefghij")


def test_what_is_no_folder_is_fetched_from_the_hub_without_code_and_pickles(tmp_path: Path) -> None:
    asked = []

    def fetch(repository: str, patterns: tuple[str, ...]) -> Path:
        asked.append((repository, patterns))
        return write_ctc(tmp_path)

    load_recogniser("somebody/whisper-small", fetch=fetch)

    assert asked == [("somebody/whisper-small", ("*.json", "*.safetensors", "*.txt"))]


def test_a_folder_without_a_recogniser_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(WrongStateError, match="SINGALIKE_SPEECH_RECOGNISER") as refused:
        load_recogniser(str(tmp_path))

    assert refused.value.reason == "RECOGNISER_DAMAGED"
