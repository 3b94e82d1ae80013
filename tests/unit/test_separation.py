import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from singalike.audio.separation import (
    HTDemucsSeparator,
    IdentitySeparator,
    MaskSeparator,
    RepetSimSeparator,
    Separator,
    best_separator,
    load_htdemucs,
    save_htdemucs,
)
from singalike.audio.separation.stft import Stft
from singalike.audio.sound import Sound, Waveform
from singalike.errors import WrongStateError
from tests.support.recordings import tone

RATE = 16_000
ROUNDING = 1e-5
LEAST_GAIN_DB = 4.0
TINY = {
    "sources": ["drums", "bass", "other", "vocals"],
    "channels": 8,
    "depth": 2,
    "t_layers": 1,
    "nfft": 1024,
    "segment": 0.25,
}


def song(seed: int = 0) -> tuple[Waveform, Waveform]:
    """A bar of chords played eight times, and a voice over it that never sings the same twice."""
    random = np.random.default_rng(seed)
    bar = np.concatenate([tone(0.5, RATE, f0_hz=f0_hz) for f0_hz in (130.8, 174.6, 196.0, 130.8)], axis=1)
    accompaniment = np.tile(bar, (1, 8))
    notes = [tone(0.4, RATE, f0_hz=float(random.uniform(250, 600))) for _ in range(40)]
    return accompaniment, np.concatenate(notes, axis=1)[:, : accompaniment.shape[1]]


def sdr_db(wanted: Waveform, got: Waveform) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - got) ** 2)))


def tiny_model(folder: Path) -> Path:
    import torch
    from demucs.htdemucs import HTDemucs

    torch.manual_seed(0)
    save_htdemucs(HTDemucs(**TINY), TINY, folder)
    return folder


def test_the_transform_is_inverted_exactly() -> None:
    waveform = np.random.default_rng(3).normal(0, 0.2, 10_001).astype(np.float32)
    stft = Stft(1024)

    rebuilt = stft.rebuild(stft.analyse(waveform), len(waveform))

    assert np.abs(rebuilt - waveform).max() < ROUNDING


def test_frames_that_overlap_fourfold_are_inverted_between_the_ends() -> None:
    waveform = np.random.default_rng(3).normal(0, 0.2, 10_001).astype(np.float32)
    stft = Stft(1024, overlap=4)

    rebuilt = stft.rebuild(stft.analyse(waveform), len(waveform))

    inside = slice(stft.hop, -stft.hop)
    assert np.abs(rebuilt[inside] - waveform[inside]).max() < ROUNDING


def test_some_frames_are_what_they_are_among_all() -> None:
    waveform = np.random.default_rng(3).normal(0, 0.2, 10_001).astype(np.float32)
    stft = Stft(1024, overlap=4)

    some = stft.analyse(waveform, slice(30, 60))

    whole = stft.analyse(waveform)
    assert np.array_equal(some[: len(whole) - 30], whole[30:])
    assert not some[len(whole) - 26 :].any()


def test_repetition_is_taken_out_of_a_song() -> None:
    accompaniment, vocals = song()
    mixture = Sound(accompaniment + vocals, RATE)

    estimate = RepetSimSeparator().separate(mixture).waveform

    assert sdr_db(vocals, estimate) > sdr_db(vocals, mixture.waveform) + LEAST_GAIN_DB


@pytest.mark.parametrize("separator", [RepetSimSeparator, MaskSeparator])
@pytest.mark.parametrize(("sample_rate", "channels", "samples"), [(44_100, 2, 50_001), (8000, 1, 4001), (48_000, 1, 1)])
def test_vocals_have_the_shape_of_the_mixture(
    sample_rate: int, channels: int, samples: int, separator: Callable[[], Separator]
) -> None:
    waveform = np.random.default_rng(4).normal(0, 0.1, (channels, samples)).astype(np.float32)

    vocals = separator().separate(Sound(waveform, sample_rate))

    assert vocals.waveform.shape == waveform.shape
    assert vocals.waveform.dtype == np.float32
    assert vocals.sample_rate == sample_rate
    assert np.isfinite(vocals.waveform).all()


