"""Later pages of a list: what they hold, and what has changed since the first one."""

from dataclasses import replace

import pytest

from singalike.errors import ConcurrentChangeError, InvalidInputError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.listener_records import HIDE, LIKE, Exclusion, Feedback
from singalike.services.page_tokens import make_token
from singalike.services.recommender import ranking_keeper
from singalike.services.recommender.ranking import profile_digest
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.taste_keeper import TasteKeeper, at_once
from tests.support.catalogues import MemoryIndex
from tests.support.listening import NOW, recommender_of, shelf, singers_of, two_camps
from tests.support.voices import voice


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return recommender_of(shelf())


def test_a_later_page_comes_from_the_first_ones_list_without_what_was_hidden_since() -> None:
    listening = two_camps()
    asked = RecommendOptions(k=3, listener_id="me")
    first = listening.recommender.recommend_singers(voice(0, 80), asked)
    whole = singers_of(listening.recommender.recommend_singers(voice(0, 80), replace(asked, k=8)))
    hidden = next(name for name in whole if name not in singers_of(first))

    listening.add("me", HIDE, singer_id=hidden)
    listening.feedback.add_exclusion("me", Exclusion("", "track", "s0-t00", NOW))
    rest, token = [], first.next_page_token
    while token:
        page = listening.recommender.recommend_singers(voice(0, 80), asked, token)
        rest += singers_of(page)
        token = page.next_page_token

    assert sorted([*singers_of(first), *rest]) == sorted(set(whole) - {hidden})


def test_a_later_page_shows_no_moment_of_a_track_that_was_hidden_since() -> None:
    listening = two_camps()
    asked = RecommendOptions(k=3, listener_id="me")
    token = listening.recommender.recommend_singers(voice(0, 80), asked).next_page_token
    before = listening.recommender.recommend_singers(voice(0, 80), asked, token)
    hidden = before.singers[0].moments[0].track_id

    listening.add("me", HIDE, track_id=hidden)
    after = listening.recommender.recommend_singers(voice(0, 80), asked, token)

    assert singers_of(after) == singers_of(before)
    assert after.singers[0].moments
    assert hidden not in {moment.track_id for singer in after.singers for moment in singer.moments}


def test_a_page_of_a_list_that_is_gone_and_would_be_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_keeper, "FEWEST_KEPT", 1)
    monkeypatch.setattr(ranking_keeper, "RANKINGS_BYTES", 0)
    listening = two_camps()
    asked = RecommendOptions(k=3, listener_id="me")
    token = listening.recommender.recommend_singers(voice(0, 80), asked).next_page_token

    listening.recommender.recommend_singers(voice(1, 80), asked)
    again = listening.recommender.recommend_singers(voice(0, 80), asked, token)
    listening.add("me", LIKE, track_id="s1-t10")
    listening.recommender.recommend_singers(voice(1, 80), asked)

    assert len(again.singers) == 3
    with pytest.raises(ConcurrentChangeError) as caught:
        listening.recommender.recommend_singers(voice(0, 80), asked, token)
    assert caught.value.reason == "RANKING_CHANGED"


def test_a_token_of_another_question_is_refused(recommender: Recommender) -> None:
    token = recommender.recommend_singers(voice(1, 99), RecommendOptions(k=2)).next_page_token

    for profile, options in ((voice(1, 99), RecommendOptions(k=3)), (voice(2, 99), RecommendOptions(k=2))):
        with pytest.raises(InvalidInputError) as caught:
            recommender.recommend_singers(profile, options, token)
        assert caught.value.reason == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("place", ["", "7", "x:1", "state:", "state:-1", "state:1.5", "state:9999999999", "{state}:7"])
def test_a_token_with_an_invented_place_is_refused(recommender: Recommender, place: str) -> None:
    profile, options = voice(1, 99), RecommendOptions(k=2)
    state = recommender.rank("singers", profile, options).state
    scope = ("singers", options.digest(), profile_digest(profile))
    token = make_token("suggestions", scope, place.format(state=state))

    with pytest.raises((InvalidInputError, ConcurrentChangeError)) as caught:
        recommender.recommend_singers(profile, options, token)

    assert caught.value.reason in {"BAD_PAGE_TOKEN", "RANKING_CHANGED"}


