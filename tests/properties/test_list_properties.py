"""What holds for every list, whoever asks and however."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.recsys.seeds import Seed
from singalike.recsys.suggestions import SingerSuggestion, SongSuggestion, Suggestions
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.listening import NOW, SINGERS, TAKES, Listening, track_id, two_camps
from tests.support.voices import voice

SUM_TOLERANCE = 1e-6
ROUNDING = 1e-9
FEW = settings(max_examples=60)

GENRES, LANGUAGES = ("folk", "rock", "trot"), ("en", "ko")

singer_ids = st.sampled_from([f"s{row}" for row in range(9)])
track_ids = st.sampled_from([f"s{row}-t{take}" for row in range(9) for take in range(4)])
seeds = st.builds(Seed, st.just("singer"), singer_ids, st.sampled_from([-1.0, -0.4, 0.3, 1.0]))
options = st.builds(
    RecommendOptions,
    k=st.integers(1, 12),
    timbre_style=st.floats(0.0, 1.0),
    excluded_singer_ids=st.frozensets(singer_ids, max_size=3),
    excluded_track_ids=st.frozensets(track_ids, max_size=6),
    excluded_genres=st.frozensets(st.sampled_from(GENRES), max_size=1),
    excluded_languages=st.frozensets(st.sampled_from(LANGUAGES), max_size=1),
    languages=st.frozensets(st.sampled_from(LANGUAGES), max_size=1),
    unlike_singer_ids=st.frozensets(singer_ids, max_size=1),
    seeds=st.lists(seeds, max_size=2).map(tuple),
    relation=st.sampled_from(["similar", "duet_partner", "dissimilar"]),
    diversity=st.floats(0.0, 1.0),
    songs_per_singer=st.integers(1, 3),
    singing_mode=st.sampled_from(["easy", "comfortable", "stretch"]),
    original_key=st.booleans(),
    random_seed=st.integers(-5, 5),
)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    catalogue = MemoryCatalogue()
    for singer in range(9):
        for take in range(4):
            said = {"genre": GENRES[singer % 3], "language": LANGUAGES[take % 2]}
            catalogue.put(f"s{singer}", f"t{take}", voice(singer, take + 1), **said)
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1", now=lambda: NOW)  # type: ignore[arg-type]


def pages(recommender: Recommender, ranks: str, asked: RecommendOptions) -> list[Suggestions]:
    ask = recommender.recommend_singers if ranks == "singers" else recommender.recommend_songs
    found = [ask(voice(3, 70), asked)]
    while found[-1].next_page_token:
        found.append(ask(voice(3, 70), asked, found[-1].next_page_token))
    return found


def items(answer: Suggestions) -> tuple[SingerSuggestion | SongSuggestion, ...]:
    return (*answer.singers, *answer.songs)


def name_of(item: SingerSuggestion | SongSuggestion) -> str:
    return item.singer_id if isinstance(item, SingerSuggestion) else item.track_id


@FEW
@given(asked=options, ranks=st.sampled_from(["singers", "songs"]))
def test_pages_neither_repeat_nor_miss_and_are_full(
    recommender: Recommender, asked: RecommendOptions, ranks: str
) -> None:
    found = pages(recommender, ranks, asked)
    whole = pages(recommender, ranks, replace(asked, k=100))[0]

    names = [name_of(item) for page in found for item in items(page)]
    assert len(names) == len(set(names)) == whole.summary.candidate_count
    assert set(names) == {name_of(item) for item in items(whole)}
    assert all(len(items(page)) == asked.k for page in found[:-1])


@FEW
@given(asked=options)
def test_what_is_excluded_never_comes_back(recommender: Recommender, asked: RecommendOptions) -> None:
    view = recommender.refresh()

    found = pages(recommender, "songs", asked)

    for song in (song for page in found for song in page.songs):
        track = view.tracks[view.track_rows[song.track_id]]
        assert song.singer_id not in asked.excluded_singer_ids | asked.unlike_singer_ids
        assert song.singer_id not in {seed.id for seed in asked.seeds}
        assert song.track_id not in asked.excluded_track_ids
        assert track.genre not in asked.excluded_genres
        assert track.language not in asked.excluded_languages
        assert not asked.languages or track.language in asked.languages
        assert all(moment.track_id not in asked.excluded_track_ids for moment in song.moments)


@FEW
@given(asked=options)
def test_contributions_sum_to_the_score_of_every_suggestion(recommender: Recommender, asked: RecommendOptions) -> None:
    answer = recommender.recommend(voice(3, 70), asked)

    for item in items(answer):
        assert sum(item.signals.values()) == pytest.approx(item.score, abs=SUM_TOLERANCE)
        assert sum(part.contribution for part in item.evidence) == pytest.approx(item.score, abs=SUM_TOLERANCE)
        assert 0.0 <= item.score <= 1.0


@FEW
@given(asked=options)
def test_the_same_question_has_the_same_answer(recommender: Recommender, asked: RecommendOptions) -> None:
    catalogue = MemoryCatalogue()
    for singer in reversed(range(9)):
        for take in range(4):
            said = {"genre": GENRES[singer % 3], "language": LANGUAGES[take % 2]}
            catalogue.put(f"s{singer}", f"t{take}", voice(singer, take + 1), **said)
    another = Recommender(catalogue, MemoryIndex(catalogue), "fake-1", now=lambda: NOW)  # type: ignore[arg-type]

    answers = [each.recommend(voice(3, 70), asked) for each in (recommender, recommender, another)]

    assert items(answers[0]) == items(answers[1])
    assert [name_of(item) for item in items(answers[0])] == [name_of(item) for item in items(answers[2])]


events = st.tuples(st.sampled_from([LIKE, DISLIKE, HIDE]), st.integers(0, SINGERS - 1), st.integers(0, TAKES - 1))


def scores(listening: Listening) -> dict[str, float]:
    return {item.track_id: item.score for item in listening.songs_for("me").songs} | {
        item.singer_id: item.score for item in listening.singers_for("me").singers
    }


@settings(max_examples=30)
@given(before=st.lists(events, max_size=3), singer=st.integers(0, SINGERS - 1), take=st.integers(0, TAKES - 1))
def test_one_more_dislike_raises_nobodys_score(before: list[tuple[str, int, int]], singer: int, take: int) -> None:
    listening = two_camps()
    for kind, of_singer, of_take in before:
        listening.add("me", kind, track_id(of_singer, of_take))
    first = scores(listening)

    listening.add("me", DISLIKE, track_id(singer, take))
    second = scores(listening)

    raised = {name: (first[name], score) for name, score in second.items() if score > first[name] + ROUNDING}
    assert not raised


@settings(max_examples=30)
@given(
    hidden=st.frozensets(st.sampled_from([track_id(s, t) for s in range(SINGERS) for t in range(TAKES)]), max_size=9)
)
def test_what_was_hidden_is_gone_from_the_next_list_on(hidden: frozenset[str]) -> None:
    listening = two_camps()
    listening.songs_for("me")

    for track in sorted(hidden):
        listening.add("me", HIDE, track)
    found = {song.track_id for song in listening.songs_for("me").songs}

    assert not found & hidden
    assert len(found) == SINGERS * TAKES - len(hidden)
