"""The use case: refusals, notes, filters and the view that follows the catalogue."""

import gc
import weakref
from dataclasses import replace
from threading import Event

import pytest

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.index_follower import FollowEvent
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.recommender.serving import after_following
from singalike.services.view_keeper import ViewKeeper
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.patience import PATIENCE_S
from tests.support.voices import sung, voice, zeros_like


def fill(catalogue: MemoryCatalogue, singers: int = 5, tracks: int = 3) -> MemoryCatalogue:
    for singer in range(singers):
        for take in range(tracks):
            genre, gender = ("folk", "rock")[singer % 2], ("female", "male")[singer % 2]
            catalogue.put(f"s{singer}", f"t{singer}{take}", voice(singer, take + 1), genre=genre, voice_gender=gender)
    return catalogue


def recommender_of(catalogue: MemoryCatalogue) -> Recommender:
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]


def heard(profile: VoiceProfile, voiced_s: float) -> VoiceProfile:
    return replace(
        profile, quality=replace(profile.quality, voiced_s=voiced_s), vocal_range=sung((57, 60), max(voiced_s, 0.01))
    )


def test_another_take_of_a_singer_finds_the_singer_with_moments() -> None:
    answer = recommender_of(fill(MemoryCatalogue())).recommend(voice(3, 80))

    assert answer.singers[0].singer_id == "s3"
    assert answer.singers[0].moments[0].track_id.startswith("s3")
    assert answer.songs[0].singer_id == "s3"
    assert answer.notes == ()


def test_an_empty_catalogue_is_said_to_be_empty() -> None:
    with pytest.raises(WrongStateError) as caught:
        recommender_of(MemoryCatalogue()).recommend(voice(1))

    assert caught.value.reason == "CATALOGUE_EMPTY"


def test_a_catalogue_of_another_ear_is_not_called_empty() -> None:
    catalogue = MemoryCatalogue()
    catalogue.put("s1", "t1", voice(1, model_version="old-ear"))

    with pytest.raises(WrongStateError) as caught:
        recommender_of(catalogue).recommend(voice(1))

    assert caught.value.reason == "MODEL_VERSION_MISMATCH"


def test_a_voice_of_another_ear_is_refused() -> None:
    with pytest.raises(WrongStateError) as caught:
        recommender_of(fill(MemoryCatalogue())).recommend(voice(1, model_version="old-ear"))

    assert caught.value.reason == "MODEL_VERSION_MISMATCH"


def test_a_recording_without_voice_is_refused() -> None:
    silent = heard(voice(1), 0.0)
    directionless = replace(voice(1), timbre=zeros_like(voice(1).timbre))

    for profile in (silent, directionless):
        with pytest.raises(InvalidInputError) as caught:
            recommender_of(fill(MemoryCatalogue())).recommend(profile)
        assert caught.value.reason == "NO_VOICE"


def test_a_short_recording_is_answered_with_a_warning_when_names_are_wanted_all_the_same() -> None:
    options = RecommendOptions(even_if_unsure=True)

    answer = recommender_of(fill(MemoryCatalogue())).recommend(heard(voice(2, 9), 1.8), options)

    assert len(answer.singers) == 5
    assert answer.abstention is None
    assert "9 seconds more" in answer.notes[0]
    assert any("vocal range" in note for note in answer.notes)
    assert all(song.in_range_after is None and song.key_shift_semitones == 0 for song in answer.songs)
    assert all("tessitura" not in singer.signals for singer in answer.singers)


def test_two_voices_are_pointed_out() -> None:
    profile = voice(2, 9)
    duet = replace(profile, quality=replace(profile.quality, more_than_one_voice=True))

    answer = recommender_of(fill(MemoryCatalogue())).recommend(duet)

    assert any("sing alone" in note for note in answer.notes)


