"""What a caller may ask of a list: filters, exclusions, seeds, relations, presets and slots."""

from datetime import UTC, datetime

import pytest

from singalike.errors import InvalidInputError, NotFoundError
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets
from singalike.recsys.seeds import Seed
from singalike.services.listeners.listener_records import DISLIKE, LIKE, Exclusion
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.recommend_filter import allow
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.listening import LOW, NOW, recommender_of, shelf, singers_of, two_camps
from tests.support.voices import voice

DEFAULT = shipped_presets().default(SIMILAR, SINGERS).label


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return recommender_of(shelf())


def test_excluded_genres_and_languages_never_come(recommender: Recommender) -> None:
    options = RecommendOptions(k=50, excluded_genres=frozenset({"rock"}), excluded_languages=frozenset({"fr"}))

    answer = recommender.recommend(voice(0, 99), options)

    assert set(singers_of(answer)) == {"s0", "s2", "s4"}
    assert {song.track_id for song in answer.songs} == {
        f"s{row}-song {row} {take}" for row in (0, 2, 4) for take in (0, 1)
    }


def test_nothing_like_a_voice_leaves_out_its_doubles(recommender: Recommender) -> None:
    options = RecommendOptions(k=50, unlike_singer_ids=frozenset({"s4"}))

    answer = recommender.recommend(voice(0, 99), options)

    assert set(singers_of(answer)) == {"s0", "s1", "s2", "s3"}
    assert not {song.singer_id for song in answer.songs} & {"s4", "s5"}


def test_barriers_are_named(recommender: Recommender) -> None:
    view = recommender.refresh()
    options = RecommendOptions(
        excluded_singer_ids=frozenset({"s0"}),
        excluded_languages=frozenset({"en"}),
        excluded_track_ids=frozenset({"s2-song 2 1", "s2-song 2 2"}),
        genres=frozenset({"folk"}),
    )

    allowed = allow(view, options)

    barriers = [allowed.barriers_of(view, row) for row in range(4)]
    assert barriers[0] == ("excluded_singer",)
    assert barriers[1] == ("filter_genre",)
    assert set(barriers[2]) == {"excluded_language", "excluded_tracks"}
    assert allowed.barriers_of(view, 4) == ()


def test_seeds_without_a_voice_find_what_is_like_them_and_not_themselves(recommender: Recommender) -> None:
    answer = recommender.recommend(None, RecommendOptions(seeds=(Seed("singer", "s4"),)))

    assert singers_of(answer)[0] == "s5"
    assert "s4" not in singers_of(answer)
    assert answer.voice is None
    assert all(not singer.moments for singer in answer.singers)


def test_less_like_a_singer_pushes_its_double_back(recommender: Recommender) -> None:
    plain = recommender.recommend_singers(voice(4, 99))
    pushed = recommender.recommend_singers(voice(4, 99), RecommendOptions(seeds=(Seed("singer", "s4", -1.0),)))

    before = {singer.singer_id: singer.score for singer in plain.singers}
    after = {singer.singer_id: singer for singer in pushed.singers}
    assert after["s5"].score < 0.7 * before["s5"]
    assert after["s5"].signals["dislikes"] < 0
    assert {name for name in after if after[name].score == before[name]} == {"s0", "s1", "s2", "s3"}


def test_a_duet_partner_is_at_home_elsewhere(recommender: Recommender) -> None:
    low = voice(0, 99, semitones=LOW)

    answer = recommender.recommend_singers(low, RecommendOptions(relation="duet_partner", k=3, diversity=0.0))

    assert set(singers_of(answer)) == {"s3", "s4", "s5"}
    assert answer.summary.preset.startswith("duet-singers@")


def test_dissimilar_singers_are_not_the_similar_ones(recommender: Recommender) -> None:
    low = voice(1, 99, semitones=LOW)

    like = recommender.recommend_singers(low, RecommendOptions(diversity=0.0))
    unlike = recommender.recommend_singers(low, RecommendOptions(relation="dissimilar", diversity=0.0))

    assert singers_of(unlike)[-1] == singers_of(like)[0] == "s1"


def test_own_weights_stand_instead_of_the_presets(recommender: Recommender) -> None:
    answer = recommender.recommend(voice(1, 99), RecommendOptions(weights={"timbre": 3.0, "style": 1.0}))

    assert answer.summary.weights == {"timbre": 0.75, "style": 0.25}
    assert answer.summary.preset == f"custom:{DEFAULT}"
    assert all(set(singer.signals) == {"timbre", "style"} for singer in answer.singers)


