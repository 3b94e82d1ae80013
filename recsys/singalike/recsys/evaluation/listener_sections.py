"""The tables about invented listeners."""

from collections.abc import Mapping, Sequence

import numpy as np

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.recsys.evaluation.contest import LISTED, Contest, preset_note
from singalike.recsys.evaluation.invented_listeners import (
    BLEND,
    contenders,
    contests,
    hear_listeners,
)
from singalike.recsys.evaluation.key_choice import judge_keys
from singalike.recsys.evaluation.listener_world import (
    MIXED,
    MIXES,
    USUAL_SIZE,
    VOICE_ALONE,
    World,
    WorldSize,
    draw_world,
)
from singalike.recsys.evaluation.taught import Taught, record_listeners, teach
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, Presets
from singalike.recsys.ranking_metrics import Values, ndcgs_at
from singalike.recsys.signals import COLLABORATIVE, POPULARITY, TIMBRE

SOUGHT = "voices like theirs"
COMPARED = (BLEND, TIMBRE, COLLABORATIVE, POPULARITY)
"""Methods that stand where a whole table would be too long."""

WORLD_NOTES = (
    "Mixed: the next choices are drawn from voice, style, gender, range, melody, hidden taste, appeal and newness.",
    "The mix is an assumption. Voices like theirs: voice, style, gender and range alone count for what is chosen next.",
    "Teachers and those who are asked for are apart; histories of 0, 2, 5, 10, 20 and 40 choices in turn.",
    "Intervals: bootstrap over listeners. Blend ahead: NDCG@10 of the blend minus that of the row, one by one.",
    "Calibration error: of the chance that a listed one is chosen, told from its score as learnt from other listeners.",
    "BPR learns from the histories of those who are asked for too, as it can fold nobody in.",
)


def evaluate_listeners(presets: Presets, seed: int, size: WorldSize = USUAL_SIZE) -> Sequence[Section]:
    """Judge presets and keys on invented listeners.

    Args:
        presets: Weights, the default ones are judged.
        seed: Of the worlds; those that weights are fitted on are others.
        size: Of each world.
    """
    tables: dict[str, list[Row]] = {SINGERS: [], SONGS: []}
    histories: list[Row] = []
    mixes: list[Row] = []
    curves: dict[str, dict[str, Mapping[str, Sequence[tuple[float, float]]]]] = {SINGERS: {}, SONGS: {}}
    keys: Sequence[Section] = ()
    for number, (label, mix, sought) in enumerate(_plans()):
        world = draw_world(seed + 1000 * number, mix, size, sought=sought)
        taught = teach(world, seed + 1000 * number)
        for ranks, (contest, scores) in _ask(label, world, taught, presets, seed).items():
            if label in (next(iter(MIXES)), SOUGHT):
                tables[ranks] += contest.judge(scores)
                curves[ranks][f"recall over list length, {contest.name}"] = contest.recall_curves(scores)
                histories += history_rows(contest, scores, world)
            mixes += [_short_row(contest, name, scores[name]) for name in COMPARED]
        keys = keys or [judge_keys(label, world, taught.catalogue.view, record_listeners(world, seed), seed)]
    return [
        Section(
            f"recommender-{ranks}", f"{ranks.capitalize()} that invented listeners choose next", rows,
            [preset_note(presets.default(SIMILAR, ranks)), *WORLD_NOTES], curves[ranks],
        )
        for ranks, rows in tables.items()
    ] + [
        Section("recommender-history", "By what is known of a listener: NDCG@10", histories),
        Section("recommender-mixes", "By what moves people: NDCG@10", mixes),
        *keys,
    ]  # fmt: skip


def history_rows(contest: Contest, scores: Mapping[str, Values], world: World) -> list[Row]:
    """Return NDCG@10 by the length of the history, one row a method, one column a length."""
    lengths = np.array([len(history) for history in world.histories[world.taught :]])
    rows = []
    for name in COMPARED:
        ndcg = ndcgs_at(contest.rank(scores[name]), LISTED)
        figures = {f"{length} choices": mean_interval(ndcg[lengths == length]) for length in np.unique(lengths)}
        rows.append(Row(name, contest.name, len(lengths), figures, baseline=name != BLEND))
    return rows


def _plans() -> Sequence[tuple[str, Mapping[str, float], Mapping[str, float] | None]]:
    return [*((label, mix, None) for label, mix in MIXES.items()), (SOUGHT, MIXED, VOICE_ALONE)]


def _ask(
    label: str, world: World, taught: Taught, presets: Presets, seed: int
) -> Mapping[str, tuple[Contest, Mapping[str, Values]]]:
    heard = hear_listeners(world, taught, record_listeners(world, seed), seed)
    found = contests(label, world, taught)
    return {
        ranks: (found[ranks], contenders(world, heard[ranks], presets.default(SIMILAR, ranks), ranks, seed))
        for ranks in (SINGERS, SONGS)
    }


def _short_row(contest: Contest, name: str, scores: Values) -> Row:
    figures: dict[str, Figure] = {f"NDCG@{LISTED}": mean_interval(ndcgs_at(contest.rank(scores), LISTED))}
    return Row(name, contest.name, len(contest.relevant), figures, baseline=name != BLEND)
