"""The contract of what is kept of conversions: on SQLite and, where a server is named, on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from singalike.conversion.writing import SoundFormat
from singalike.errors import InvalidInputError, SingalikeError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_conversions import SqlConversions
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionFilter,
    ConversionProgress,
    ConversionState,
    Priority,
    SongFile,
    StoredConversion,
    Tenant,
)
from singalike.services.conversion_refusals import CANCELLED as CANCELLED_ON_REQUEST
from tests.support.catalogue_entries import add_track
from tests.support.conversion_stores import (
    SONG,
    START,
    TENANT,
    ConversionStores,
    add_target,
    conversion_stores,
    fresh_stores,
    order,
    outcome,
)
from tests.support.folders import quick_folder

QUEUED, RUNNING, CANCELLED = ConversionState.QUEUED, ConversionState.RUNNING, ConversionState.CANCELLED
SUCCEEDED, FAILED = ConversionState.SUCCEEDED, ConversionState.FAILED
FAULT = ConversionFault("NO_SINGING", "nobody sings: choose another song")
OTHER = Tenant("choir")


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Iterator[ConversionStores]:
    with fresh_stores(request.param) as opened:
        yield opened


def add(stores: ConversionStores, song: int = 1, tenant: Tenant = TENANT, **said: object) -> StoredConversion:
    voice = add_target(stores, tenant=tenant)
    return stores.conversions.add_conversion(tenant, order(voice.voice_id, song, **said))


def test_a_conversion_comes_back_as_it_was_ordered(stores: ConversionStores) -> None:
    voice = add_target(stores)
    wish = order(
        voice.voice_id,
        key_shift_semitones=-3,
        octaves_only=True,
        sound_format=SoundFormat.FLAC,
        priority=Priority.HIGH,
        retrieval_share=0.25,
        protect=0.5,
        seed=4_000_000_000,
        keep_s=3600,
    )

    added = stores.conversions.add_conversion(TENANT, wish)

    assert added == stores.conversions.get_conversion(added.conversion_id)
    assert (added.order, added.tenant, added.state) == (wish, "karaoke", QUEUED)
    assert isinstance(added.order.priority, Priority)
    assert isinstance(added.order.sound_format, SoundFormat)
    assert (added.sequence, added.attempts, added.executor_id, added.create_time) == (1, 0, "", START)
    assert added.start_time is added.end_time is added.expire_time is added.fault is added.song is None


def test_a_conversion_goes_from_the_queue_to_its_song_with_news_of_every_step(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions

    store.start(conversion_id, "w1")
    stores.clock.forward(seconds=5)
    store.report(conversion_id, "w1", ConversionProgress("converting", 0.5, 12.0))
    store.note_key_shift(conversion_id, "w1", -2)
    done = store.succeed(conversion_id, "w1", SONG)

    assert (done.state, done.song, done.attempts, done.sequence) == (SUCCEEDED, SONG, 1, 4)
    assert (done.start_time, done.end_time) == (START, START + timedelta(seconds=5))
    assert done.expire_time == done.end_time + timedelta(seconds=done.order.keep_s)
    assert done.order.key_shift_semitones == -2
    assert [(each.sequence, each.state, each.progress) for each in store.news(conversion_id)] == [
        (1, QUEUED, ConversionProgress()),
        (2, RUNNING, ConversionProgress()),
        (3, RUNNING, ConversionProgress("converting", 0.5, 12.0)),
        (4, SUCCEEDED, ConversionProgress("done", 1.0, 0.0)),
    ]
    assert [each.sequence for each in store.news(conversion_id, 2)] == [3, 4]


def test_small_steps_are_no_news_but_a_new_stage_is(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")

    for step in range(10):
        store.report(conversion_id, "w1", ConversionProgress("converting", 0.3 + step / 1000, None))
    store.report(conversion_id, "w1", ConversionProgress("mixing", 0.309, None))

    assert [(each.progress.stage, each.progress.share) for each in store.news(conversion_id, 2)] == [
        ("converting", 0.3),
        ("converting", 0.305),
        ("mixing", 0.309),
    ]


def test_a_repeated_request_returns_the_first_and_another_one_is_refused(stores: ConversionStores) -> None:
    voice, store = add_target(stores), stores.conversions
    first = store.add_conversion(TENANT, order(voice.voice_id), "request-1")

    again = store.add_conversion(TENANT, order(voice.voice_id), "request-1")
    other = outcome(lambda: store.add_conversion(TENANT, order(voice.voice_id, seed=1), "request-1"))

    assert again == first
    assert other == "REQUEST_ID_TAKEN"
    assert store.list_conversions().total_size == 1


def test_request_ids_of_tenants_do_not_meet(stores: ConversionStores) -> None:
    mine, theirs = add_target(stores), add_target(stores, 2, OTHER)

    first = stores.conversions.add_conversion(TENANT, order(mine.voice_id), "request-1")
    second = stores.conversions.add_conversion(OTHER, order(theirs.voice_id), "request-1")

    assert first.conversion_id != second.conversion_id


def test_a_tenant_may_not_have_more_unfinished_conversions_than_its_limit(stores: ConversionStores) -> None:
    small, voice, store = Tenant(TENANT.name, most_waiting=2), add_target(stores), stores.conversions
    add(stores, tenant=OTHER)
    first = store.add_conversion(small, order(voice.voice_id), "request-1")
    store.add_conversion(small, order(voice.voice_id, 2))
    store.start(first.conversion_id, "w1")

    refused = outcome(lambda: store.add_conversion(small, order(voice.voice_id, 3)))
    repeated = store.add_conversion(small, order(voice.voice_id), "request-1")
    store.fail(first.conversion_id, "w1", FAULT)
    added = store.add_conversion(small, order(voice.voice_id, 3))

    assert refused == "TOO_MANY_CONVERSIONS"
    assert repeated.conversion_id == first.conversion_id
    assert added.state is QUEUED


def test_nothing_is_ordered_without_a_standing_consent(stores: ConversionStores) -> None:
    revoked, expiring = add_target(stores, 1), add_target(stores, 2, expire_time=START + timedelta(hours=1))
    stores.targets.revoke_consent(TENANT.name, revoked.voice_id, START)
    stores.clock.forward(hours=1)

    def refusal(voice_id: str, tenant: Tenant = TENANT, engine: str = "world-retrieval") -> object:
        return outcome(lambda: stores.conversions.add_conversion(tenant, order(voice_id, engine=engine)))

    standing = add_target(stores, 3)
    assert refusal(revoked.voice_id) == "CONSENT_REVOKED"
    assert refusal(expiring.voice_id) == "CONSENT_EXPIRED"
    assert refusal("v-unknown") == "VOICE_NOT_FOUND"
    assert refusal(standing.voice_id, OTHER) == "VOICE_NOT_FOUND"
    assert refusal(standing.voice_id, engine="rvc") == "VOICE_NOT_ENROLLED_FOR_ENGINE"
    assert stores.conversions.list_conversions().items == ()


def test_what_belongs_to_another_tenant_does_not_exist(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions

    for call in (store.get_conversion, store.cancel_conversion, store.remove_conversion):
        assert outcome(partial(call, conversion_id, OTHER.name)) == "CONVERSION_NOT_FOUND"
    assert store.list_conversions(where=ConversionFilter(tenant=OTHER.name)).items == ()
    assert store.get_conversion(conversion_id, TENANT.name).state is QUEUED


def test_a_worker_that_lost_a_conversion_is_refused_whatever_it_says(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")
    store.start(conversion_id, "w2")

    said = [
        outcome(lambda: store.report(conversion_id, "w1", ConversionProgress("mixing", 0.9))),
        outcome(lambda: store.check(conversion_id, "w1")),
        outcome(lambda: store.note_key_shift(conversion_id, "w1", 3)),
        outcome(lambda: store.succeed(conversion_id, "w1", SONG)),
        outcome(lambda: store.fail(conversion_id, "w1", FAULT)),
    ]

    assert said == ["CONVERSION_MOVED"] * 5
    now = store.get_conversion(conversion_id)
    assert (now.executor_id, now.attempts, now.state, now.sequence) == ("w2", 2, RUNNING, 3)


@pytest.mark.parametrize("end", ["cancelled", "removed", "succeeded"])
def test_a_worker_learns_that_a_conversion_has_ended(stores: ConversionStores, end: str) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")
    store.check(conversion_id, "w1")
    if end == "cancelled":
        store.cancel_conversion(conversion_id)
    elif end == "removed":
        store.remove_conversion(conversion_id)
    else:
        store.succeed(conversion_id, "w1", SONG)

    refused = {
        outcome(lambda: store.check(conversion_id, "w1")),
        outcome(lambda: store.report(conversion_id, "w1", ConversionProgress("mixing", 0.9))),
        outcome(lambda: store.start(conversion_id, "w2")),
        outcome(lambda: store.fail(conversion_id, "w1", FAULT)),
    }

    reasons = {
        "cancelled": "CONVERSION_CANCELLED",
        "removed": "CONVERSION_NOT_FOUND",
        "succeeded": "CONVERSION_FINISHED",
    }
    assert refused == {reasons[end]}


def test_ends_that_are_said_again_change_nothing(stores: ConversionStores) -> None:
    store = stores.conversions
    sung, failed, cancelled = (add(stores, song).conversion_id for song in (1, 2, 3))
    for conversion_id in (sung, failed, cancelled):
        store.start(conversion_id, "w1")

    first = (store.succeed(sung, "w1", SONG), store.fail(failed, "w1", FAULT), store.cancel_conversion(cancelled))
    stores.clock.forward(minutes=1)
    again = (store.succeed(sung, "w1", SONG), store.fail(failed, "", FAULT), store.cancel_conversion(cancelled))

    assert again == first
    assert (first[1].fault, first[2].state) == (FAULT, CANCELLED)
    assert first[2].fault == CANCELLED_ON_REQUEST
    assert outcome(lambda: store.cancel_conversion(sung)) == "CONVERSION_FINISHED"
    assert outcome(lambda: store.cancel_conversion(failed)) == "CONVERSION_FINISHED"


def test_a_conversion_is_taken_only_from_the_worker_that_died(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")
    store.report(conversion_id, "w1", ConversionProgress("converting", 0.5))

    others = store.requeue(conversion_id, "w9")
    requeued = store.requeue(conversion_id, "w1")
    store.start(conversion_id, "w2")
    kept = store.requeue(conversion_id, "w1")
    store.succeed(conversion_id, "w2", SONG)
    done = store.requeue(conversion_id, "w2")

    assert others.state is RUNNING
    assert (requeued.state, requeued.executor_id, requeued.progress.share) == (QUEUED, "", 0.5)
    assert (kept.state, kept.executor_id) == (RUNNING, "w2")
    assert done.state is SUCCEEDED


def test_an_attempt_of_a_worker_that_was_told_to_stop_does_not_count(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")

    given_back = store.requeue(conversion_id, "w1", given_back=True)

    assert (given_back.state, given_back.attempts) == (QUEUED, 0)


def test_a_tenant_has_no_more_at_work_than_it_may(stores: ConversionStores) -> None:
    store = stores.conversions
    first, second, others = (add(stores, song).conversion_id for song in range(3))
    store.start(first, "w1", most_running=1)

    refused = outcome(lambda: store.start(second, "w2", most_running=1))
    taken_over = store.start(first, "w2", most_running=1)
    unlimited = store.start(others, "w3")

    assert refused == "TENANT_BUSY"
    assert (taken_over.executor_id, unlimited.state) == ("w2", RUNNING)
    assert store.get_conversion(second).state is QUEUED


def test_a_conversion_in_the_queue_may_fail_without_a_worker(stores: ConversionStores) -> None:
    conversion_id, store = add(stores).conversion_id, stores.conversions

    by_a_worker = outcome(lambda: store.fail(conversion_id, "w1", FAULT))
    failed = store.fail(conversion_id, "", FAULT)

    assert by_a_worker == "CONVERSION_MOVED"
    assert (failed.state, failed.fault) == (FAILED, FAULT)


def test_lists_go_newest_first_page_by_page_under_their_filter(stores: ConversionStores) -> None:
    voice, store = add_target(stores), stores.conversions
    ids = [store.add_conversion(TENANT, order(voice.voice_id, song)).conversion_id for song in range(5)]
    add(stores, tenant=OTHER)
    store.cancel_conversion(ids[2])
    mine = ConversionFilter(tenant=TENANT.name)

    first = store.list_conversions(2, where=mine)
    second = store.list_conversions(2, first.next_page_token, mine)
    third = store.list_conversions(2, second.next_page_token, mine)
    queued = store.list_conversions(where=ConversionFilter(voice.voice_id, QUEUED, TENANT.name))

    pages = [[each.conversion_id for each in page.items] for page in (first, second, third)]
    assert pages == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert (first.total_size, third.next_page_token) == (5, "")
    assert [each.conversion_id for each in queued.items] == [ids[4], ids[3], ids[1], ids[0]]
    with pytest.raises(InvalidInputError):
        store.list_conversions(2, first.next_page_token, ConversionFilter(tenant=OTHER.name))


def test_what_waits_and_what_runs_is_known(stores: ConversionStores) -> None:
    store = stores.conversions
    ids = [add(stores, song).conversion_id for song in range(4)]
    store.start(ids[1], "w1")
    store.cancel_conversion(ids[2])

    assert [each.conversion_id for each in store.unfinished()] == [ids[0], ids[1], ids[3]]
    assert store.conversion_ids() == frozenset(ids)
    assert store.contents() == {order("", song).content_sha256 for song in range(4)}


def test_what_has_run_out_is_erased_with_its_news(stores: ConversionStores) -> None:
    store = stores.conversions
    short, long, waiting = (add(stores, song, keep_s=keep_s) for song, keep_s in enumerate((60, 3600, 60)))
    for each in (short, long):
        store.start(each.conversion_id, "w1")
        store.succeed(each.conversion_id, "w1", SONG)

    early = store.remove_expired(stores.clock.forward(seconds=59))
    gone = store.remove_expired(stores.clock.forward(seconds=1))

    assert (early, gone) == ((), (short.conversion_id,))
    assert outcome(lambda: store.news(short.conversion_id)) == "CONVERSION_NOT_FOUND"
    assert store.conversion_ids() == {long.conversion_id, waiting.conversion_id}


def test_what_a_voice_sang_goes_with_it_whoever_erases_it(stores: ConversionStores) -> None:
    kept, revoked, removed, forgotten = (add(stores, song) for song in range(4))
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
    done = add(stores, content_sha256=track.content_sha256, track_id=track.track_id).conversion_id
    stores.conversions.start(done, "w1")
    stores.conversions.succeed(done, "w1", SONG)

    catalogue.remove_track(track.track_id)
    catalogue.close()

    assert outcome(lambda: stores.song_files.find_song_file(track.content_sha256)) == "SONG_SOUND_NOT_FOUND"
    assert stores.conversions.get_conversion(done).song == SONG


def test_where_a_song_lies_that_is_no_track_is_forgotten_with_its_last_conversion(stores: ConversionStores) -> None:
    first, last = add(stores, 5, track_id=""), add(stores, 5, track_id="")
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


def test_beats_of_workers_are_counted(stores: ConversionStores) -> None:
    for executor_id in ("w1", "w2", "w1"):
        stores.executors.beat(executor_id)

    known = dict(stores.executors.beats())
    stores.executors.leave("w1")
    stores.executors.leave("nobody")

    assert known == {"w1": 2, "w2": 1}
    assert stores.executors.beats() == {"w2": 1}


def race(*calls: object) -> list[object]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(5))
def test_of_cancelling_and_succeeding_at_the_same_time_one_wins_for_good(stores: ConversionStores, number: int) -> None:
    conversion_id = add(stores).conversion_id
    stores.conversions.start(conversion_id, "w1")

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        calls = [
            partial(stores.conversions.succeed, conversion_id, "w1", SONG),
            partial(elsewhere.conversions.cancel_conversion, conversion_id),
        ]
        results = race(*(calls if number % 2 else calls[::-1]))

    state = stores.conversions.get_conversion(conversion_id).state
    assert sum(isinstance(each, StoredConversion) for each in results) == 1
    assert next(each.state for each in results if isinstance(each, StoredConversion)) is state
    assert stores.conversions.news(conversion_id)[-1].state is state
    assert (state is SUCCEEDED) == ("CONVERSION_FINISHED" in results)


def test_two_workers_that_start_at_once_are_put_in_order_and_the_first_is_told(stores: ConversionStores) -> None:
    conversion_id = add(stores).conversion_id

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        race(
            partial(stores.conversions.start, conversion_id, "w1"),
            partial(elsewhere.conversions.start, conversion_id, "w2"),
        )

    now = stores.conversions.get_conversion(conversion_id)
    loser = {"w1": "w2", "w2": "w1"}[now.executor_id]
    assert (now.attempts, now.sequence) == (2, 3)
    assert outcome(lambda: stores.conversions.check(conversion_id, loser)) == "CONVERSION_MOVED"
    assert outcome(lambda: stores.conversions.check(conversion_id, now.executor_id)) is None


def test_a_request_that_comes_twice_at_once_makes_one_conversion(stores: ConversionStores) -> None:
    wish = order(add_target(stores).voice_id)

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        results = race(
            *(
                partial(store.add_conversion, TENANT, wish, "request-1")
                for store in (stores.conversions, elsewhere.conversions) * 3
            )
        )

    assert len({each.conversion_id for each in results if isinstance(each, StoredConversion)}) == 1
    assert stores.conversions.list_conversions().total_size == 1


def test_many_who_ask_at_once_stay_within_the_limit(stores: ConversionStores) -> None:
    small, voice = Tenant(TENANT.name, most_waiting=3), add_target(stores)

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        results = race(
            *(
                partial(store.add_conversion, small, order(voice.voice_id, song))
                for song, store in enumerate((stores.conversions, elsewhere.conversions) * 4)
            )
        )

    assert results.count("TOO_MANY_CONVERSIONS") == 5
    assert len(stores.conversions.unfinished()) == 3


def test_sequences_have_no_gaps_under_many_writers(stores: ConversionStores) -> None:
    conversion_id = add(stores).conversion_id
    stores.conversions.start(conversion_id, "w1")

    def tell(store: SqlConversions, stage: str) -> None:
        for step in range(5):
            store.report(conversion_id, "w1", ConversionProgress(stage, step / 5))

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        race(partial(tell, stores.conversions, "converting"), partial(tell, elsewhere.conversions, "mixing"))

    sequences = [each.sequence for each in stores.conversions.news(conversion_id)]
    assert sequences == list(range(1, 13))
    assert stores.conversions.get_conversion(conversion_id).sequence == 12


def test_a_page_token_of_another_list_is_refused(stores: ConversionStores) -> None:
    from singalike.services.page_tokens import make_token

    token = make_token("conversions", ("", "", ""), "not a number")

    with pytest.raises(SingalikeError) as refusal:
        stores.conversions.list_conversions(page_token=token)
    assert refusal.value.reason == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("how", ["removed", "expired", "revoked"])
def test_what_is_erased_of_a_conversion_leaves_no_byte_behind(how: str) -> None:
    with quick_folder() as folder, conversion_stores(f"sqlite:///{folder / 'catalogue.db'}") as stores:
        for song in range(3):
            add(stores, song)
        wish = add(stores, 7, track_id="track-zerubabel", keep_s=60)
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