@pytest.mark.parametrize("weights", [{"timbre": 0.0}, {"key_fit_gain": 1.0}])
def test_weights_that_leave_nothing_to_rank_singers_by_are_refused(
    recommender: Recommender, weights: dict[str, float]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        recommender.recommend_singers(voice(1), RecommendOptions(weights=weights))

    assert caught.value.reason == "NO_SIGNAL_LEFT"


@pytest.mark.parametrize("weight", [-1.0, 101.0, float("inf"), float("nan")])
def test_senseless_weights_are_refused(weight: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        RecommendOptions(weights={"timbre": 1.0, "style": weight})

    assert caught.value.reason == "BAD_WEIGHTS"


def test_in_which_order_weights_are_written_does_not_matter(recommender: Recommender) -> None:
    weights = {"timbre": 0.7, "style": 0.1, "melody": 0.2}
    asked = (RecommendOptions(weights=given) for given in (weights, dict(reversed(weights.items()))))

    first, second = (recommender.rank("singers", voice(1, 99), options) for options in asked)

    assert first is second


@pytest.mark.parametrize(
    ("seed", "reason"), [(Seed("singer", "x"), "SINGER_NOT_FOUND"), (Seed("track", "x"), "TRACK_NOT_FOUND")]
)
def test_unknown_seeds_are_refused(recommender: Recommender, seed: Seed, reason: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        recommender.recommend(None, RecommendOptions(seeds=(seed,)))

    assert caught.value.reason == reason


@pytest.mark.parametrize("seed", [Seed("album", "x"), Seed("singer", "x", 0.0), Seed("singer", "x", float("nan"))])
def test_senseless_seeds_are_refused(seed: Seed) -> None:
    with pytest.raises(InvalidInputError) as caught:
        RecommendOptions(seeds=(seed,))

    assert caught.value.reason == "BAD_SEED"


def test_a_request_for_nobody_in_particular_needs_a_voice(recommender: Recommender) -> None:
    with pytest.raises(InvalidInputError) as caught:
        recommender.recommend(None, RecommendOptions(seeds=(Seed("singer", "s1", -1.0),)))

    assert caught.value.reason == "NO_VOICE"


def test_a_page_holds_one_song_a_singer_while_others_have_some(recommender: Recommender) -> None:
    one = recommender.recommend_songs(voice(4, 99), RecommendOptions(k=6))
    two = recommender.recommend_songs(voice(4, 99), RecommendOptions(k=6, songs_per_singer=2))

    assert sorted(song.singer_id for song in one.songs) == [f"s{row}" for row in range(6)]
    assert max(sum(song.singer_id == singer.singer_id for song in two.songs) for singer in two.songs) == 2


def test_versions_of_a_song_take_one_slot() -> None:
    catalogue = MemoryCatalogue()
    for take, title in enumerate(["Moon", "Moon (Live)", "moon - Remastered 2009", "Sun"]):
        catalogue.put("a", title, voice(1, take))

    answer = recommender_of(catalogue).recommend_songs(voice(1, 9))

    assert len(answer.songs) == answer.summary.candidate_count == 2


def test_a_summary_says_how_a_list_came_about(recommender: Recommender) -> None:
    summary = recommender.recommend_singers(voice(1, 99), RecommendOptions(genres=frozenset({"folk"}))).summary

    assert summary.candidate_count == 3
    assert summary.coverage == pytest.approx(0.5)
    assert sum(summary.weights.values()) == pytest.approx(1.0)
    assert "collaborative" not in summary.weights
    assert summary.diversity is not None
    assert summary.fallbacks == ()
    assert summary.catalogue_revision == 18


def test_the_same_question_on_another_day_is_another_list() -> None:
    days = [datetime(2025, 1, 2, tzinfo=UTC), datetime(2025, 9, 1, tzinfo=UTC)]
    catalogue = shelf()

    answers = [
        Recommender(catalogue, MemoryIndex(catalogue), "fake-1", now=lambda day=day: day).recommend_singers(voice(1))  # type: ignore[arg-type,misc]
        for day in days
    ]

    fresh = [answer.singers[0].signals["freshness"] for answer in answers]
    assert fresh[0] > 2 * fresh[1] > 0


def test_lasting_exclusions_of_every_kind_hold() -> None:
    listening = two_camps()
    for kind, value in (("singer", "s1"), ("track", "s2-t20"), ("unlike_singer", "s3"), ("genre", "none")):
        listening.feedback.add_exclusion("me", Exclusion("", kind, value, NOW))

    answer = listening.songs_for("me")
    others = listening.songs_for("somebody-else")

    assert not {song.singer_id for song in answer.songs} & {"s1", "s3"}
    assert "s2-t20" not in {song.track_id for song in answer.songs}
    assert {"s1", "s3"} < {song.singer_id for song in others.songs}


def test_a_listener_alone_is_enough_and_a_stranger_gets_what_most_like() -> None:
    listening = two_camps()
    for _ in range(3):
        listening.add("another", LIKE, singer_id="s7")

    known = listening.recommender.recommend(None, RecommendOptions(listener_id="of-5-0", k=3))
    stranger = listening.recommender.recommend(None, RecommendOptions(listener_id="stranger", k=8))

    assert set(singers_of(known)) == {"s5", "s6", "s7"}
    assert known.summary.fallbacks == ()
    assert known.summary.learnt_from_events == 9
    assert stranger.summary.fallbacks == ("popular", "no_history")
    assert stranger.summary.preset.startswith("popular-singers@")
    assert set(stranger.singers[0].signals) == {"popularity", "freshness"}


def test_a_dislike_shows_as_what_it_costs() -> None:
    listening = two_camps()
    before = {song.track_id: song.score for song in listening.songs_for("me").songs}

    listening.add("me", DISLIKE, track_id="s0-t00")
    after = {song.track_id: song for song in listening.songs_for("me").songs}

    assert after["s0-t00"].score < before["s0-t00"]
    assert after["s0-t00"].signals["dislikes"] < 0
    assert after["s0-t00"].evidence[-1].value is not None
