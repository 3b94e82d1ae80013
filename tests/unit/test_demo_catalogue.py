"""The demo's catalogue: files, manifest and truth agree, and hidden voices are near but never the same."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from singalike.audio.synthesis import draw_singer, vary_singer
from singalike.services.demo.catalogue import COLUMNS, DemoCatalogue, write_demo_catalogue
from singalike.services.demo.hidden import by_distance, hidden_voice, parameter_distance
from singalike.services.demo.names import singer_names, song_titles

SECONDS = 4.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DemoCatalogue:
    return write_demo_catalogue(
        tmp_path_factory.mktemp("demo"), seed=3, singers=3, songs_per_singer=1, seconds=SECONDS, processes=1
    )


def test_every_row_of_the_manifest_is_a_finite_stereo_recording(small: DemoCatalogue) -> None:
    with small.manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 3
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        waveform, sample_rate = soundfile.read(small.manifest.parent / row["audio"], always_2d=True)
        assert waveform.shape == (round(SECONDS * sample_rate), 2)
        assert 0.05 < np.abs(waveform).max() < 1.0
        assert row["gender"] in {"female", "male"}


def test_the_truth_beside_the_manifest_names_every_parameter(small: DemoCatalogue) -> None:
    truth = json.loads((small.manifest.parent / "truth.json").read_text("utf-8"))

    assert [singer["name"] for singer in truth["singers"]] == [singer.name for singer in small.singers]
    for written, singer in zip(truth["singers"], small.singers, strict=True):
        assert written["voice"]["tract_cm"] == singer.voice.tract_cm
        assert written["tracks"][0]["audio"] == singer.tracks[0].audio


def test_the_same_seed_writes_the_same_bytes_whoever_writes_them(small: DemoCatalogue, tmp_path: Path) -> None:
    again = write_demo_catalogue(tmp_path, seed=3, singers=3, songs_per_singer=1, seconds=SECONDS)

    for singer in again.singers:
        name = singer.tracks[0].audio
        assert (tmp_path / name).read_bytes() == (small.manifest.parent / name).read_bytes()
    assert again.manifest.read_bytes() == small.manifest.read_bytes()


def test_names_and_titles_are_all_different() -> None:
    rng = np.random.default_rng(0)

    names = singer_names(["female", "male"] * 30, rng)
    titles = song_titles(400, rng)

    assert len(set(names)) == len(names)
    assert len(set(titles)) == len(titles)


def test_a_hidden_voice_is_new_and_nearest_to_the_singer_it_resembles() -> None:
    rng = np.random.default_rng(1)
    known = [draw_singer(rng) for _ in range(24)]

    nearest = []
    for index, voice in enumerate(known[:8]):
        hidden = vary_singer(voice, np.random.default_rng(index), 0.35)
        assert parameter_distance(hidden, voice) > 0.0
        nearest.append(by_distance(hidden, known)[0] == index)

    assert all(nearest)


def test_parameter_distance_is_symmetric_and_zero_only_for_the_same_voice() -> None:
    one, other = (draw_singer(np.random.default_rng(seed)) for seed in (1, 2))

    assert parameter_distance(one, one) == 0.0
    assert parameter_distance(one, other) == pytest.approx(parameter_distance(other, one), abs=1e-12)
    assert parameter_distance(one, other) > 0.5


def test_a_hidden_voice_is_a_readable_recording() -> None:
    voice = draw_singer(np.random.default_rng(0))

    hidden = hidden_voice(voice, np.random.default_rng(1), seconds=3.0)
    waveform, sample_rate = soundfile.read(io.BytesIO(hidden.audio))

    assert len(waveform) == 3 * sample_rate
    assert np.isfinite(waveform).all()
    assert hidden.voice != voice
