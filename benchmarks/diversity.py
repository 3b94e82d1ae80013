"""Say what the diversity dial costs in score and gains in difference, on a drawn catalogue.

usage: python -m benchmarks.diversity [--singers 2000] [--voices 50]

Singers come in families: a twentieth as many families as singers, within which voices are near copies.
"""

import argparse

import numpy as np

from benchmarks.recommend_core import MODEL, TIMBRE_DIM, ListedCatalogue, PreparedIndex, profile
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.records import Track, TrackInfo, TrackWithProfile
from singalike.services.server_parts import utc_now

FAMILY_SHARE, WITHIN = 20, 0.8
TRACKS, SEGMENTS = 2, 4
DIALS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)


def draw_tracks(singers: int, random: np.random.Generator) -> list[TrackWithProfile]:
    """Draw singers around the centres of families."""
    families = random.standard_normal((max(singers // FAMILY_SHARE, 2), TIMBRE_DIM)) / np.sqrt(TIMBRE_DIM)
    tracks = []
    for singer in range(singers):
        centre = families[singer % len(families)] + WITHIN * random.standard_normal(TIMBRE_DIM) / np.sqrt(TIMBRE_DIM)
        for take in range(TRACKS):
            track_id, info = f"{singer:06}{take}", TrackInfo(f"Singer {singer}", f"Song {singer} {take}")
            track = Track(track_id, f"singer-{singer}", info, track_id, 30.0, "identity", MODEL, 1, utc_now())
            tracks.append(TrackWithProfile(track, profile(random, centre, SEGMENTS)))
    return tracks


def main() -> None:
    """Print one line for each dial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singers", type=int, default=2000)
    parser.add_argument("--voices", type=int, default=50)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    tracks = draw_tracks(options.singers, random)
    recommender = Recommender(ListedCatalogue(tracks), PreparedIndex([]), MODEL)  # type: ignore[arg-type]
    asked = [tracks[row].profile for row in random.integers(0, len(tracks), options.voices)]
    print("dial  mean score  score of the tenth  diversity")
    for dial in DIALS:
        answers = [recommender.recommend_singers(voice, RecommendOptions(diversity=dial)) for voice in asked]
        means = [np.mean([singer.score for singer in answer.singers]) for answer in answers]
        last = [answer.singers[-1].score for answer in answers]
        spread = [answer.summary.diversity or 0.0 for answer in answers]
        print(f"{dial:4.1f} {np.mean(means):11.3f} {np.mean(last):19.3f} {np.mean(spread):10.3f}")


if __name__ == "__main__":
    main()
