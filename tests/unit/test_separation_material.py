"""The bank that a separator is trained from: made once, the same for the same seed, never mixed with another."""

import json
from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.training.datasets import read_songs
from singalike.embeddings.training.material_bank import INDEX, read_bank
from singalike.embeddings.training.separation_material import MaterialPreset, fill_bank
from singalike.errors import WrongStateError
from tests.support.training_data import write_melodies

SMALL = MaterialPreset(held_out_voices=0, synthetic=1, songs=1, invented=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one voice and two songs."""
    return write_melodies(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank that was made without sampled instruments."""
    folder = tmp_path_factory.mktemp("bank")
    fill_bank(data, folder, None, SMALL, seed=1, say=lambda _: None)
    return folder


def test_a_bank_holds_the_voice_in_five_forms_a_synthetic_singer_and_accompaniments(folder: Path) -> None:
    bank = read_bank(folder)

    assert bank is not None
    assert sorted(voice.kind for voice in bank.voices) == [
        "effort", "expressive", "manner", "moved", "natural", "synthetic",
    ]  # fmt: skip
    assert {voice.source for voice in bank.voices} == {"someone", "synthetic"}
    assert [backing.kind for backing in bank.backings] == ["invented", "invented"]
    for entry in (*bank.voices, *bank.backings):
        sound = bank.sound(entry)
        assert sound.dtype == np.int16
        assert sound.shape[-1] == pytest.approx(entry.seconds * 16_000, abs=16)
        assert 0 < np.abs(sound.astype(np.int32)).max() < 32_000


def test_a_bank_that_is_whole_is_not_made_again(data: Path, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}

    bank = fill_bank(data, folder, None, SMALL, seed=1, say=lambda _: None)

    assert bank == read_bank(folder)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}


def test_a_bank_of_another_seed_is_not_gone_on_with(data: Path, folder: Path) -> None:
    with pytest.raises(WrongStateError) as refused:
        fill_bank(data, folder, None, SMALL, seed=2, say=lambda _: None)

    assert refused.value.reason == "BANK_DIFFERS"


def test_a_bank_that_lost_its_last_pieces_makes_them_as_they_were(data: Path, folder: Path) -> None:
    bank = read_bank(folder)
    assert bank is not None
    lost = bank.backings[-1]
    before = (folder / lost.file).read_bytes()
    index = json.loads((folder / INDEX).read_text())
    index["backings"].pop()
    index["done"] = [
        name for name in index["done"] if name != lost.file.split("/")[1].rsplit("-", 1)[0].replace("-", " ")
    ]
    (folder / INDEX).write_text(json.dumps(index))
    (folder / lost.file).unlink()

    again = fill_bank(data, folder, None, SMALL, seed=1, say=lambda _: None)

    assert (folder / lost.file).read_bytes() == before
    assert sorted(again.backings, key=str) == sorted(bank.backings, key=str)


def test_a_damaged_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("{}")

    with pytest.raises(WrongStateError) as refused:
        read_bank(tmp_path)

    assert refused.value.reason == "BANK_DAMAGED"


def test_songs_are_listed_by_name(data: Path) -> None:
    assert list(read_songs(data)) == ["001", "002"]