def test_what_was_erased_since_the_first_page_is_not_named() -> None:
    catalogue = shelf()
    recommender = recommender_of(catalogue)
    options = RecommendOptions(k=3)
    first = recommender.recommend_singers(voice(4, 99), options)
    gone = next(f"s{row}" for row in range(6) if f"s{row}" not in singers_of(first))

    for take in range(3):
        catalogue.remove_track(f"{gone}-song {gone[1]} {take}")
    recommender.refresh()
    second = recommender.recommend_singers(voice(4, 99), options, first.next_page_token)

    assert sorted([*singers_of(first), *singers_of(second)]) == sorted({f"s{row}" for row in range(6)} - {gone})


def test_a_later_page_of_an_older_list_heeds_what_is_hidden_now_and_lets_nobody_learn_of_the_older_catalogue() -> None:
    catalogue, feedback, followed = shelf(), MemoryFeedback(now=lambda: NOW), list[CatalogueView]()

    class Watched(TasteKeeper):
        def follow(self, view: CatalogueView) -> None:
            followed.append(view)
            super().follow(view)

    keeper = Watched(feedback, lambda: NOW, at_once, lambda: 0.0)
    recommender = Recommender(catalogue, MemoryIndex(catalogue), "fake-1", keeper, now=lambda: NOW)  # type: ignore[arg-type]
    options = RecommendOptions(k=3, listener_id="me")
    first = recommender.recommend_singers(voice(4, 99), options)
    gone, hidden, left = (name for name in (f"s{row}" for row in range(6)) if name not in singers_of(first))

    for take in range(3):
        catalogue.remove_track(f"{gone}-song {gone[1]} {take}")
    feedback.record("me", [Feedback("", HIDE, "", hidden, NOW)])
    newest = recommender.refresh()
    second = recommender.recommend_singers(voice(4, 99), options, first.next_page_token)

    assert singers_of(second) == [left]
    assert followed[-1] is newest


def test_only_rankings_of_the_last_two_states_of_the_catalogue_are_kept() -> None:
    catalogue = shelf()
    recommender = recommender_of(catalogue)
    options = RecommendOptions(k=2)
    tokens = []
    for state in range(3):
        tokens.append(recommender.recommend_singers(voice(4, 99), options).next_page_token)
        catalogue.put("new", f"song {state}", voice(40 + state))
        recommender.refresh()
    recommender.recommend_singers(voice(4, 99), options)

    newest = recommender.recommend_singers(voice(4, 99), options, tokens[2])

    assert len(newest.singers) == 2
    with pytest.raises(ConcurrentChangeError):
        recommender.recommend_singers(voice(4, 99), options, tokens[0])


def test_what_was_heard_with_an_index_that_lags_is_heard_again_when_it_has_caught_up() -> None:
    catalogue, lagging = shelf(), shelf()
    revisions = {"index": catalogue.revision()}
    recommender = Recommender(
        catalogue,  # type: ignore[arg-type]
        MemoryIndex(lagging),  # type: ignore[arg-type]
        "fake-1",
        now=lambda: NOW,
        index_revision=lambda: revisions["index"],
    )
    catalogue.put("s9", "new", voice(9, 1))
    recommender.refresh()
    asked = RecommendOptions(k=1)

    early, fingerprint = recommender.recommend_singers(voice(9, 2), asked), recommender.fingerprint()
    lagging.put("s9", "new", voice(9, 1))
    revisions["index"] = catalogue.revision()
    late = recommender.recommend_singers(voice(9, 2), asked)

    assert singers_of(early) == singers_of(late) == ["s9"]
    assert (bool(early.singers[0].moments), bool(late.singers[0].moments)) == (False, True)
    assert recommender.fingerprint() != fingerprint