@pytest.mark.parametrize("k", [0, -1, 101])
def test_a_senseless_number_of_suggestions_is_refused(k: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        RecommendOptions(k=k)

    assert caught.value.reason == "BAD_K"
    assert caught.value.violations[0].field == "k"


def test_filters_leave_only_what_the_owner_said() -> None:
    options = RecommendOptions(genres=frozenset({"folk"}), excluded_track_ids=frozenset({"s2-t20"}))

    answer = recommender_of(fill(MemoryCatalogue())).recommend(voice(3, 80), options)

    assert {singer.singer_id for singer in answer.singers} == {"s0", "s2", "s4"}
    assert "s2-t20" not in {song.track_id for song in answer.songs}
    assert all(moment.track_id != "s2-t20" for singer in answer.singers for moment in singer.moments)


def test_filters_that_nothing_passes_give_no_names_but_a_note() -> None:
    options = RecommendOptions(voice_genders=frozenset({"unknown"}))

    answer = recommender_of(fill(MemoryCatalogue())).recommend(voice(3, 80), options)

    assert answer.singers == answer.songs == ()
    assert any("filters" in note for note in answer.notes)


def test_signals_can_be_switched_off() -> None:
    recommender = recommender_of(fill(MemoryCatalogue()))

    answer = recommender.recommend(voice(3, 80), RecommendOptions(signals_off=frozenset({"melody", "key_fit_gain"})))

    assert all("melody" not in found.signals for found in (*answer.singers, *answer.songs))
    assert all("key_fit_gain" not in song.signals for song in answer.songs)
    with pytest.raises(InvalidInputError, match="tessitura"):
        recommender.recommend(voice(3, 80), RecommendOptions(signals_off=frozenset({"loudness"})))


def test_singers_and_songs_can_be_asked_for_alone() -> None:
    recommender = recommender_of(fill(MemoryCatalogue()))
    both = recommender.recommend(voice(3, 80))

    singers, songs = recommender.recommend_singers(voice(3, 80)), recommender.recommend_songs(voice(3, 80))

    assert (singers.singers, singers.songs) == (both.singers, ())
    assert (songs.singers, songs.songs) == ((), both.songs)


def test_every_suggested_singer_has_a_moment_even_when_the_index_found_others_first() -> None:
    catalogue = fill(MemoryCatalogue(), singers=3, tracks=2)
    for take in range(40):
        catalogue.put("crowd", f"c{take}", voice(1, 500 + take))

    answer = recommender_of(catalogue).recommend(voice(1, 80))

    near = {singer.singer_id: singer.moments for singer in answer.singers}
    assert near["crowd"]
    assert near["s1"]


def test_nobody_who_is_there_for_being_unlike_has_moments_that_sound_alike() -> None:
    recommender = recommender_of(fill(MemoryCatalogue()))

    answer = recommender.recommend(voice(1, 9), RecommendOptions(relation="dissimilar"))

    assert answer.singers
    assert not any(each.moments for each in (*answer.singers, *answer.songs))


def test_one_singer_alone_can_be_suggested() -> None:
    catalogue = MemoryCatalogue()
    catalogue.put("only", "song", voice(1, 1))

    answer = recommender_of(catalogue).recommend(voice(1, 2))

    assert [singer.singer_id for singer in answer.singers] == ["only"]


def test_a_refresh_reads_vectors_of_new_tracks_only_and_forgets_removed_ones() -> None:
    catalogue = fill(MemoryCatalogue())
    keeper = ViewKeeper(catalogue, "fake-1")  # type: ignore[arg-type]
    keeper.refresh()
    before = catalogue.vector_reads

    catalogue.put("new", "song", voice(40))
    catalogue.remove_track("s1-t10")
    view = keeper.refresh()

    assert catalogue.vector_reads - before == 1
    assert "new" in view.singer_rows
    assert "s1-t10" not in view.track_rows


def test_a_track_that_another_process_erased_is_not_named_to_the_first_caller() -> None:
    catalogue = MemoryCatalogue()
    catalogue.put("kept", "song", voice(1, 1))
    erased = catalogue.put("erased", "song", voice(2, 1))
    recommender = recommender_of(catalogue)
    recommender.refresh()

    catalogue.remove_track(erased.track_id)
    after_following(recommender, FollowEvent("index_caught_up", deleted=1))

    assert [singer.singer_id for singer in recommender.recommend(voice(2, 2)).singers] == ["kept"]


class SlowCatalogue(MemoryCatalogue):
    """Lists tracks only once the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.asked = Event(), Event()
        self.gate.set()

    def list_tracks(self, *arguments: object, **named: object) -> object:  # type: ignore[override]
        self.asked.set()
        assert self.gate.wait(PATIENCE_S)
        return super().list_tracks(*arguments, **named)  # type: ignore[arg-type]


def test_requests_keep_the_old_view_while_the_new_one_is_made() -> None:
    catalogue = SlowCatalogue()
    fill(catalogue)
    keeper = ViewKeeper(catalogue, "fake-1", monotonic=lambda: 0.0)  # type: ignore[arg-type]
    old = keeper.view()
    catalogue.put("new", "song", voice(40))
    catalogue.gate.clear()

    during = keeper.view()
    asked = catalogue.asked.wait(PATIENCE_S)
    still = keeper.view()
    catalogue.gate.set()
    after = keeper.refresh()

    assert asked
    assert during is still is old
    assert "new" in after.singer_rows


def test_a_busy_ingest_does_not_rebuild_the_view_at_every_request() -> None:
    catalogue = fill(MemoryCatalogue())
    now = [0.0]

    def monotonic() -> float:
        now[0] += 1.0
        return now[0]

    keeper = ViewKeeper(catalogue, "fake-1", monotonic)  # type: ignore[arg-type]
    first = keeper.view()
    catalogue.put("new", "song", voice(40))

    assert keeper.view() is first


def test_nothing_of_a_voice_stays_in_memory_when_people_are_forgotten() -> None:
    catalogue = MemoryCatalogue()
    for singer in range(4):
        catalogue.put(f"s{singer}", "song", voice(singer, 1))
    recommender = Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]
    profile = voice(1, 9)
    recommender.recommend(profile)
    kept = weakref.ref(profile)
    del profile
    gc.collect()
    assert kept() is not None  # so that the next request is quick

    recommender.forget_people()
    gc.collect()

    assert kept() is None
