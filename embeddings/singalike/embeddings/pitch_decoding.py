"""From the posterior of a pitch head to a pitch track without octave jumps.

Octave errors are short: the posterior of a few frames moves to a harmonic while its neighbours stay. A Viterbi path
pays for every semitone it moves, up to the price of a free jump, so a short error is dearer than staying, and a real
leap is paid once. Around the path each frame's own posterior gives the fraction of a semitone.

Source:
    Mauch & Dixon 2014, pYIN, section 2.2 (hidden Markov pitch tracking), https://doi.org/10.1109/ICASSP.2014.6853678.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.special import expit, log_softmax

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.tcae import TcaePreset

Floats = NDArray[np.float32]

SEMITONE_COST = 0.6
"""Nats for moving the path by one semitone within one block of frames."""

JUMP_COST = 5.0
"""Nats for moving anywhere."""

VOICED_FROM = 0.5
_BLOCK = 2
"""Frames that share one step of the path: 32 ms."""

_REACH = 2
"""Bins on each side of the path that take part in the fraction: one semitone."""


def viterbi_path(scores: Floats, bin_cost: float, jump_cost: float) -> NDArray[np.int64]:
    """Find the path of highest score minus the price of its moves.

    Args:
        scores: float32 (steps, bins), log posteriors.
        bin_cost: Price of moving by one bin in one step.
        jump_cost: The highest price of a move.

    Returns:
        Bins of the path, int64 (steps,).
    """
    steps, bins = scores.shape
    apart = np.abs(np.arange(bins)[:, None] - np.arange(bins)[None, :])
    moves = -np.minimum(apart * bin_cost, jump_cost).astype(np.float32)
    came_from = np.empty((steps, bins), dtype=np.int64)
    best = scores[0].copy()
    for step in range(1, steps):
        reached = moves + best
        came_from[step] = reached.argmax(axis=1)
        best = reached[np.arange(bins), came_from[step]] + scores[step]
        best -= best.max()
    path = np.empty(steps, dtype=np.int64)
    path[-1] = best.argmax()
    for step in range(steps - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path


def decode_pitch(pitch_logits: Floats, voicing_logits: Floats, preset: TcaePreset, hop_s: float) -> PitchTrack:
    """Decode one recording's pitch head.

    Args:
        pitch_logits: float32 (frames, pitch_bins).
        voicing_logits: float32 (frames,).
        preset: Says what the bins mean.
        hop_s: Seconds from one frame to the next.

    Returns:
        The pitch track, one value a frame.
    """
    frames = len(voicing_logits)
    voicing = expit(uniform_filter1d(voicing_logits, 3, mode="nearest")).astype(np.float32)
    logs = log_softmax(pitch_logits, axis=1)
    # An unvoiced frame says nothing about pitch, so the path crosses a pause at the price of its moves alone.
    weighted = logs * voicing[:, None]
    blocks = np.add.reduceat(weighted, np.arange(0, frames, _BLOCK), axis=0)
    path = viterbi_path(blocks, SEMITONE_COST / preset.bins_per_semitone, JUMP_COST)
    bins = _refine(logs, np.repeat(path, _BLOCK)[:frames])
    midi_pitch = preset.lowest_midi + bins / preset.bins_per_semitone
    f0_hz = np.where(voicing >= VOICED_FROM, midi_to_hz(midi_pitch), np.nan)
    return PitchTrack(f0_hz.astype(np.float32), voicing, hop_s)


def _refine(logs: Floats, path: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average the bins around each frame's own peak near the path, weighted by the posterior."""
    near = np.clip(path[:, None] + np.arange(-3, 4), 0, logs.shape[1] - 1)
    peak = near[np.arange(len(path)), np.take_along_axis(logs, near, axis=1).argmax(axis=1)]
    around = np.clip(peak[:, None] + np.arange(-_REACH, _REACH + 1), 0, logs.shape[1] - 1)
    weights = np.exp(np.take_along_axis(logs, around, axis=1))
    return np.asarray((weights * around).sum(axis=1) / weights.sum(axis=1))
