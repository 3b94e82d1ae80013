"""Catalogues at the edge of what a catalogue can be: every question has a sane answer, or a reason from the list."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError
from singalike.recsys.suggestions import SingerSuggestion, SongSuggestion, Suggestions
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.recommend_options import Seed
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.voices import sung, voice, zeros_like

TOLERANCE = 1e-9

Fill = Callable[[MemoryCatalogue], None]


def one_track(catalogue: MemoryCatalogue) -> None:
    catalogue.put("a", "1", voice(1))


def one_singer(catalogue: MemoryCatalogue) -> None:
    for take in range(3):
        catalogue.put("a", str(take), voice(1, take))


def two_singers(catalogue: MemoryCatalogue) -> None:
    """After centring each is the opposite of the other."""
    for seed, singer in enumerate("ab"):
        catalogue.put(singer, "1", voice(seed))


def all_equal(catalogue: MemoryCatalogue) -> None:
    for singer in "abcdef":
        for title in ("1", "2"):
            catalogue.put(singer, title, voice(1))


def nothing_known(catalogue: MemoryCatalogue) -> None:
    """Nobody sang long enough for a range, and neither style nor melody could be heard."""
    for seed, singer in enumerate("abcd"):
        catalogue.put(singer, "1", without_parts(voice(seed)))


def without_parts(profile: VoiceProfile) -> VoiceProfile:
    style, melody = zeros_like(profile.style), zeros_like(profile.melody)
    segments = replace(
        profile.segments, style=zeros_like(profile.segments.style), melody=zeros_like(profile.segments.melody)
    )
    return replace(profile, style=style, melody=melody, segments=segments, vocal_range=sung((60,), 0.0))


OPTIONS = (
    RecommendOptions(),
    RecommendOptions(diversity=1.0, timbre_style=1.0, k=100, songs_per_singer=100),
    RecommendOptions(diversity=0.0, timbre_style=0.0, random_seed=-(2**63), relation="duet_partner"),
    RecommendOptions(relation="dissimilar", random_seed=2**63 - 1, language_code="ko"),
    RecommendOptions(weights={"timbre": 5e-324}, timbre_style=0.37),
    RecommendOptions(weights={"melody": 1.0}, language_code="ko"),
    RecommendOptions(weights={"tessitura": 100.0, "voice_gender": 5e-324}, singing_mode="easy"),
    RecommendOptions(weights={"collaborative": 1.0, "popularity": 1.0}, listener_id="ann", singing_mode="stretch"),
    RecommendOptions(seeds=(Seed("singer", "a"), Seed("singer", "a", -1.0), Seed("singer", "a", 5e-324))),
    RecommendOptions(seeds=(Seed("singer", "a", -5e-324),), unlike_singer_ids=frozenset("a"), language_code="ko"),
    RecommendOptions(excluded_singer_ids=frozenset("abcdef")),
    RecommendOptions(genres=frozenset({"none"}), original_key=True),
)


@pytest.mark.parametrize("fill", [one_track, one_singer, two_singers, all_equal, nothing_known])
@pytest.mark.parametrize("voices", ["sound", "unheard", "silent", "none"])
def test_a_strange_catalogue_has_sane_answers(fill: Fill, voices: str) -> None:
    catalogue = MemoryCatalogue()
    fill(catalogue)
    recommender = Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]
    sound = voice(1, 9)
    profile = {
        "sound": sound,
        "unheard": without_parts(sound),
        "silent": replace(without_parts(sound), timbre=zeros_like(sound.timbre)),
        "none": None,
    }[voices]

    for asked in OPTIONS:
        for options in (asked, replace(asked, even_if_unsure=True)):
            if not is_answerable(profile, options):
                with pytest.raises(InvalidInputError, match="voice"):
                    recommender.recommend(profile, options)
                continue
            assert_sane(recommender.recommend(profile, options))
            told = recommender.explain_singer(profile, "a", options)
            assert told.explanation
            assert all(math.isfinite(gap.difference) for gap in told.gaps)


def is_answerable(profile: VoiceProfile | None, options: RecommendOptions) -> bool:
    """Tell whether a request holds something to go by: a voice that was heard, else a seed or somebody."""
    if profile is not None:
        return bool(profile.timbre.any())
    return bool(options.listener_id) or any(seed.weight > 0 for seed in options.seeds)


def assert_sane(found: Suggestions) -> None:
    everything: tuple[SingerSuggestion | SongSuggestion, ...] = (*found.singers, *found.songs)
    for one in everything:
        assert 0.0 <= one.score <= 1.0
        assert sum(one.signals.values()) == pytest.approx(one.score, abs=TOLERANCE)
        assert one.reason
    for singer in found.singers:
        if singer.likeness is not None:
            assert 0.0 <= singer.likeness.low <= singer.likeness.closer_than <= singer.likeness.high <= 1.0
    for song in found.songs:
        for share in (song.in_range_before, song.in_range_after, song.key_shift_confidence):
            assert share is None or 0.0 <= share <= 1.0
    assert sum(found.summary.weights.values()) == pytest.approx(1.0, abs=TOLERANCE) or not found.summary.weights
    assert found.summary.diversity is None or math.isfinite(found.summary.diversity)
    assert 0.0 <= found.summary.coverage <= 1.0
