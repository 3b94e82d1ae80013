"""A catalogue of hummers, whom the small ear tells apart."""

from hashlib import sha256
from pathlib import Path

import numpy as np

from singalike.audio.sound import Sound
from singalike.services import bootstrap
from singalike.services.records import TrackInfo
from singalike.services.settings import read_settings
from tests.support.fake_ear import FakeEar

SAMPLE_RATE = 16_000
EAR = FakeEar()


def hum(singer: int, take: int, seconds: float = 12.0) -> np.ndarray:
    """Sum harmonics whose balance belongs to the singer."""
    balance = np.random.default_rng(singer).uniform(0.05, 1.0, 12)
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    f0_hz = 180.0 + 15.0 * singer + 0.2 * take
    tones = [gain * np.sin(2 * np.pi * f0_hz * (place + 1) * time_s) for place, gain in enumerate(balance)]
    return np.asarray(0.05 * np.sum(tones, axis=0), dtype=np.float32)


def write_hummers(folder: Path, singers: int, takes: int, genres: tuple[str | None, ...] = (None,)) -> None:
    """Write a catalogue of hummers, whose names look like markup; singers have the genres in turn."""
    catalogue = bootstrap.open_catalogue(read_settings(data_dir=folder))
    for singer in range(singers):
        for take in range(takes):
            waveform = hum(singer, take)
            [profile] = EAR.encode([Sound(waveform[None], SAMPLE_RATE)])
            genre = genres[singer % len(genres)]
            info = TrackInfo(f"[bold]Hummer {singer}", f"Hum {singer} no. {take}", genre=genre)
            catalogue.add_track(info, sha256(waveform.tobytes()).hexdigest(), 12.0, "identity", profile)
    catalogue.close()