@pytest.mark.parametrize("separator", [RepetSimSeparator, MaskSeparator])
def test_silence_stays_silent(separator: Callable[[], Separator]) -> None:
    vocals = separator().separate(Sound(np.zeros((2, RATE), np.float32), RATE))

    assert not vocals.waveform.any()


def test_a_voice_alone_goes_through_the_identity_untouched() -> None:
    sound = Sound(tone(), RATE)

    assert IdentitySeparator().separate(sound) is sound


def test_without_weights_the_shipped_separator_is_the_best(tmp_path: Path) -> None:
    assert best_separator().name == "unet"
    assert best_separator(tmp_path).name == "unet"


def test_a_saved_model_separates_as_before(tmp_path: Path) -> None:
    pytest.importorskip("demucs", reason="the extra `separation` is not installed")
    folder = tiny_model(tmp_path)
    sound = Sound(tone(0.7, 22_050, 2), 22_050)

    separator = best_separator(folder)
    vocals = separator.separate(sound)

    assert separator.name == "htdemucs"
    assert vocals.waveform.shape == sound.waveform.shape
    assert np.isfinite(vocals.waveform).all()
    assert np.array_equal(vocals.waveform, HTDemucsSeparator(folder).separate(sound).waveform)


def test_mono_sound_comes_back_as_mono(tmp_path: Path) -> None:
    pytest.importorskip("demucs", reason="the extra `separation` is not installed")
    sound = Sound(tone(0.3, 44_100), 44_100)

    vocals = HTDemucsSeparator(tiny_model(tmp_path)).separate(sound)

    assert vocals.waveform.shape == sound.waveform.shape


def test_weights_that_are_not_the_listed_ones_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("demucs", reason="the extra `separation` is not installed")
    folder = tiny_model(tmp_path)
    weights = folder / "htdemucs.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")

    with pytest.raises(WrongStateError) as caught:
        best_separator(folder)

    assert caught.value.reason == "SEPARATOR_DAMAGED"


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("demucs", reason="the extra `separation` is not installed")
    folder = tiny_model(tmp_path)
    config = json.loads((folder / "htdemucs.json").read_text())
    config["arguments"]["channels"] = 16
    (folder / "htdemucs.json").write_text(json.dumps(config))

    with pytest.raises(WrongStateError) as caught:
        load_htdemucs(folder)

    assert caught.value.reason == "SEPARATOR_DAMAGED"


class StoppedError(Exception):
    """What a watcher raises who has seen enough."""


@pytest.mark.parametrize("name", ["repet-sim", "unet", "htdemucs"])
def test_who_watches_a_separation_sees_it_grow_and_may_stop_it(name: str, tmp_path: Path) -> None:
    separators = {"repet-sim": RepetSimSeparator, "unet": MaskSeparator}
    separator = HTDemucsSeparator(tiny_model(tmp_path)) if name == "htdemucs" else separators[name]()
    accompaniment, vocals = song()
    seconds = 1 if name == "htdemucs" else 40
    mixture = Sound(np.tile(accompaniment + vocals, 3)[:, : seconds * RATE], RATE)
    shares: list[float] = []

    def stop(share: float) -> None:
        if share > 0.4:
            raise StoppedError

    watched = separator.separate(mixture, shares.append)
    with pytest.raises(StoppedError):
        separator.separate(mixture, stop)
    afterwards = separator.separate(mixture)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 2
    assert np.array_equal(watched.waveform, afterwards.waveform)


def test_a_model_is_watched_between_its_layers(tmp_path: Path) -> None:
    separator = HTDemucsSeparator(tiny_model(tmp_path))
    one_segment = Sound(song()[1][:, : RATE // 4], RATE)
    calls: list[float] = []

    separator.separate(one_segment, calls.append)

    assert len(calls) > 20
