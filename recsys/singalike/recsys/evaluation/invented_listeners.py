"""Does the blend find what listeners choose next? Invented ones, of whom voice, range and taste are known.

Listeners who teach and listeners who are asked for are apart. A person who is asked for has sung some seconds and has a
history of 0 to 40 choices; to be found is what they choose next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.blend import BlendPreset, blend
from singalike.recsys.evaluation.contest import Contest
from singalike.recsys.evaluation.listener_world import World
from singalike.recsys.evaluation.others_methods import choices, item_cosines, ranked_by_pairs
from singalike.recsys.evaluation.taught import TODAY, Taught, attitude_of
from singalike.recsys.key_fit import choose_keys
from singalike.recsys.medoids import unit_rows
from singalike.recsys.presets import SINGERS, SONGS
from singalike.recsys.query import voice_query
from singalike.recsys.ranking_metrics import Values
from singalike.recsys.signals import LISTENER_SIGNALS, VOICE_SIGNALS, singer_listener_signals, singer_signals
from singalike.recsys.song_demands import singing_voice
from singalike.recsys.songs import song_listener_signals, song_signals

BLEND, RANDOM, ITEM_COSINES, BPR = "blend", "random", "item-item cosine (implicit)", "BPR (implicit)"
JUDGED_SIGNALS = (*VOICE_SIGNALS, *LISTENER_SIGNALS)


@dataclass(frozen=True, eq=False)
class Heard:
    """What the recommender says of every asked listener.

    Attributes:
        signals: By name, float64 (listeners, candidates), in [0, 1] or NaN.
        events: int64 (listeners,), events behind each one's taste.
    """

    signals: Mapping[str, Values]
    events: NDArray[np.int64]

    def blended(self, preset: BlendPreset) -> Values:
        """Score all candidates as the recommender does, taste growing with the events; float64 (listeners, candidates).

        Args:
            preset: Weights.
        """
        rows = []
        for row, count in enumerate(self.events.tolist()):
            signals = {name: values[row] for name, values in self.signals.items()}
            rows.append(blend(signals, preset.with_taste_of(count)).score)
        return np.stack(rows)


def hear_listeners(world: World, taught: Taught, voices: Sequence[VoiceProfile], seed: int) -> Mapping[str, Heard]:
    """Compute all signals of singers and of songs for the asked listeners.

    Args:
        world: Who did what.
        taught: What was learnt.
        voices: Recordings of the asked listeners.
        seed: Of what they did with what they chose.

    Returns:
        By what is ranked, `SINGERS` and `SONGS`.
    """
    random = np.random.default_rng([seed, 3])
    view = taught.catalogue.view
    tables: dict[str, list[Mapping[str, Values]]] = {SINGERS: [], SONGS: []}
    events = []
    for voice, history in zip(voices, world.histories[world.taught :], strict=True):
        taste = taught.taste(attitude_of(history, taught.catalogue, random))
        query = voice_query(voice, view)
        singers = singer_signals(query, view, taught.catalogue.find_hits(voice))
        keys = choose_keys(view.demands, singing_voice(voice))
        songs = song_signals(query, view, singers, keys)
        events.append(taste.event_count)
        popularity = taught.popularity
        tables[SINGERS].append({**singers, **singer_listener_signals(view, taste, popularity, TODAY)})
        tables[SONGS].append({**songs, **song_listener_signals(view, taste, popularity, TODAY)})
    return {ranks: _gathered(rows, events) for ranks, rows in tables.items()}


def contests(label: str, world: World, taught: Taught) -> Mapping[str, Contest]:
    """Say what is to be found: the tracks that a listener chooses next, and their singers.

    Args:
        label: Of the world.
        world: Who chooses what.
        taught: The catalogue.
    """
    view = taught.catalogue.view
    assert view.timbre is not None  # a world has singers
    tracks = np.stack([track.timbre for track in view.tracks])
    futures = world.futures
    future_singers = [world.track_singer[future] for future in futures]
    return {
        SINGERS: Contest(
            f"{label}, singers",
            marked(future_singers, len(view.singers)),
            view.timbre.centroids,
            known_by=known_by([world.track_singer[one] for one in world.histories[: world.taught]], len(view.singers)),
        ),
        SONGS: Contest(
            f"{label}, songs",
            marked(futures, len(view.tracks)),
            unit_rows(tracks - view.timbre.mean),
            known_by=known_by(world.histories[: world.taught], len(view.tracks)),
            known=marked(world.histories[world.taught :], len(view.tracks)),
        ),
    }


def contenders(world: World, heard: Heard, preset: BlendPreset, ranks: str, seed: int) -> Mapping[str, Values]:
    """Return the blend, every signal alone, and others' methods: float64 (listeners, candidates) each.

    Args:
        world: Who did what.
        heard: What the signals say.
        preset: Weights of the blend.
        ranks: `SINGERS` or `SONGS`.
        seed: Of chance and of BPR.
    """
    signals = {name: heard.signals[name] for name in JUDGED_SIGNALS if name in heard.signals}
    ours = heard.blended(preset)
    rows = [world.track_singer[one] for one in world.histories] if ranks == SINGERS else list(world.histories)
    taught, asked = (choices(part, ours.shape[1]) for part in (rows[: world.taught], rows[world.taught :]))
    return {
        BLEND: ours,
        **signals,
        ITEM_COSINES: item_cosines(taught, asked),
        BPR: ranked_by_pairs(taught, asked, seed),
        RANDOM: np.random.default_rng([seed, 4]).uniform(size=ours.shape),
    }


def marked(rows: Sequence[NDArray[np.intp]], candidates: int) -> NDArray[np.bool_]:
    """Mark the candidates of every query, bool (queries, candidates)."""
    marks = np.zeros((len(rows), candidates), dtype=bool)
    for query, row in enumerate(rows):
        marks[query, row] = True
    return marks


def known_by(histories: Sequence[NDArray[np.intp]], candidates: int) -> Values:
    """Return the share of people who know each candidate, as if one more knew everything."""
    return np.asarray((marked(histories, candidates).sum(axis=0) + 1.0) / (len(histories) + 1.0))


def _gathered(tables: Sequence[Mapping[str, Values]], events: Sequence[int]) -> Heard:
    return Heard({name: np.stack([table[name] for table in tables]) for name in tables[0]}, np.array(events))
