"""What listeners do changes what they are suggested: at once, and no more than it should."""

from datetime import timedelta

import pytest

from singalike.recsys.suggestions import SongSuggestion
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE, Exclusion, Feedback
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.taste_keeper import TasteKeeper, at_once
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.listening import NOW, Listening, track_id, two_camps
from tests.support.voices import voice

EQUAL = 1e-9


@pytest.fixture
def listening() -> Listening:
    return two_camps()


def by_track(songs: tuple[SongSuggestion, ...]) -> dict[str, SongSuggestion]:
    return {song.track_id: song for song in songs}


def test_what_a_listener_likes_lifts_what_the_same_listeners_like(listening: Listening) -> None:
    before = by_track(listening.songs_for("ann").songs)

    for take in range(3):
        listening.add("ann", LIKE, track_id(6, take))
    after = by_track(listening.songs_for("ann").songs)

    assert after[track_id(7)].score > before[track_id(7)].score
    assert after[track_id(7)].signals["collaborative"] > after[track_id(2)].signals["collaborative"]
    assert after[track_id(1)].score < before[track_id(1)].score


def test_the_weight_of_taste_is_that_of_the_preset_times_n_over_n_plus_k(listening: Listening) -> None:
    preset = listening.recommender.presets.default("similar", "songs")
    shares = {}

    for events in (0, 1, 4):
        for _ in range(events - (0 if events < 4 else 1)):
            listening.add("ann", LIKE, track_id(6))
        summary = listening.songs_for("ann").summary
        shares[events] = summary.weights.get("collaborative", 0.0)
        assert summary.learnt_from_events == events

    half = preset.taste_half_weight_events
    others = sum(weight for name, weight in preset.weights.items() if name != "collaborative")
    for events, share in shares.items():
        weight = preset.weights["collaborative"] * events / (events + half)
        assert share == pytest.approx(weight / (others + weight), abs=EQUAL)


def test_nobody_is_said_to_like_what_nobody_liked(listening: Listening) -> None:
    songs = by_track(listening.songs_for("me").songs)
    told = {
        name: next(part.text for part in songs[name].evidence if part.signal == "popularity")
        for name in (track_id(0), track_id(3))
    }

    assert songs[track_id(3)].signals["popularity"] > 0
    assert told == {track_id(0): "Many listeners here like it.", track_id(3): "Hardly any listener here likes it."}


def test_a_stranger_is_told_that_taste_was_left_out(listening: Listening) -> None:
    stranger = listening.songs_for("ann").summary
    listening.add("ann", LIKE, track_id(6))
    known = listening.songs_for("ann").summary

    assert "no_history" in stranger.fallbacks
    assert "no_history" not in known.fallbacks


def test_what_is_hidden_is_gone_with_the_next_request_and_back_when_the_event_is_deleted(listening: Listening) -> None:
    listening.add("ann", HIDE, track_id(3))
    listening.add("ann", HIDE, singer_id="s4")
    hidden = listening.songs_for("ann"), listening.singers_for("ann")

    for event in listening.feedback.events_of("ann", NOW):
        listening.feedback.delete_feedback("ann", event.feedback_id)
    back = by_track(listening.songs_for("ann").songs)

    tracks = by_track(hidden[0].songs)
    assert not {track_id(3), track_id(4, 0), track_id(4, 1), track_id(4, 2)} & tracks.keys()
    assert track_id(3, 1) in tracks
    assert "s4" not in {singer.singer_id for singer in hidden[1].singers}
    assert {track_id(3), track_id(4)} <= back.keys()


def test_a_dislike_lowers_its_song_and_its_voice_with_the_next_request(listening: Listening) -> None:
    before = by_track(listening.songs_for("ann").songs)

    listening.add("ann", DISLIKE, track_id(0, 1))
    after = by_track(listening.songs_for("ann").songs)

    assert after[track_id(0, 1)].score < 0.5 * before[track_id(0, 1)].score
    assert after[track_id(0, 2)].score < before[track_id(0, 2)].score
    assert after[track_id(0, 1)].signals["dislikes"] < 0.0
    assert sum(after[track_id(0, 1)].signals.values()) == pytest.approx(after[track_id(0, 1)].score, abs=EQUAL)


def test_nobody_else_sees_what_a_listener_hides(listening: Listening) -> None:
    before = listening.songs_for("ben").songs

    listening.add("ann", HIDE, singer_id="s0")
    listening.add("ann", DISLIKE, track_id(1))

    assert listening.songs_for("ben").songs == before


def test_a_lasting_exclusion_holds_from_the_next_request_on(listening: Listening) -> None:
    before = {singer.singer_id for singer in listening.singers_for("ann").singers}

    listening.feedback.add_exclusion("ann", Exclusion("", "singer", "s2", NOW))

    assert before - {singer.singer_id for singer in listening.singers_for("ann").singers} == {"s2"}


def test_a_listener_needs_no_voice(listening: Listening) -> None:
    from singalike.services.recommender.recommend_options import RecommendOptions

    found = listening.recommender.recommend_songs(None, RecommendOptions(k=5, listener_id="of-5-1"))

    assert {song.singer_id for song in found.songs[:3]} == {"s5", "s6", "s7"}
    assert found.voice is None


def test_an_erased_listener_is_a_stranger(listening: Listening) -> None:
    fresh = listening.songs_for("ben").songs
    listening.add("ann", LIKE, track_id(6))
    listening.add("ann", HIDE, track_id(0))
    assert listening.songs_for("ann").songs != fresh

    listening.feedback.erase_listener("ann")

    assert listening.songs_for("ann").songs == fresh


def test_answers_to_a_listener_may_differ_when_one_of_their_events_runs_out() -> None:
    passed = timedelta(0)
    catalogue = MemoryCatalogue()
    catalogue.put("s0", "t00", voice(0, 1))
    feedback = MemoryFeedback(now=lambda: NOW + passed)
    keeper = TasteKeeper(feedback, lambda: NOW + passed, at_once, lambda: 0.0)
    recommender = Recommender(catalogue, MemoryIndex(catalogue), "fake-1", keeper, now=lambda: NOW)  # type: ignore[arg-type]
    feedback.record("me", [Feedback("", HIDE, "s0-t00", "", NOW, NOW + timedelta(hours=1))])
    asked = RecommendOptions(listener_id="me")

    hidden = recommender.recommend_songs(voice(0, 80), asked)
    fingerprints = [recommender.fingerprint("me") for _ in range(2)]
    passed = timedelta(hours=1)
    later = recommender.fingerprint("me")
    shown = recommender.recommend_songs(voice(0, 80), asked)

    assert fingerprints[0] == fingerprints[1] != later
    assert (len(hidden.songs), len(shown.songs)) == (0, 1)
    assert recommender.fingerprint("me") == recommender.fingerprint("me") != later


def test_no_listener_is_looked_up_for_the_fingerprint_where_the_database_has_no_pulse(listening: Listening) -> None:
    class Remote(MemoryCatalogue):
        def pulse(self) -> int | None:
            return None

    class Asked(TasteKeeper):
        def state(self, listener_id: str) -> str:
            raise AssertionError("a database behind a network was asked on the event loop")

    keeper = Asked(listening.feedback, lambda: NOW)
    recommender = Recommender(Remote(), MemoryIndex(Remote()), "fake-1", keeper)  # type: ignore[arg-type]

    assert recommender.fingerprint("me") is None
