"""Which recordings are measured, under which conditions, and what is kept between runs."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method, Vectors
from singalike.embeddings.evaluation.conditions import CLEAN, elsewhere, middle, shifted
from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.recordings import read_measured
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.errors import InvalidInputError, NotFoundError
from tests.support.buzzing import buzzing_voice
from tests.support.measured_folders import open_bench, write_measured_folder


@pytest.fixture(scope="module")
def encoder() -> VoiceEncoder:
    return VoiceEncoder.load(device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_measured_folder(tmp_path_factory.mktemp("measured"))


def counted(heard: list[str]) -> Method:
    def embed(hearing: Hearing) -> Vectors:
        heard.append("once")
        return np.array([len(hearing.waveform), 1.0], dtype=np.float32)

    return Method(embed, "1")


def test_a_set_is_a_corpus_and_a_kind_without_what_may_train(folder: Path) -> None:
    sets = read_measured(folder).sets()

    assert list(sets) == ["toy singing"]
    assert len(sets["toy singing"]) == 12
    assert {one.use for one in sets["toy singing"]} == {"measure"}


def test_emotions_of_one_song_are_one_work() -> None:
    from singalike.embeddings.evaluation.recordings import Recording

    assert Recording("a.wav", Path("a.wav"), "singing", "s", song="song01_emo04").work == "song01"


def test_fewer_recordings_are_picked_evenly(folder: Path) -> None:
    picked = read_measured(folder).sets(most=4)["toy singing"]

    assert [one.singer for one in picked] == ["anna", "berta", "carl", "dirk"]


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"manifest\.csv"):
        read_measured(tmp_path)


def test_a_manifest_without_songs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,kind,singer\na.wav,singing,anna\n")

    with pytest.raises(InvalidInputError, match="song"):
        read_measured(tmp_path)


def test_too_few_recordings_are_no_set(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,kind,singer,song\ntoy/a.wav,singing,anna,s\n")

    with pytest.raises(InvalidInputError, match="no set of 10"):
        read_measured(tmp_path).sets()


def test_folders_of_singers_need_no_manifest(tmp_path: Path) -> None:
    for singer in ("anna", "carl"):
        (tmp_path / "mine" / singer).mkdir(parents=True)
        (tmp_path / "mine" / singer / "song.wav").touch()

    recordings = read_measured(tmp_path / "mine").recordings

    assert [(one.singer, one.song, one.set_name) for one in recordings] == [
        ("anna", "song", "mine singing"),
        ("carl", "song", "mine singing"),
    ]


def test_vectors_are_computed_once_and_kept_by_content_and_version(
    folder: Path, encoder: VoiceEncoder, tmp_path: Path
) -> None:
    first: list[str] = []
    again: list[str] = []

    def run(heard: list[str]) -> Vectors:
        bench = open_bench(folder, encoder, tmp_path)
        return bench.embed(bench.sets()["toy singing"], {"length": counted(heard)}).matrix("length")

    np.testing.assert_array_equal(run(first), run(again))
    assert (len(first), len(again)) == (12, 0)


def test_what_the_ear_refuses_is_named(folder: Path, encoder: VoiceEncoder) -> None:
    bench = open_bench(folder, encoder)
    recordings = bench.sets()["toy singing"][:2]

    embedded = bench.embed(recordings, {"timbre": Method(lambda heard: heard.profile.timbre, "1")}, middle(0.2))

    assert embedded.recordings == ()
    assert [name for name, _ in embedded.refused] == [one.name for one in recordings]


def test_the_views_of_a_hearing_are_those_of_the_profile(folder: Path, encoder: VoiceEncoder) -> None:
    bench = open_bench(folder, encoder)

    hearing = bench.hear(bench.sets()["toy singing"][0])

    np.testing.assert_allclose(encoder.timbre.embed(hearing.frames), hearing.profile.timbre, atol=1e-5)
    np.testing.assert_allclose(encoder.melody.embed(hearing.melody), hearing.profile.melody, atol=1e-5)


def test_a_cache_keeps_arrays_of_different_lengths(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    entries = {"a": np.ones((2, 3), np.float32), "b": np.zeros((5, 3), np.float32)}

    cache.save("melody steps/1", entries)
    loaded = cache.load("melody steps/1")

    assert {name: array.shape for name, array in loaded.items()} == {"a": (2, 3), "b": (5, 3)}
    np.testing.assert_array_equal(loaded["a"], entries["a"])


def test_a_damaged_cache_is_only_slower(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path)
    cache.save("table", {"a": np.ones(3, np.float32)})
    next(tmp_path.iterdir()).write_bytes(b"torn")

    assert cache.load("table") == {}


def test_another_place_is_the_same_for_a_recording_whenever_it_is_heard(folder: Path, encoder: VoiceEncoder) -> None:
    def heard(bench: Bench) -> Vectors:
        return bench.hear(bench.sets()["toy singing"][3], elsewhere()).waveform

    one, other = heard(open_bench(folder, encoder)), heard(open_bench(folder, encoder))

    np.testing.assert_array_equal(one, other)
    bench = open_bench(folder, encoder)
    assert not np.allclose(one, bench.hear(bench.sets()["toy singing"][3], CLEAN).waveform, atol=1e-3)


def test_a_shift_moves_the_pitch_by_as_many_semitones(encoder: VoiceEncoder) -> None:
    waveform = buzzing_voice(1.5, 200.0)

    moved = shifted(5.0).change(waveform, np.random.default_rng(0))

    heard = [np.nanmedian(Hearing(sound, encoder).pitch.midi_pitch) for sound in (waveform, moved)]
    assert heard[1] - heard[0] == pytest.approx(5.0, abs=0.3)


def test_an_interval_holds_the_mean_and_widens_when_whole_singers_are_drawn() -> None:
    values = [0.0] * 20 + [1.0] * 20
    singers = ["a"] * 20 + ["b"] * 20

    alone, grouped = mean_interval(values), mean_interval(values, singers)

    assert alone.value == grouped.value == 0.5
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.low < alone.low < 0.5


def test_a_mean_of_nothing_is_unknown() -> None:
    assert np.isnan(mean_interval([]).value)
