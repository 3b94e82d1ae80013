"""Accompaniments for the training of a separator: songs without their singer, played by a band that is drawn anew."""

import numpy as np
from numpy.random import Generator

from singalike.audio.sound import Sound
from singalike.audio.synthesis import STYLES, accompany, compose_chords
from singalike.embeddings.training.band import arrange
from singalike.embeddings.training.band_midi import band_midi
from singalike.embeddings.training.mastering import finish
from singalike.embeddings.training.scores import Score
from singalike.embeddings.training.soundfont import SoundFont

SAMPLE_RATE = 16_000
SHORTEST_S, LONGEST_S = 20.0, 40.0
"""Lengths of an accompaniment, in seconds."""


def band_backing(score: Score, melody: bool, soundfont: SoundFont, rng: Generator) -> Sound:
    """Play an excerpt of a song in another key and tempo, with sampled instruments.

    Args:
        score: The song.
        melody: Whether an instrument plays what is sung; otherwise nobody does.
        soundfont: Plays it.
        rng: Source of all chance.

    Returns:
        float32 (2, samples), 20 to 40 s at 16 000 Hz; shorter where the song is.

    Raises:
        InvalidInputError: SCORE_EMPTY, nobody plays for that long.
        UnavailableError: FLUIDSYNTH_FAILED.
    """
    seconds = float(rng.uniform(SHORTEST_S, LONGEST_S))
    tempo_bpm = score.tempo_bpm * float(np.exp(rng.normal(0.0, 0.12)))
    beats = seconds * tempo_bpm / 60.0
    players = arrange(_busy_excerpt(score, beats, rng), melody, rng)
    sound = soundfont.play(band_midi(players, tempo_bpm, int(rng.integers(-6, 7))), rng)
    samples = round(seconds * sound.sample_rate)
    return finish(Sound(sound.waveform[:, :samples], sound.sample_rate), SAMPLE_RATE, rng)


def invented_backing(rng: Generator) -> Sound:
    """Play a loop of chords with instruments of our own synthesis; result as of `band_backing`."""
    name = str(rng.choice(sorted(STYLES)))
    style = STYLES[name]
    tempo_bpm, seconds = float(rng.uniform(*style.tempo_bpm)), float(rng.uniform(SHORTEST_S, LONGEST_S))
    scale, tonic = str(rng.choice(style.scales)), int(rng.integers(12))
    chords = compose_chords(rng, seconds, tonic, scale, tempo_bpm, style.sevenths)
    return finish(accompany(chords, name, tempo_bpm, rng, 2 * SAMPLE_RATE), SAMPLE_RATE, rng)


def _busy_excerpt(score: Score, beats: float, rng: Generator) -> Score:
    """Cut an excerpt that begins with a bar; of three places the one with most notes beside the melody."""
    bars = max(int((score.beats - beats) / score.beats_a_bar), 0)
    places = [score.excerpt(float(bar) * score.beats_a_bar, beats) for bar in rng.integers(0, bars + 1, 3)]
    return max(places, key=lambda place: sum(len(part.notes) for part in place.parts if not part.sung))
