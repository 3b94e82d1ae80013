"""Does a voice find its own singer by songs that it did not share? Real recordings, one corpus at a time.

A query is a recording of a song that the catalogue lacks: the songs of each singer are left out one at a time. Where
too few singers have two songs, the halves of each recording stand for songs, which is easier, and the table says so.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Row, Section
from singalike.errors import InvalidInputError
from singalike.recsys.blend import BlendPreset, blend
from singalike.recsys.catalogue_view import track_view
from singalike.recsys.evaluation.catalogue_of_takes import SearchedView, searched_view
from singalike.recsys.evaluation.contest import Contest, preset_note
from singalike.recsys.evaluation.heard_profiles import MIXTURE, Take, hear_takes
from singalike.recsys.evaluation.told_likeness import NOTE, likeness_row
from singalike.recsys.probability_figures import Rows
from singalike.recsys.query import voice_query
from singalike.recsys.ranking_metrics import Values
from singalike.recsys.signals import VOICE_SIGNALS, singer_signals
from singalike.recsys.singer_evaluation import JudgedSet, label_songs
from singalike.recsys.vector_space import VectorSpace
from singalike.recsys.voice_likeness import closer_than

FEWEST_SINGERS = 3
BLEND, RANDOM, POPULAR = "blend", "random", "most tracks"

NOTES = (
    "Relevant is the true singer alone, so that MAP is MRR. Intervals: bootstrap over singers.",
    "Blend ahead: NDCG@10 of the blend minus that of the row, query by query.",
    "Halves: too few singers have two songs; the catalogue holds one half of each recording, the query is the other.",
)


def evaluate_real_voices(bench: Bench, preset: BlendPreset) -> Sequence[Section]:
    """Ask for the singers of every set of a folder, with the blend, every signal alone, and baselines.

    Args:
        bench: Recordings and ear.
        preset: Weights for singers.

    Returns:
        Two tables, of what is found and of what is told; without rows where the folder has no set that can be asked.
    """
    rows: list[Row] = []
    told: list[Row] = []
    curves: dict[str, Mapping[str, Sequence[tuple[float, float]]]] = {}
    notes = [preset_note(preset), *NOTES]
    for name, recordings in _sets(bench).items():
        halves = not _enough_songs(recordings)
        takes, refused = hear_takes(bench, recordings, halves=halves)
        label = f"{name}, halves" if halves else name
        if refused:
            notes.append(f"{label}: {len(refused)} recordings are refused by the ear, among them {refused[0]}.")
        if not _enough_songs(takes):
            bench.say(f"{label}: too few singers can be asked for, left out")
            continue
        contest, scores, likeness = ask(label, takes, preset, bench.seed)
        rows += contest.judge(scores)
        told.append(likeness)
        curves[f"recall over list length, {label}"] = contest.recall_curves(scores)
    return [
        Section("recommender-voices", "Singers of left out songs, real recordings", rows, notes, curves),
        Section("recommender-likeness", "How alike voices are told to be, real recordings", told, [NOTE]),
    ]


def ask(name: str, takes: Sequence[Take], preset: BlendPreset, seed: int) -> tuple[Contest, Mapping[str, Values], Row]:
    """Leave out each song once and rank all singers for it.

    Args:
        name: Of the set.
        takes: Recordings of which at least three singers have two songs.
        preset: Weights for singers.
        seed: Of the random baseline.

    Returns:
        What was to be found, by method float64 (queries, singers), and what was told of the likeness.
    """
    singer, song = label_songs([take.singer for take in takes], [take.work for take in takes])
    judged = JudgedSet(name, np.stack([take.profile.timbre for take in takes]), singer, song)
    tables: list[Mapping[str, Values]] = []
    told: list[Values] = []
    asked: list[Rows] = []
    for one in judged.rounds():
        catalogue = _catalogue([takes[row] for row in one.tracks])
        tables += [_scores(takes[row], catalogue, preset) for row in one.queries]
        told += [_told(takes[row], catalogue) for row in one.queries]
        asked.append(one.queries)
    queries = np.concatenate(asked)
    scores = {method: np.stack([table[method] for table in tables]) for method in tables[0]}
    scores[RANDOM] = np.random.default_rng(seed).uniform(size=scores[BLEND].shape)
    relevant = singer[queries][:, None] == np.arange(scores[BLEND].shape[1])
    groups = [str(number) for number in singer[queries]]
    contest = Contest(name, relevant, _timbre(_catalogue(takes)).centroids, groups)
    return contest, scores, likeness_row(name, np.stack(told), relevant, groups)


def _scores(take: Take, catalogue: SearchedView, preset: BlendPreset) -> Mapping[str, Values]:
    query = voice_query(take.profile, catalogue.view)
    computed = singer_signals(query, catalogue.view, catalogue.find_hits(take.profile))
    signals = {name: values for name, values in computed.items() if name in VOICE_SIGNALS}
    counts = np.array([singer.track_count for singer in catalogue.view.singers], dtype=np.float64)
    return {BLEND: blend(signals, preset).score, **signals, POPULAR: counts / counts.max()}


def _told(take: Take, catalogue: SearchedView) -> Values:
    space = _timbre(catalogue)
    return closer_than(space, space.similarities(take.profile.timbre[None])[0])


def _timbre(catalogue: SearchedView) -> VectorSpace:
    assert catalogue.view.timbre is not None  # a catalogue of takes is never empty
    return catalogue.view.timbre


def _catalogue(takes: Sequence[Take]) -> SearchedView:
    tracks = [track_view(take.name, take.singer, take.singer, take.work, take.profile) for take in takes]
    return searched_view(tracks, [take.profile.segments.timbre for take in takes])


def _sets(bench: Bench) -> Mapping[str, Sequence[Recording]]:
    """Return singing and stems as other topics do, and mixtures of whole songs by corpus."""
    found = dict(_alone(bench))
    for one in bench.folder.recordings:
        if one.kind == MIXTURE and one.use != "train":
            found[one.set_name] = [*found.get(one.set_name, ()), one]
    return {name: members for name, members in found.items() if len({one.singer for one in members}) >= FEWEST_SINGERS}


def _alone(bench: Bench) -> Iterator[tuple[str, Sequence[Recording]]]:
    try:
        yield from bench.sets("singing", "stem").items()
    except InvalidInputError as error:
        bench.say(error.message)


def _enough_songs(found: Sequence[Recording] | Sequence[Take]) -> bool:
    songs: dict[str, set[str]] = {}
    for one in found:
        songs.setdefault(one.singer, set()).add(one.work)
    return sum(len(works) > 1 for works in songs.values()) >= FEWEST_SINGERS
