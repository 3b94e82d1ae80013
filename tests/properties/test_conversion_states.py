"""Whatever workers, callers and reapers do, in any order: no conversion leaves its end, and its news tell its story."""

import itertools
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.services.conversion_records import ConversionFault, ConversionProgress, ConversionState
from tests.support.conversion_stores import SONG, TENANT, ConversionStores, add_target, fresh_stores, order, outcome

WORKERS = st.sampled_from(["w1", "w2"])
DEEDS = st.one_of(
    st.tuples(st.just("start"), WORKERS),
    st.tuples(st.just("report"), WORKERS, st.floats(0.0, 1.0)),
    st.tuples(st.just("succeed"), WORKERS),
    st.tuples(st.just("fail"), st.one_of(WORKERS, st.just(""))),
    st.tuples(st.just("requeue"), WORKERS),
    st.tuples(st.just("cancel_conversion")),
)
ALLOWED = {
    (ConversionState.QUEUED, ConversionState.RUNNING),
    (ConversionState.QUEUED, ConversionState.FAILED),
    (ConversionState.QUEUED, ConversionState.CANCELLED),
    (ConversionState.RUNNING, ConversionState.RUNNING),
    (ConversionState.RUNNING, ConversionState.QUEUED),
    (ConversionState.RUNNING, ConversionState.SUCCEEDED),
    (ConversionState.RUNNING, ConversionState.FAILED),
    (ConversionState.RUNNING, ConversionState.CANCELLED),
}


@pytest.fixture(scope="module")
def stores() -> Iterator[ConversionStores]:
    with fresh_stores() as opened:
        yield opened


def do(stores: ConversionStores, conversion_id: str, deed: tuple[object, ...]) -> None:
    name, *said = deed
    if name == "report":
        said[1] = ConversionProgress("converting", float(str(said[1])))
    elif name == "succeed":
        said.append(SONG)
    elif name == "fail":
        said.append(ConversionFault("NO_SINGING", "nobody sings"))
    outcome(partial(getattr(stores.conversions, str(name)), conversion_id, *said))


@settings(max_examples=40)
@given(deeds=st.lists(DEEDS, max_size=12))
def test_no_conversion_leaves_its_end_and_its_news_tell_its_story(
    stores: ConversionStores, deeds: list[tuple[object, ...]]
) -> None:
    voice_id = add_target(stores).voice_id
    conversion_id = stores.conversions.add_conversion(TENANT, order(voice_id)).conversion_id

    for deed in deeds:
        do(stores, conversion_id, deed)

    now, news = stores.conversions.get_conversion(conversion_id), stores.conversions.news(conversion_id)
    states = [each.state for each in news]
    assert set(itertools.pairwise(states)) <= ALLOWED
    assert [each.sequence for each in news] == list(range(1, now.sequence + 1))
    assert (news[-1].state, news[-1].progress, news[-1].fault) == (now.state, now.progress, now.fault)
    assert (now.song is not None) == (now.state is ConversionState.SUCCEEDED)
    assert (now.end_time is not None) == now.state.is_final
    stores.conversions.remove_conversion(conversion_id)
