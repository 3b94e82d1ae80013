"""Tell lead voices from backing voices, and voices from rests of the band, where the truth is known.

usage: python -m benchmarks.lead_voice [--seeds 4] [--seconds 12]

Backing: a synthetic singer in the middle, or elsewhere, and others 6 dB below who sing the same in thirds, fourths or
octaves, all in a stereo room at -18 dB. SDR of the lead in the vocal, of the lead that is found, and of what is left
for the accompaniment against the true backing. Rests: songs of the demo with the voice 2 dB below the band, separated
by REPET-SIM; SDR of the vocal and of the voice that is found, and by how much moments without singing are quieter.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.random import default_rng
from numpy.typing import NDArray

from singalike.audio.activity import detect_activity
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.separation import RepetSimSeparator
from singalike.audio.sound import Sound, Waveform
from singalike.audio.synthesis import (
    STYLES,
    Melody,
    SingerVoice,
    accompany,
    compose_chords,
    compose_melody,
    draw_singer,
    mix,
    room,
    sing,
)
from singalike.audio.watching import nobody_watches
from singalike.conversion.song import find_lead, find_voice
from singalike.conversion.song.listening import hear_pitch, where_active
from singalike.embeddings.melody import MelodyEncoder

RATE = 44_100
BACKING_DB, ROOM_DB, BAND_DB = -6.0, -18.0, -2.0
GENDERS = ("female", "male")
GENRES = ("pop", "ballad", "rock", "folk", "jazz", "dance")


@dataclass(frozen=True)
class Scene:
    """Who stands where.

    Attributes:
        lead: Places of the lead, in degrees from the middle; -45 is left alone.
        backing: Places of backing voices, and how many semitones they are from the lead.
    """

    lead: tuple[float, ...] = (0.0,)
    backing: tuple[tuple[float, int], ...] = ()


SCENES = {
    "nobody beside the lead": Scene(),
    "a third and a fourth at 35 degrees, both sides": Scene(backing=((35.0, 4), (-35.0, -5))),
    "a third at 20 degrees": Scene(backing=((20.0, 4),)),
    "a third sung twice, left and right": Scene(backing=((45.0, 4), (-45.0, 4))),
    "an octave below, left": Scene(backing=((-45.0, -12),)),
    "a lead at 15 degrees, a third at -30": Scene(lead=(15.0,), backing=((-30.0, 4),)),
    "a third in the middle": Scene(backing=((0.0, 4),)),
    "a lead sung twice, left and right": Scene(lead=(-45.0, 45.0)),
}


def panned(voice: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Put a voice somewhere, (2, samples)."""
    angle = np.deg2rad(45.0 + degrees)
    return np.asarray(np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]]) * voice[None])


def in_room(voices: NDArray[np.float64], seed: tuple[int, ...]) -> Waveform:
    """Add what a room answers, in stereo."""
    rng = default_rng(seed)
    decay = np.exp(-np.arange(round(0.6 * RATE)) / (0.12 * RATE))
    answers = [rng.standard_normal(len(decay)) * decay for _ in range(2)]
    wet = np.stack([scipy.signal.fftconvolve(voices.mean(axis=0), answer)[: voices.shape[1]] for answer in answers])
    level = 10.0 ** (ROOM_DB / 20.0) * np.sqrt(np.square(voices).mean() / max(float(np.square(wet).mean()), 1e-20))
    return np.asarray(voices + level * wet, dtype=np.float32)


def line(voice: SingerVoice, melody: Melody, seed: tuple[int, ...], seconds: float) -> NDArray[np.float64]:
    """Sing a melody, (samples,)."""
    sung = resample(sing(voice, melody, 24_000, default_rng(seed)), RATE).waveform[0]
    samples = round(seconds * RATE)
    return np.pad(sung, (0, max(0, samples - len(sung))))[:samples].astype(np.float64)


