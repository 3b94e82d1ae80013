"""The use case of saying why: reasons in an answer, names that are withheld, and why not somebody."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import NotFoundError
from singalike.recsys.abstention import LEAST_CONTRAST, contrast
from singalike.recsys.seeds import Seed
from singalike.recsys.suggestions import SingerExplanation
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.voices import voice

SINGERS = 14
PAGE = RecommendOptions(k=4, diversity=0.0)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    catalogue = MemoryCatalogue()
    for singer in range(SINGERS):
        genre = ("folk", "rock")[singer % 2]
        for take in range(2):
            catalogue.put(f"s{singer:02}", f"t{singer:02}{take}", voice(singer, take + 1), genre=genre)
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]


def why(recommender: Recommender, singer_id: str, options: RecommendOptions = PAGE) -> SingerExplanation:
    return recommender.explain_singer(voice(3, 80), singer_id, options)


def test_every_suggestion_says_why_with_evidence_that_sums_to_its_score(recommender: Recommender) -> None:
    answer = recommender.recommend(voice(3, 80), PAGE)

    for found in (*answer.singers, *answer.songs):
        assert found.reason.endswith(".")
        assert all(part.text for part in found.evidence)
        assert sum(part.contribution for part in found.evidence) == pytest.approx(found.score)
    assert answer.singers[0].likeness is not None
    assert answer.singers[0].likeness.closer_than > 0.95
    assert "closer to s03's than" in answer.singers[0].reason


def test_sentences_come_in_the_language_that_is_asked_for(recommender: Recommender) -> None:
    answer = recommender.recommend(voice(3, 80), replace(PAGE, language_code="ko"))

    assert answer.singers[0].reason.endswith("요.")
    assert "키" in answer.songs[0].reason


def test_the_mode_decides_by_which_zone_a_key_is_told(recommender: Recommender) -> None:
    stretch = recommender.recommend_songs(voice(3, 80), replace(PAGE, singing_mode="stretch"))
    comfortable = recommender.recommend_songs(voice(3, 80), PAGE)

    assert all("in your range" in song.reason for song in stretch.songs)
    assert all("in your tessitura" in song.reason for song in comfortable.songs)


def test_too_short_a_voice_is_told_how_much_is_missing_and_no_names(recommender: Recommender) -> None:
    profile = voice(3, 80)
    short = replace(profile, quality=replace(profile.quality, voiced_s=1.5))

    answer = recommender.recommend(short, PAGE)

    assert (answer.singers, answer.songs, answer.next_page_token) == ((), (), "")
    assert answer.abstention is not None
    assert (answer.abstention.reason, answer.abstention.more_voice_s) == ("MORE_VOICE_NEEDED", 8.5)
    assert not any("1.5 s of clear voice" in note for note in answer.notes)
    assert recommender.recommend(short, replace(PAGE, even_if_unsure=True)).singers


def nowhere(recommender: Recommender) -> VoiceProfile:
    """A voice whose timbre points where no singer's does."""
    space = recommender.view().timbre
    assert space is not None
    direction = np.linalg.svd(space.centroids)[2][-1]
    timbre = np.asarray(space.mean + direction, dtype=np.float32)
    assert contrast(space, timbre) < LEAST_CONTRAST
    return replace(voice(3, 80), timbre=timbre)


def test_a_voice_that_tells_no_singers_apart_gets_no_names_unless_timbre_does_not_count(
    recommender: Recommender,
) -> None:
    profile = nowhere(recommender)

    answer = recommender.recommend_singers(profile, PAGE)
    without = recommender.recommend_singers(profile, replace(PAGE, signals_off=frozenset({"timbre"})))
    everybody = recommender.recommend_singers(profile, replace(PAGE, k=SINGERS))

    assert answer.abstention is not None
    assert (answer.abstention.reason, answer.abstention.more_voice_s) == ("NOTHING_STANDS_OUT", 0.0)
    assert answer.singers == ()
    assert len(without.singers) == PAGE.k
    assert len(everybody.singers) == SINGERS


def test_a_seed_names_singers_however_short_the_voice_is(recommender: Recommender) -> None:
    profile = voice(3, 80)
    short = replace(profile, quality=replace(profile.quality, voiced_s=1.5))

    answer = recommender.recommend(short, replace(PAGE, seeds=(Seed("singer", "s05"),)))

    assert answer.abstention is None
    assert len(answer.singers) == PAGE.k


def test_the_best_singer_is_explained_as_the_first_of_the_list(recommender: Recommender) -> None:
    told, answer = why(recommender, "s03"), recommender.recommend_singers(voice(3, 80), PAGE)

    assert (told.rank, told.ranked_count, told.suggested, told.barriers) == (1, SINGERS, True, ())
    assert replace(told.singer, likeness=None) == replace(answer.singers[0], likeness=None)
    assert told.singer.reason in told.explanation


def test_ranks_of_all_singers_are_one_to_all(recommender: Recommender) -> None:
    told = [why(recommender, f"s{singer:02}") for singer in range(SINGERS)]

    assert sorted(each.rank for each in told) == list(range(1, SINGERS + 1))
    assert sum(each.suggested for each in told) == PAGE.k
    assert all(each.suggested == (each.rank <= PAGE.k) for each in told)


def test_gaps_against_the_last_one_suggested_sum_to_the_difference_of_scores(recommender: Recommender) -> None:
    last = recommender.recommend_singers(voice(3, 80), PAGE).singers[-1]
    everybody = [why(recommender, f"s{singer:02}") for singer in range(SINGERS)]
    told = next(each for each in everybody if not each.suggested)

    differences = [gap.difference for gap in told.gaps]

    assert sum(differences) == pytest.approx(told.singer.score - last.score)
    assert differences == sorted(differences)
    assert last.name in told.explanation


def test_what_bars_a_singer_is_named_and_gives_no_rank(recommender: Recommender) -> None:
    barred = why(recommender, "s03", replace(PAGE, excluded_singer_ids=frozenset({"s03"})))
    filtered = why(recommender, "s03", replace(PAGE, genres=frozenset({"folk"})))

    assert (barred.rank, barred.suggested, barred.barriers) == (0, False, ("excluded_singer",))
    assert (filtered.barriers, filtered.ranked_count) == (("filter_genre",), SINGERS // 2)
    assert "you excluded s03" in barred.explanation
    assert "genre" in filtered.explanation


def test_an_abstention_is_part_of_the_explanation(recommender: Recommender) -> None:
    profile = voice(3, 80)
    short = replace(profile, quality=replace(profile.quality, voiced_s=1.5))

    told = recommender.explain_singer(short, "s03", PAGE)

    assert not told.suggested
    assert told.gaps == ()
    assert "too little to name anybody" in told.explanation


def test_a_singer_who_is_not_there_cannot_be_explained(recommender: Recommender) -> None:
    with pytest.raises(NotFoundError) as caught:
        why(recommender, "nobody")

    assert caught.value.reason == "SINGER_NOT_FOUND"
