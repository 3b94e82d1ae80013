"""Does taste learnt from the earlier part of a log find what people chose later? Items have no voice here."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.section import Section
from singalike.embeddings.profile import MIDI_PITCHES
from singalike.errors import InvalidInputError
from singalike.recsys.blend import BlendPreset
from singalike.recsys.catalogue_view import CatalogueView, TrackView, build_view
from singalike.recsys.collaborative import FEWEST_LISTENERS, fit_taste_model, fold_in
from singalike.recsys.evaluation.contest import Contest
from singalike.recsys.evaluation.interaction_log import (
    FEWEST_USERS,
    InteractionLog,
    TimeSplit,
    figures_of,
    split_by_time,
)
from singalike.recsys.evaluation.invented_listeners import BLEND, BPR, ITEM_COSINES, RANDOM, Heard, known_by, marked
from singalike.recsys.evaluation.others_methods import choices, item_cosines, ranked_by_pairs
from singalike.recsys.evaluation.taught import Event
from singalike.recsys.interactions import gather
from singalike.recsys.listener_events import read_attitude
from singalike.recsys.medoids import unit_rows
from singalike.recsys.popularity import count_listeners, popularity_in
from singalike.recsys.ranking_metrics import Values
from singalike.recsys.signals import listener_signals

MOST_CELLS = 8_000_000
"""People asked x items: more are not asked, because every method holds a score for each pair."""

DAY_S = 86_400.0


def judge_log(label: str, log: InteractionLog, preset: BlendPreset, seed: int) -> Section:
    """Learn from the first choices of a log and judge by the last ones.

    Args:
        label: What the file is called in the table.
        log: Who chose what and when.
        preset: Weights for songs; those of signals that need a voice are shared out.
        seed: Of everything that is drawn.

    Raises:
        InvalidInputError: TOO_FEW_INTERACTIONS.
    """
    split = split_by_time(log, max(FEWEST_USERS, MOST_CELLS // max(len(log.items), 1)), seed)
    view = _view_of(log, split)
    heard, vectors = _hear(split, view, seed)
    asked = [split.histories[row] for row in split.asked]
    contest = Contest(
        label,
        marked(split.futures, len(log.items)),
        vectors,
        known_by=known_by(split.histories, len(log.items)),
        known=marked(asked, len(log.items)) | np.isnan(split.first_time),
    )
    scores = _contenders(heard, split, preset, len(log.items), seed)
    counts = ", ".join(f"{count} {name}" for name, count in figures_of(log, split).items())
    notes = (
        f"{counts}.",
        "Learnt from what everybody chose before one moment; to be found is what they first chose after it.",
        "The blend has no voice to go by here. BPR and item-item cosine learn from the same choices.",
    )
    curves = {f"recall over list length, {label}": contest.recall_curves(scores)}
    return Section(
        "recommender-interactions", "What people chose later, from a file", contest.judge(scores), notes, curves
    )


def _hear(split: TimeSplit, view: CatalogueView, seed: int) -> tuple[Heard, NDArray[np.float32]]:
    attitudes = [
        read_attitude(Event("play", view.tracks[item].track_id) for item in history) for history in split.histories
    ]
    interactions = gather(attitudes, view)
    model = fit_taste_model(interactions, seed)
    if model is None:
        message = f"fewer than {FEWEST_LISTENERS} people chose anything early enough: give a longer file"
        raise InvalidInputError("TOO_FEW_INTERACTIONS", message)
    popular = popularity_in(view, count_listeners(interactions)).tracks
    today = int(split.cut // DAY_S)
    tastes = [fold_in(model, attitudes[row]) for row in split.asked]
    tables = [listener_signals(taste.tracks, popular, view.create_day, today) for taste in tastes]
    signals = {name: np.stack([table[name] for table in tables]) for name in tables[0]}
    factors = unit_rows(model.factors[: len(view.tracks)])
    return Heard(signals, np.array([taste.event_count for taste in tastes])), factors


def _contenders(heard: Heard, split: TimeSplit, preset: BlendPreset, items: int, seed: int) -> Mapping[str, Values]:
    everybody = choices(split.histories, items)
    asked = everybody[split.asked]
    others = np.setdiff1d(np.arange(len(split.histories)), split.asked)
    ours = heard.blended(preset)
    return {
        BLEND: ours,
        **heard.signals,
        ITEM_COSINES: item_cosines(everybody, asked),
        BPR: ranked_by_pairs(everybody[others], asked, seed),
        RANDOM: np.random.default_rng([seed, 4]).uniform(size=ours.shape),
    }


def _view_of(log: InteractionLog, split: TimeSplit) -> CatalogueView:
    """Make every item a track of a singer of its own: a log does not say who sings, and no vector is known."""
    nothing, silence = np.zeros(1, np.float32), np.zeros(MIDI_PITCHES, np.float32)
    tracks = [
        TrackView(
            track_id=f"{row:09}",
            singer_id=f"{row:09}",
            singer_name="",
            title=name,
            genre=None,
            language=None,
            voice_gender=None,
            timbre=nothing,
            style=nothing,
            melody=nothing,
            female_probability=0.5,
            voiced_s=0.0,
            seconds_per_semitone=silence,
            create_day=None if np.isnan(first) else int(first // DAY_S),
        )
        for row, (name, first) in enumerate(zip(log.items, split.first_time.tolist(), strict=True))
    ]
    return build_view(tracks)
