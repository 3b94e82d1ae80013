"""The contract of what is kept of conversions: on SQLite and, where a server is named, on PostgreSQL."""

from datetime import timedelta
from functools import partial

import pytest

from singalike.conversion.writing import SoundFormat
from singalike.errors import InvalidInputError, SingalikeError
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionFilter,
    ConversionProgress,
    ConversionState,
    Priority,
    Tenant,
)
from singalike.services.conversion_refusals import CANCELLED as CANCELLED_ON_REQUEST
from tests.support.conversion_stores import (
    SONG,
    START,
    TENANT,
    ConversionStores,
    add_conversion,
    add_target,
    order,
    outcome,
)

QUEUED, RUNNING, CANCELLED = ConversionState.QUEUED, ConversionState.RUNNING, ConversionState.CANCELLED
SUCCEEDED, FAILED = ConversionState.SUCCEEDED, ConversionState.FAILED
FAULT = ConversionFault("NO_SINGING", "nobody sings: choose another song")
OTHER = Tenant("choir")


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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions

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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions
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
    add_conversion(stores, tenant=OTHER)
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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions

    for call in (store.get_conversion, store.cancel_conversion, store.remove_conversion):
        assert outcome(partial(call, conversion_id, OTHER.name)) == "CONVERSION_NOT_FOUND"
    assert store.list_conversions(where=ConversionFilter(tenant=OTHER.name)).items == ()
    assert store.get_conversion(conversion_id, TENANT.name).state is QUEUED


def test_a_worker_that_lost_a_conversion_is_refused_whatever_it_says(stores: ConversionStores) -> None:
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions
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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions
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
    sung, failed, cancelled = (add_conversion(stores, song).conversion_id for song in (1, 2, 3))
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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions
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
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions
    store.start(conversion_id, "w1")

    given_back = store.requeue(conversion_id, "w1", given_back=True)

    assert (given_back.state, given_back.attempts) == (QUEUED, 0)


def test_a_tenant_has_no_more_at_work_than_it_may(stores: ConversionStores) -> None:
    store = stores.conversions
    first, second, others = (add_conversion(stores, song).conversion_id for song in range(3))
    store.start(first, "w1", most_running=1)

    refused = outcome(lambda: store.start(second, "w2", most_running=1))
    taken_over = store.start(first, "w2", most_running=1)
    unlimited = store.start(others, "w3")

    assert refused == "TENANT_BUSY"
    assert (taken_over.executor_id, unlimited.state) == ("w2", RUNNING)
    assert store.get_conversion(second).state is QUEUED


def test_a_conversion_in_the_queue_may_fail_without_a_worker(stores: ConversionStores) -> None:
    conversion_id, store = add_conversion(stores).conversion_id, stores.conversions

    by_a_worker = outcome(lambda: store.fail(conversion_id, "w1", FAULT))
    failed = store.fail(conversion_id, "", FAULT)

    assert by_a_worker == "CONVERSION_MOVED"
    assert (failed.state, failed.fault) == (FAILED, FAULT)


def test_lists_go_newest_first_page_by_page_under_their_filter(stores: ConversionStores) -> None:
    voice, store = add_target(stores), stores.conversions
    ids = [store.add_conversion(TENANT, order(voice.voice_id, song)).conversion_id for song in range(5)]
    add_conversion(stores, tenant=OTHER)
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
    ids = [add_conversion(stores, song).conversion_id for song in range(4)]
    store.start(ids[1], "w1")
    store.cancel_conversion(ids[2])

    assert [each.conversion_id for each in store.unfinished()] == [ids[0], ids[1], ids[3]]
    assert store.conversion_ids() == frozenset(ids)
    assert store.contents() == {order("", song).content_sha256 for song in range(4)}


def test_beats_of_workers_are_counted(stores: ConversionStores) -> None:
    for executor_id in ("w1", "w2", "w1"):
        stores.executors.beat(executor_id)

    known = dict(stores.executors.beats())
    stores.executors.leave("w1")
    stores.executors.leave("nobody")

    assert known == {"w1": 2, "w2": 1}
    assert stores.executors.beats() == {"w2": 1}


def test_a_page_token_of_another_list_is_refused(stores: ConversionStores) -> None:
    from singalike.services.page_tokens import make_token

    token = make_token("conversions", ("", "", ""), "not a number")

    with pytest.raises(SingalikeError) as refusal:
        stores.conversions.list_conversions(page_token=token)
    assert refusal.value.reason == "BAD_PAGE_TOKEN"