def staged(scene: Scene, seed: int, seconds: float) -> tuple[Waveform, Waveform]:
    """Lead and backing, (2, samples) each."""
    rng = default_rng(seed)
    singers = [draw_singer(rng, GENDERS[(seed + number) % 2]) for number in range(3)]
    melody = compose_melody(rng, singers[0].centre_midi, seconds, "major", 100.0)
    lead, backing = (np.zeros((2, round(seconds * RATE))) for _ in range(2))
    for number, place in enumerate(scene.lead):
        lead += panned(line(singers[0], melody, (seed, 1, number), seconds), place) / np.sqrt(len(scene.lead))
    for number, (place, semitones) in enumerate(scene.backing):
        voice = line(singers[1 + number % 2], melody.transposed(semitones), (seed, 2, number), seconds)
        backing += 10.0 ** (BACKING_DB / 20.0) * panned(voice, place)
    return in_room(lead, (seed, 3)), in_room(backing, (seed, 4)) if scene.backing else backing.astype(np.float32)


def leaky(seed: int, seconds: float) -> tuple[Sound, Waveform]:
    """A song of the demo, and the voice in it, (samples,)."""
    rng = default_rng((77, seed))
    voice, genre = draw_singer(rng, GENDERS[seed % 2]), GENRES[seed % len(GENRES)]
    style = STYLES[genre]
    tempo_bpm, scale, tonic = float(rng.uniform(*style.tempo_bpm)), str(rng.choice(style.scales)), int(rng.integers(12))
    chords = compose_chords(rng, seconds, tonic, scale, tempo_bpm, style.sevenths)
    melody = compose_melody(rng, voice.centre_midi, seconds, scale, tempo_bpm, tonic, chords)
    vocal = room(sing(voice, melody, rng=rng), rng)
    song = mix(vocal, accompany(chords, genre, tempo_bpm, rng), BAND_DB)
    samples, mono = song.waveform.shape[-1], vocal.mono().waveform[0]
    alone = np.pad(mono, (0, max(0, samples - len(mono))))[:samples]
    both = song.mono().waveform[0]
    # The mixer turns the voice up or down; correlation with the mix tells by how much.
    return song, (alone * float(both @ alone) / float(alone @ alone)).astype(np.float32)


def sdr_db(wanted: Waveform, got: Waveform) -> float:
    """Signal to distortion ratio."""
    error = float(np.square(wanted - got).sum())
    return 10.0 * np.log10(float(np.square(wanted).sum()) / error) if error > 0 else np.inf


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=12.0)
    options = parser.parse_args()
    head = MelodyEncoder.load()

    def heard(vocal: Sound) -> PitchTrack:
        return where_active(hear_pitch(vocal, head, nobody_watches), detect_activity(vocal))

    print("scene | lead in the vocal, dB | lead found | backing left over")
    for name, scene in SCENES.items():
        rows = [backing_row(*staged(scene, seed, options.seconds), heard) for seed in range(options.seeds)]
        print(name, *(f"{value:.1f}" for value in np.mean(rows, axis=0)), sep=" | ", flush=True)
    rests = [rests_row(*leaky(seed, options.seconds), heard) for seed in range(options.seeds)]
    print("\nvoice in REPET-SIM's vocal, dB | voice found | pauses quieter by, dB")
    print(*(f"{value:.1f}" for value in np.mean(rests, axis=0)), sep=" | ")


def backing_row(lead: Waveform, backing: Waveform, heard: Callable[[Sound], PitchTrack]) -> tuple[float, float, float]:
    """SDR of the lead before and after, and of the backing afterwards (NaN without one)."""
    vocal = Sound(lead + backing, RATE)
    found = find_lead(vocal, heard(vocal), nobody_watches).waveform
    left_over = sdr_db(backing, vocal.waveform - found) if backing.any() else np.nan
    return sdr_db(lead, vocal.waveform), sdr_db(lead, found), left_over


def rests_row(song: Sound, voice: Waveform, heard: Callable[[Sound], PitchTrack]) -> tuple[float, float, float]:
    """SDR of the voice before and after, and how much quieter pauses are."""
    vocal = RepetSimSeparator().separate(song)
    found, before = find_voice(vocal, heard(vocal), nobody_watches).waveform[0], vocal.mono().waveform[0]
    power = scipy.ndimage.uniform_filter1d(np.square(voice, dtype=np.float64), song.sample_rate // 10)
    pause = power < 1e-5 * power.max()
    quieter = 10.0 * np.log10(np.square(before[pause]).sum() / max(float(np.square(found[pause]).sum()), 1e-12))
    return sdr_db(voice, before), sdr_db(voice, found), float(quieter)


if __name__ == "__main__":
    main()
