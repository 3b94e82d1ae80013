"""What goes when conversions, voices and tracks are erased, and what stays: rows, places of songs, bytes in files."""

import pytest

from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.conversion_records import ConversionFault, SongFile
from tests.support.catalogue_entries import add_track
from tests.support.conversion_stores import (
    SONG,
    START,
    TENANT,
    ConversionStores,
    add_conversion,
    conversion_stores,
    outcome,
)
from tests.support.folders import quick_folder

FAULT = ConversionFault("NO_SINGING", "nobody sings: choose another song")


def test_what_has_run_out_is_erased_with_its_news(stores: ConversionStores) -> None:
    store = stores.conversions
    short, long, waiting = (add_conversion(stores, song, keep_s=keep_s) for song, keep_s in enumerate((60, 3600, 60)))
    for each in (short, long):
        store.start(each.conversion_id, "w1")
        store.succeed(each.conversion_id, "w1", SONG)

    early = store.remove_expired(stores.clock.forward(seconds=59))
    gone = store.remove_expired(stores.clock.forward(seconds=1))

    assert (early, gone) == ((), (short.conversion_id,))
    assert outcome(lambda: store.news(short.conversion_id)) == "CONVERSION_NOT_FOUND"
    assert store.conversion_ids() == {long.conversion_id, waiting.conversion_id}


def test_what_a_voice_sang_goes_with_it_whoever_erases_it(stores: ConversionStores) -> None:
    kept, revoked, removed, forgotten = (add_conversion(stores, song) for song in range(4))
    targets, catalogue = stores.targets, SqlCatalogue(stores.url)

    left, stopped = targets.revoke_consent(TENANT.name, revoked.order.voice_id, START)
    gone = targets.remove_target(TENANT.name, removed.order.voice_id)
    catalogue.remove_voice(forgotten.order.voice_id)
    catalogue.close()

    assert (stopped, gone) == ((revoked.conversion_id,), (removed.conversion_id,))
    assert left.consent.revoke_time == START
    assert stores.conversions.conversion_ids() == {kept.conversion_id}


def test_a_track_that_goes_takes_its_place_along_and_harms_no_finished_song(stores: ConversionStores) -> None:
    catalogue = SqlCatalogue(stores.url)
    track = add_track(catalogue, 7)
    stores.song_files.add_song_file(SongFile(track.content_sha256, "/songs/7.flac"))
    done = add_conversion(stores, content_sha256=track.content_sha256, track_id=track.track_id).conversion_id
    stores.conversions.start(done, "w1")
    stores.conversions.succeed(done, "w1", SONG)

    catalogue.remove_track(track.track_id)
    catalogue.close()

    assert outcome(lambda: stores.song_files.find_song_file(track.content_sha256)) == "SONG_SOUND_NOT_FOUND"
    assert stores.conversions.get_conversion(done).song == SONG


def test_where_a_song_lies_that_is_no_track_is_forgotten_with_its_last_conversion(stores: ConversionStores) -> None:
    first, last = add_conversion(stores, 5, track_id=""), add_conversion(stores, 5, track_id="")
    file = SongFile(first.order.content_sha256, "/home/mia/song.ogg", "left", a_cappella=True)
    stores.song_files.add_song_file(file)

    stores.conversions.remove_conversion(first.conversion_id)
    between = stores.song_files.find_song_file(file.content_sha256)
    stores.conversions.remove_conversion(last.conversion_id)

    assert between == file
    assert stores.song_files.song_paths() == frozenset()


def test_the_last_word_on_where_a_song_lies_counts(stores: ConversionStores) -> None:
    first, moved = SongFile("ab" * 32, "/a.ogg"), SongFile("ab" * 32, "/b.ogg", "right", a_cappella=True)

    stores.song_files.add_song_file(first)
    stores.song_files.add_song_file(first)
    stores.song_files.add_song_file(moved)

    assert stores.song_files.find_song_file("ab" * 32) == moved
    assert stores.song_files.song_paths() == {"/b.ogg"}


@pytest.mark.parametrize("how", ["removed", "expired", "revoked"])
def test_what_is_erased_of_a_conversion_leaves_no_byte_behind(how: str) -> None:
    with quick_folder() as folder, conversion_stores(f"sqlite:///{folder / 'catalogue.db'}") as stores:
        for song in range(3):
            add_conversion(stores, song)
        wish = add_conversion(stores, 7, track_id="track-zerubabel", keep_s=60)
        loose = SongFile(wish.order.content_sha256, "/home/zerubabel/quux.ogg")
        stores.song_files.add_song_file(loose)
        stores.conversions.start(wish.conversion_id, "w1")
        stores.conversions.fail(wish.conversion_id, "w1", ConversionFault("NO_SINGING", "zerubabel is silent"))
        stores.conversions.news(wish.conversion_id)

        def held() -> bool:
            return any(b"zerubabel" in path.read_bytes() for path in folder.iterdir())

        before = held()
        if how == "removed":
            stores.conversions.remove_conversion(wish.conversion_id)
        elif how == "expired":
            stores.conversions.remove_expired(stores.clock.forward(minutes=1))
        else:
            stores.targets.revoke_consent(TENANT.name, wish.order.voice_id, START)

        assert before
        assert not held()
