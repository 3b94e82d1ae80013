"""Is the key that is proposed the key to sing in? Invented listeners and tracks, whose true pitches are known.

The recommender sees the notes of some seconds of a listener and those that were sung in a track; judged is how much of
the track's true sung time lies inside the listener's true tessitura.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.evaluation.invented_profiles import true_seconds
from singalike.recsys.evaluation.listener_world import World
from singalike.recsys.key_fit import MAX_SHIFT, SHIFTS, choose_keys, shares_by_shift
from singalike.recsys.ranking_metrics import Values
from singalike.recsys.song_demands import singing_voice

Shifts = NDArray[np.int64]

PROPOSED = "proposed key"
AS_GOOD = 0.02
"""A key is as good as the best one when no more than this share of the sung time is lost by it."""

NOTES = (
    "Inside: share of a track's true sung time inside the listener's true tessitura. Lost: what the best key has more.",
    "As good: share of tracks that lose no more than .02. Intervals: bootstrap over listeners.",
    "Middle to middle moves a track's median pitch onto the listener's; octaves keeps the name of the key.",
)


def judge_keys(label: str, world: World, view: CatalogueView, voices: Sequence[VoiceProfile], seed: int) -> Section:
    """Judge the proposed keys of all tracks for all asked listeners.

    Args:
        label: Which world, as the table says it.
        world: What is true.
        view: What was heard of its tracks, in the same rows.
        voices: What was heard of its asked listeners.
        seed: Of the random keys.
    """
    truth = true_seconds(world.tracks)
    random = np.random.default_rng(seed)
    inside: dict[str, list[Values]] = {}
    moved: dict[str, list[float]] = {}
    best: list[Values] = []
    sureness: list[Values] = []
    for voice, tessitura in zip(voices, world.listeners.tessitura_midi[world.taught :], strict=True):
        shares = shares_by_shift(truth, (float(tessitura[0]), float(tessitura[1])))
        best.append(shares.max(axis=1))
        keys = choose_keys(view.demands, singing_voice(voice))
        sureness.append(np.nan_to_num(keys.confidence))
        for name, shift in {PROPOSED: keys.shift, **_baselines(voice, view, random)}.items():
            inside.setdefault(name, []).append(shares[np.arange(len(shift)), shift + MAX_SHIFT])
            moved.setdefault(name, []).append(float(np.abs(shift).mean()))
    most = np.stack(best)
    rows = [_row(name, label, np.stack(found), most, moved[name]) for name, found in inside.items()]
    rows[1:1] = _by_sureness(label, most - np.stack(inside[PROPOSED]), np.stack(sureness))
    rows.append(_row("best key", label, most, most))
    return Section("recommender-keys", "The key to sing a song in, invented listeners", rows, NOTES)


def _by_sureness(label: str, lost: Values, sureness: Values) -> list[Row]:
    """Judge the proposed keys of which the recommender is surest, and those of which it is least sure."""
    edges = np.quantile(sureness, [1 / 3, 2 / 3])
    parts = {"surest third": sureness >= edges[1], "least sure third": sureness <= edges[0]}
    return [
        Row(
            f"{PROPOSED}, {name}",
            label,
            int(part.sum()),
            {"lost": Figure(float(lost[part].mean())), "as good": Figure(float((lost[part] <= AS_GOOD).mean()))},
        )
        for name, part in parts.items()
    ]


def _baselines(voice: VoiceProfile, view: CatalogueView, random: np.random.Generator) -> Mapping[str, Shifts]:
    tessitura = voice.vocal_range.tessitura_midi
    heard = np.stack([track.seconds_per_semitone for track in view.tracks])
    shares = shares_by_shift(heard, tessitura)
    octaves = np.array([0, -MAX_SHIFT, MAX_SHIFT])
    middle = _medians(voice.vocal_range.seconds_per_semitone[None])[0] - _medians(heard)
    return {
        "middle to middle": np.clip(np.rint(middle), -MAX_SHIFT, MAX_SHIFT).astype(np.int64),
        "octaves": octaves[shares[:, octaves + MAX_SHIFT].argmax(axis=1)],
        "original key": np.zeros(len(heard), dtype=np.int64),
        "random key": random.choice(SHIFTS, size=len(heard)),
    }


def _medians(seconds_per_semitone: NDArray[np.floating]) -> Values:
    filled = np.cumsum(seconds_per_semitone, axis=1)
    return np.asarray((filled >= filled[:, -1:] / 2).argmax(axis=1), dtype=np.float64)


def _row(name: str, label: str, inside: Values, best: Values, moved: Sequence[float] | None = None) -> Row:
    lost = best - inside
    figures = {
        "inside": mean_interval(inside.mean(axis=1)),
        "lost": mean_interval(lost.mean(axis=1)),
        "as good": mean_interval((lost <= AS_GOOD).mean(axis=1)),
    }
    if moved is not None:
        figures["semitones moved"] = mean_interval(moved)
    return Row(name, label, inside.size, figures, baseline=name != PROPOSED)
