"""One contract for the catalogue on SQLite and, when SINGALIKE_TEST_POSTGRES_URL is set, on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from singalike.embeddings.profile import SungNotes
from singalike.errors import AlreadyExistsError, InvalidInputError, NotFoundError, WrongStateError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.index_points import checksum
from singalike.services.ports import IndexPoint, TrackFilter
from singalike.services.records import TrackInfo
from tests.support.catalogue_entries import CONSENT, EAR, add_track, all_points, assert_same_profile, sha
from tests.support.databases import fresh_database
from tests.support.fake_ear import FakeEar, make_profile

BATCH_TOLERANCE = 1e-5  # what encoding promises


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with fresh_database(request.param) as fresh:
        yield fresh


@pytest.fixture
def catalogue(url: str) -> Iterator[SqlCatalogue]:
    opened = SqlCatalogue(url)
    yield opened
    opened.close()


def test_a_track_comes_back_bit_by_bit(catalogue: SqlCatalogue) -> None:
    added = add_track(catalogue, 1, genre="pop", language="ko", voice_gender="female", isrc="KRA381702222")

    stored = catalogue.get_track(added.track_id)

    assert stored.track == added
    assert added.track_id == sha(1)[:20]
    assert_same_profile(stored.profile, make_profile(1))


def test_a_range_that_is_not_known_comes_back_as_not_known(catalogue: SqlCatalogue) -> None:
    profile = make_profile(1)
    silent = replace(profile.vocal_range, lowest_midi=float("nan"), tessitura_midi=(float("nan"), float("nan")))

    track = catalogue.add_track(TrackInfo("Ann", "One"), sha(1), 9.5, "identity", replace(profile, vocal_range=silent))

    stored = catalogue.get_track(track.track_id).profile.vocal_range
    assert np.isnan([stored.lowest_midi, *stored.tessitura_midi]).all()
    assert stored.highest_midi == profile.vocal_range.highest_midi


@pytest.mark.parametrize("told", [None, SungNotes(float("nan"), 60.0, 0.4, 2.0, 3.5, 4.0, 12)])
def test_what_notes_ask_comes_back_even_where_it_is_not_known(catalogue: SqlCatalogue, told: SungNotes | None) -> None:
    profile = replace(make_profile(1), sung_notes=told)

    track = catalogue.add_track(TrackInfo("Ann", "One"), sha(1), 9.5, "identity", profile)

    stored = catalogue.get_track(track.track_id).profile.sung_notes
    assert repr(stored) == repr(told)  # NaN equals itself in a repr


def test_the_same_track_again_changes_nothing(catalogue: SqlCatalogue) -> None:
    first = add_track(catalogue, 1)

    second = add_track(catalogue, 1, singer=" ANN")

    assert second == first
    assert catalogue.revision() == 1


def test_a_corrected_title_is_a_change_that_the_index_follows(catalogue: SqlCatalogue) -> None:
    before = add_track(catalogue, 1)
    old_ids = {point.point_id for point in all_points(catalogue)}

    after = add_track(catalogue, 1, title="The right title", genre="pop")

    assert (after.track_id, after.info.title, after.create_time) == (
        before.track_id,
        "The right title",
        before.create_time,
    )
    changes = catalogue.changes(before.revision, EAR)
    assert {point.genre for point in changes.points} == {"pop"}
    assert set(changes.deleted_point_ids) == old_ids


def test_the_same_audio_under_another_singer_is_refused(catalogue: SqlCatalogue) -> None:
    add_track(catalogue, 1, singer="Ann")

    with pytest.raises(AlreadyExistsError) as refusal:
        add_track(catalogue, 1, singer="Bob")

    assert refusal.value.reason == "TRACK_OF_OTHER_SINGER"
    assert catalogue.list_singers().total_size == 1


def test_content_is_found_by_digest_and_ear(catalogue: SqlCatalogue) -> None:
    added = add_track(catalogue, 1)

    assert catalogue.find_content(sha(1), EAR) == added
    assert catalogue.find_content(sha(1), "another-ear") is None
    assert catalogue.find_content(sha(2), EAR) is None


def test_another_ear_replaces_the_vectors_of_a_track(catalogue: SqlCatalogue) -> None:
    add_track(catalogue, 1)
    other = make_profile(1, ear=FakeEar("ear-2", timbre_dim=5, style_dim=3))

    catalogue.add_track(TrackInfo("Ann", "Song 1"), sha(1), 9.5, "identity", other)

    assert catalogue.expected_index_state(EAR).count == 0
    assert catalogue.expected_index_state("ear-2").count == 3
    assert len(catalogue.changes(0, EAR).deleted_point_ids) == 3


def test_one_ear_never_changes_its_dimensions(catalogue: SqlCatalogue) -> None:
    add_track(catalogue, 1)

    with pytest.raises(WrongStateError) as refusal:
        catalogue.add_track(
            TrackInfo("Ann", "Two"), sha(2), 9.5, "identity", make_profile(2, ear=FakeEar(timbre_dim=5))
        )

    assert refusal.value.reason == "MODEL_DIMENSIONS_DIFFER"


@pytest.mark.parametrize(
    ("reason", "value"), [("VECTOR_NOT_FINITE", np.nan), ("VECTOR_ZERO", 0.0), ("VECTOR_NOT_UNIT", 3.0)]
)
def test_vectors_that_no_index_would_take_never_become_truth(
    catalogue: SqlCatalogue, reason: str, value: float
) -> None:
    profile = make_profile(1)
    profile.segments.timbre[1] *= np.float32(value)

    with pytest.raises(InvalidInputError) as refusal:
        catalogue.add_track(TrackInfo("Ann", "One"), sha(1), 9.5, "identity", profile)

    assert refusal.value.reason == reason
    assert catalogue.revision() == 0


def test_removing_the_last_track_removes_the_singer(catalogue: SqlCatalogue) -> None:
    track = add_track(catalogue, 1)
    point_ids = {point.point_id for point in all_points(catalogue)}

    catalogue.remove_track(track.track_id)

    with pytest.raises(NotFoundError):
        catalogue.get_singer("ann")
    changes = catalogue.changes(1, EAR)
    assert set(changes.deleted_point_ids) == point_ids
    assert changes.points == ()


def test_removing_a_singer_keeps_the_others(catalogue: SqlCatalogue) -> None:
    for number in range(4):
        add_track(catalogue, number, singer=("Ann", "Bob")[number % 2])

    assert catalogue.remove_singer("ann") == 2

    assert [singer.singer_id for singer in catalogue.list_singers().items] == ["bob"]
    assert catalogue.get_singer("bob").track_count == 2
    assert catalogue.list_tracks().total_size == 2


@pytest.mark.parametrize(
    ("reason", "call"),
    [
        ("TRACK_NOT_FOUND", lambda catalogue: catalogue.get_track("none")),
        ("TRACK_NOT_FOUND", lambda catalogue: catalogue.remove_track("none")),
        ("SINGER_NOT_FOUND", lambda catalogue: catalogue.get_singer("none")),
        ("SINGER_NOT_FOUND", lambda catalogue: catalogue.remove_singer("none")),
        ("VOICE_NOT_FOUND", lambda catalogue: catalogue.get_voice("none")),
        ("VOICE_NOT_FOUND", lambda catalogue: catalogue.remove_voice("none")),
    ],
)
def test_what_does_not_exist_is_said_not_to(catalogue: SqlCatalogue, reason: str, call) -> None:
    with pytest.raises(NotFoundError) as refusal:
        call(catalogue)

    assert refusal.value.reason == reason
    assert catalogue.revision() == 0


def test_segment_ids_are_never_used_twice(catalogue: SqlCatalogue) -> None:
    first = add_track(catalogue, 1)
    used = {point.point_id for point in all_points(catalogue)}
    catalogue.remove_track(first.track_id)

    add_track(catalogue, 2)

    assert used.isdisjoint(point.point_id for point in all_points(catalogue))
    assert used == set(catalogue.changes(0, EAR).deleted_point_ids)


def test_following_in_small_steps_gives_the_same_as_the_whole(catalogue: SqlCatalogue) -> None:
    for number in range(6):
        add_track(catalogue, number, segments=2 + number)
    catalogue.remove_track(sha(2)[:20])
    held: dict[int, IndexPoint] = {}
    revision, steps, more = 0, 0, True

    while more:
        changes = catalogue.changes(revision, EAR, limit=4)
        held |= {point.point_id: point for point in changes.points}
        for point_id in changes.deleted_point_ids:
            held.pop(point_id, None)
        revision, more, steps = changes.revision, changes.more, steps + 1

    expected = catalogue.expected_index_state(EAR)
    assert steps > 3
    assert (len(held), checksum(held.values()), revision) == (expected.count, expected.checksum, catalogue.revision())


def test_pages_walk_over_everything_once(catalogue: SqlCatalogue) -> None:
    for number in range(7):
        add_track(catalogue, number, singer=f"Singer {number}")
    seen: list[str] = []
    token = "go"

    while token:
        page = catalogue.list_singers(page_size=3, page_token="" if token == "go" else token)
        seen += [singer.singer_id for singer in page.items]
        assert page.total_size == 7
        token = page.next_page_token

    assert seen == sorted(f"singer-{number}" for number in range(7))


def test_tracks_are_filtered(catalogue: SqlCatalogue) -> None:
    add_track(catalogue, 1, singer="Ann", title="Blue Moon", genre="jazz", language="en")
    add_track(catalogue, 2, singer="Ann", title="100 % ÜBER", genre="pop", language="de")
    add_track(catalogue, 3, singer="Bob", title="Moonlight", genre="pop", language="en")

    def titles(**where: str) -> set[str]:
        return {track.info.title for track in catalogue.list_tracks(where=TrackFilter(**where)).items}

    assert titles(title_contains="MOON") == {"Blue Moon", "Moonlight"}
    assert titles(title_contains="% über") == {"100 % ÜBER"}
    assert titles(title_contains="_") == set()
    assert titles(singer_id="ann", genre="pop") == {"100 % ÜBER"}
    assert titles(language="en") == {"Blue Moon", "Moonlight"}


def test_tokens_hold_for_their_filter_only(catalogue: SqlCatalogue) -> None:
    for number in range(4):
        add_track(catalogue, number, singer=f"Singer {number}", genre="pop")
    singers = catalogue.list_singers(page_size=2).next_page_token
    tracks = catalogue.list_tracks(page_size=2).next_page_token

    for call in (
        lambda: catalogue.list_singers(page_token=singers, name_contains="x"),
        lambda: catalogue.list_singers(page_token=tracks),
        lambda: catalogue.list_tracks(page_token=tracks, where=TrackFilter(genre="pop")),
        lambda: catalogue.list_tracks(page_token=tracks[:-2] + "AA"),
        lambda: catalogue.list_tracks(page_token="ü"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            call()
        assert refusal.value.reason == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("page_size", [-1, 0, 1001])
def test_page_sizes_have_limits(catalogue: SqlCatalogue, page_size: int) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        catalogue.list_tracks(page_size=page_size)

    assert refusal.value.reason == "BAD_PAGE_SIZE"


def test_all_tracks_of_an_ear_can_be_walked(catalogue: SqlCatalogue) -> None:
    for number in range(3):
        add_track(catalogue, number)

    walked = {each.track.track_id: each for each in catalogue.iterate_tracks(EAR)}

    assert set(walked) == {sha(number)[:20] for number in range(3)}
    assert_same_profile(walked[sha(2)[:20]].profile, make_profile(2))
    assert list(catalogue.iterate_tracks("another-ear")) == []


def test_a_voice_comes_back_with_its_consent(catalogue: SqlCatalogue) -> None:
    stored = catalogue.add_voice(make_profile(5), CONSENT)

    again = catalogue.get_voice(stored.voice_id)

    assert again.voice_id.startswith("v-")
    assert len(again.voice_id) == 34
    assert (again.consent, again.create_time) == (CONSENT, stored.create_time)
    assert_same_profile(again.profile, make_profile(5))


def test_a_repeated_request_gets_the_same_voice(catalogue: SqlCatalogue) -> None:
    first = catalogue.add_voice(make_profile(5), CONSENT, "request-1")

    second = catalogue.add_voice(make_profile(5), CONSENT, "request-1")

    assert second.voice_id == first.voice_id
    assert catalogue.add_voice(make_profile(5), CONSENT).voice_id != first.voice_id
    with pytest.raises(AlreadyExistsError):
        catalogue.add_voice(make_profile(6), CONSENT, "request-1")


def test_a_retry_whose_vectors_came_from_another_batch_gets_the_same_voice(catalogue: SqlCatalogue) -> None:
    profile = make_profile(5)
    nearly = replace(profile.segments, timbre=profile.segments.timbre + np.float32(BATCH_TOLERANCE))
    first = catalogue.add_voice(profile, CONSENT, "request-1")

    second = catalogue.add_voice(replace(profile, segments=nearly), CONSENT, "request-1")

    assert second.voice_id == first.voice_id


@pytest.mark.parametrize("said", [{"subject": "person-8"}, {"statement": "Keep it for a day."}])
def test_a_retry_with_another_consent_does_not_get_the_voice_of_the_first(
    catalogue: SqlCatalogue, said: dict[str, str]
) -> None:
    catalogue.add_voice(make_profile(5), CONSENT, "request-1")

    with pytest.raises(AlreadyExistsError) as refusal:
        catalogue.add_voice(make_profile(5), replace(CONSENT, **said), "request-1")

    assert refusal.value.reason == "REQUEST_ID_TAKEN"


def test_a_retry_of_another_length_is_another_voice(catalogue: SqlCatalogue) -> None:
    catalogue.add_voice(make_profile(5), CONSENT, "request-1")

    with pytest.raises(AlreadyExistsError):
        catalogue.add_voice(make_profile(5, segments=4), CONSENT, "request-1")


def test_a_removed_voice_is_gone(catalogue: SqlCatalogue) -> None:
    voice = catalogue.add_voice(make_profile(5), CONSENT)

    catalogue.remove_voice(voice.voice_id)

    with pytest.raises(NotFoundError):
        catalogue.get_voice(voice.voice_id)


def test_voices_are_no_business_of_the_index(catalogue: SqlCatalogue) -> None:
    catalogue.add_voice(make_profile(5), CONSENT)

    assert catalogue.expected_index_state(EAR).count == 0
    assert catalogue.revision() == 0
