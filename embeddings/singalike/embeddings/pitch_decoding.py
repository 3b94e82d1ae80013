"""From the posterior of a pitch head to a pitch track without octave jumps.

Octave errors are short: the posterior of a few frames moves to a harmonic while its neighbours stay. A Viterbi path
pays for every semitone it moves, up to the price of a free jump, so a short error is dearer than staying, and a real
leap is paid once. Around the path each frame's own posterior gives the fraction of a semitone.

Source:
    Mauch & Dixon 2014, pYIN, section 2.2 (hidden Markov pitch tracking), https://doi.org/10.1109/ICASSP.2014.6853678.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.special import expit

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

_PART, _BESIDE = 250, 64
"""Blocks that are decoded together, 8 s, and blocks to either side that are heard with them, 2 s."""

_REACH = 2
"""Bins on each side of the path that take part in the fraction: one semitone."""


def viterbi_paths(scores: Floats, bin_cost: float, jump_cost: float) -> NDArray[np.int64]:
    """Find the paths of highest score minus the price of their moves, of many recordings or parts at once.

    A step costs its distance times `bin_cost` or `jump_cost`, whichever is less, so the best way to reach every bin
    takes two running maxima, one from below and one from above, and not a table of all pairs of bins.

    Args:
        scores: float32 (parts, steps, bins), log posteriors.
        bin_cost: Price of moving by one bin in one step.
        jump_cost: The highest price of a move.

    Returns:
        Bins of the paths, int64 (parts, steps).

    Source:
        Felzenszwalb & Huttenlocher 2012, Distance transforms of sampled functions, section 4 (truncated linear costs).
    """
    parts, steps, bins = scores.shape
    ramp = bin_cost * np.arange(bins, dtype=np.float32)
    ended = np.empty((steps, parts, bins), dtype=np.float32)
    ended[0] = best = scores[:, 0]
    for step in range(1, steps):
        from_below = np.maximum.accumulate(best + ramp, axis=1) - ramp
        from_above = np.maximum.accumulate((best - ramp)[:, ::-1], axis=1)[:, ::-1] + ramp
        top = best.max(axis=1, keepdims=True)
        reached = np.maximum(np.maximum(from_below, from_above), top - np.float32(jump_cost))
        ended[step] = best = reached - top + scores[:, step]
    moves = np.minimum(np.abs(np.arange(bins)[:, None] - np.arange(bins)) * bin_cost, jump_cost).astype(np.float32)
    path = np.empty((parts, steps), dtype=np.int64)
    path[:, -1] = ended[-1].argmax(axis=1)
    for step in range(steps - 1, 0, -1):
        path[:, step - 1] = (ended[step - 1] - moves[path[:, step]]).argmax(axis=1)
    return path


def viterbi_path(scores: Floats, bin_cost: float, jump_cost: float) -> NDArray[np.int64]:
    """Find the path of one recording, a long one in parts that are decoded side by side.

    What was sung pulls at a path with the price of one jump at most, which a few clear frames outweigh: a part that is
    decoded with two seconds to either side agrees with the path through the whole.

    Args:
        scores: float32 (steps, bins), log posteriors.
        bin_cost: Price of moving by one bin in one step.
        jump_cost: The highest price of a move.

    Returns:
        Bins of the path, int64 (steps,).
    """
    steps, bins = scores.shape
    if steps <= _PART + 2 * _BESIDE:
        return np.asarray(viterbi_paths(scores[None], bin_cost, jump_cost)[0])
    parts = -(-steps // _PART)
    padded = np.zeros((parts * _PART + 2 * _BESIDE, bins), dtype=np.float32)
    padded[_BESIDE : _BESIDE + steps] = scores
    windows = np.stack([padded[first : first + _PART + 2 * _BESIDE] for first in range(0, parts * _PART, _PART)])
    inner = viterbi_paths(windows, bin_cost, jump_cost)[:, _BESIDE : _BESIDE + _PART]
    return np.asarray(inner.reshape(-1)[:steps])


def smooth_voicing(voicing_logits: Floats) -> Floats:
    """Probability that each frame is voiced, over three frames; voiced is what reaches `VOICED_FROM`."""
    return np.asarray(expit(uniform_filter1d(voicing_logits, 3, mode="nearest")), dtype=np.float32)


def decode_pitch(pitch_logits: Floats, voicing_logits: Floats, preset: TcaePreset, hop_s: float) -> PitchTrack:
    """Decode one recording's pitch head.

    Args:
        pitch_logits: float32 (frames, pitch_bins), the network's, or these and what else is known of the pitch.
        voicing_logits: float32 (frames,).
        preset: Says what the bins mean.
        hop_s: Seconds from one frame to the next.

    Returns:
        The pitch track, one value a frame.
    """
    frames = len(voicing_logits)
    voicing = smooth_voicing(voicing_logits)
    logs = torch.log_softmax(torch.from_numpy(pitch_logits), 1).numpy()
    # An unvoiced frame says nothing about pitch, so the path crosses a pause at the price of its moves alone.
    weighted = np.zeros((-(-frames // _BLOCK) * _BLOCK, logs.shape[1]), dtype=np.float32)
    np.multiply(logs, voicing[:, None], out=weighted[:frames])
    blocks = weighted.reshape(-1, _BLOCK, logs.shape[1]).sum(axis=1)
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
