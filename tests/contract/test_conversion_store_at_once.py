"""Who writes to the store of conversions at the same time, from several processes, is put in order."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from singalike.services.adapters.sql_conversions import SqlConversions
from singalike.services.conversion_records import ConversionProgress, ConversionState, StoredConversion, Tenant
from tests.support.conversion_stores import (
    SONG,
    TENANT,
    ConversionStores,
    add_conversion,
    add_target,
    conversion_stores,
    order,
    outcome,
)

SUCCEEDED = ConversionState.SUCCEEDED


def race(*calls: object) -> list[object]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(5))
def test_of_cancelling_and_succeeding_at_the_same_time_one_wins_for_good(stores: ConversionStores, number: int) -> None:
    conversion_id = add_conversion(stores).conversion_id
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
    conversion_id = add_conversion(stores).conversion_id

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
    conversion_id = add_conversion(stores).conversion_id
    stores.conversions.start(conversion_id, "w1")

    def tell(store: SqlConversions, stage: str) -> None:
        for step in range(5):
            store.report(conversion_id, "w1", ConversionProgress(stage, step / 5))

    with conversion_stores(stores.url, stores.clock) as elsewhere:
        race(partial(tell, stores.conversions, "converting"), partial(tell, elsewhere.conversions, "mixing"))

    sequences = [each.sequence for each in stores.conversions.news(conversion_id)]
    assert sequences == list(range(1, 13))
    assert stores.conversions.get_conversion(conversion_id).sequence == 12
