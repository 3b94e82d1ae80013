"""What a new user is told on a catalogue of real voices, beside what would be told by chance.

usage: python benchmarks/real_suggestions.py --data-dir CATALOGUE VOICES.csv

CATALOGUE is a data folder that `singalike ingest` filled, VOICES.csv lists recordings that are not in it: audio, singer
(as the catalogue names them; empty or another name: a stranger), genre and channel (mix, left, right). Each recording
asks for singers and for songs, by voice alone and by the default presets, however little was heard. Printed are the
share of recordings that would be named nobody, how often the true singer comes first, how many of the first five other
singers are of the genre of the recording (which stands for its microphone where every corpus is a genre of its own)
against their share of the catalogue, and the middle time of both lists. Of recordings whose range is known, also how
many of the first ten songs are without a key, against all songs.
"""

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.suggestions import SongSuggestion
from singalike.services import bootstrap
from singalike.services.listen import listen_to_file
from singalike.services.recommender.local_recommender import local_recommender
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.settings import read_settings

OTHERS, SONGS, MOST = 5, 10, 100


@dataclass(frozen=True)
class Told:
    """What one recording is told.

    Attributes:
        nobody: Whether it would be told to sing more, if names were not asked for.
        first: Whether the true singer comes first; None of a stranger.
        alike: Share of the other singers that have its genre.
        usual: The same share of the catalogue.
        keyless: Share of the first songs that come without a key; None where the range of the voice is not known.
        keyless_usual: The same share of all candidates.
        took_s: Of both lists, after the voice was heard.
    """

    nobody: bool
    first: bool | None
    alike: float
    usual: float
    keyless: float | None
    keyless_usual: float
    took_s: float


def ask(recommender: Recommender, profile: VoiceProfile, singer: str, genre: str) -> Told:
    """Ask for both lists and compare them with the catalogue."""
    options = RecommendOptions(k=SONGS, even_if_unsure=True)
    start = time.perf_counter()
    names = [(each.name, each.singer_id) for each in recommender.recommend_singers(profile, options).singers]
    songs = recommender.recommend_songs(profile, options).songs
    took_s = time.perf_counter() - start
    everything = recommender.recommend_songs(profile, replace(options, k=MOST)).songs
    view = recommender.view()
    others = [identity for name, identity in names if name != singer][:OTHERS]
    known = any(each.name == singer for each in view.singers)
    return Told(
        nobody=recommender.recommend_singers(profile, replace(options, even_if_unsure=False)).abstention is not None,
        first=names[0][0] == singer if known else None,
        alike=share_of_genre(view, others, genre),
        usual=share_of_genre(view, [each.singer_id for each in view.singers if each.name != singer], genre),
        keyless=share_without_key(songs) if profile.vocal_range.sufficient else None,
        keyless_usual=share_without_key(everything),
        took_s=took_s,
    )


def share_without_key(songs: Sequence[SongSuggestion]) -> float:
    """Return the share of songs of which is not known in which key they fit."""
    return float(np.mean([song.in_range_after is None for song in songs]))


def share_of_genre(view: CatalogueView, singer_ids: Sequence[str], genre: str) -> float:
    """Return the share of singers with a track of a genre."""
    of_genre = {track.singer_id for track in view.tracks if track.genre == genre}
    return float(np.mean([identity in of_genre for identity in singer_ids]))


def listen_to_all(path: Path, data_dir: Path) -> Iterator[tuple[str, Told]]:
    """Ask with every recording of the list; with its genre."""
    settings = read_settings(data_dir=data_dir)
    ear = bootstrap.load_encoder(settings)
    with local_recommender(settings, ear, print) as recommender, path.open(newline="", encoding="utf-8") as stream:
        recommender.check_ready()
        for row in csv.DictReader(stream):
            channel = row.get("channel") or "mix"
            profile = listen_to_file(Path(row["audio"]), settings, ear, channel=channel, mixture=False)
            yield row["genre"], ask(recommender, profile, row["singer"], row["genre"])


def main() -> None:
    """Read the command line, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path, help="CSV: audio, singer, genre, channel")
    parser.add_argument("--data-dir", type=Path, required=True, help="a catalogue that was ingested before")
    options = parser.parse_args()
    told: defaultdict[str, list[Told]] = defaultdict(list)
    for genre, each in listen_to_all(options.voices, options.data_dir):
        told[genre].append(each)
    for genre, of_genre in told.items():
        print(f"{genre}: {'; '.join(figures(of_genre))}")


def figures(told: Sequence[Told]) -> Iterator[str]:
    """Write what was counted."""
    first = [each.first for each in told if each.first is not None]
    with_range = [each for each in told if each.keyless is not None]
    yield f"{len(told)} recordings, {np.mean([each.nobody for each in told]):.0%} would be told to sing more"
    yield f"true singer first {sum(first)} of {len(first)}"
    alike, usual = (np.mean([getattr(each, name) for each in told]) for name in ("alike", "usual"))
    yield f"of its genre {alike:.0%} of the first {OTHERS} others, {usual:.0%} of the catalogue"
    if with_range:
        here, all_songs = (
            np.mean([getattr(each, name) for each in with_range]) for name in ("keyless", "keyless_usual")
        )
        yield f"without a key {here:.0%} of the first {SONGS} songs, {all_songs:.0%} of all"
    yield f"both lists in {1000 * np.median([each.took_s for each in told]):.0f} ms (median)"


if __name__ == "__main__":
    main()
