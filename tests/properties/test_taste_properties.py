"""What holds whatever a listener does."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.collaborative import TasteModel, fit_taste_model, fold_in
from singalike.recsys.dislikes import aversion_of
from singalike.recsys.interactions import gather
from singalike.recsys.listener_events import LIKED, read_attitude
from singalike.recsys.popularity import popularity
from tests.support.voices import small_view

FEW = settings(max_examples=40)
SINGERS, TAKES = 8, 3
ROUNDING = 1e-12


@dataclass(frozen=True)
class Event:
    kind: str
    track_id: str = ""
    singer_id: str = ""


def of_track(kind: str, singer: int, take: int) -> Event:
    return Event(kind, f"s{singer:02}-song {singer} {take}")


def of_singer(kind: str, singer: int) -> Event:
    return Event(kind, singer_id=f"s{singer:02}")


# Singer 8 is not in the catalogue.
track_events = st.builds(
    of_track, st.sampled_from([*LIKED, "skip", "dislike", "hide"]), st.integers(0, SINGERS), st.integers(0, TAKES - 1)
)
singer_events = st.builds(of_singer, st.sampled_from(["like", "dislike", "hide"]), st.integers(0, SINGERS))
histories = st.lists(track_events | singer_events, max_size=12)
refusals = st.builds(
    of_track, st.sampled_from(["skip", "dislike", "hide"]), st.integers(0, SINGERS), st.integers(0, TAKES - 1)
) | st.builds(of_singer, st.sampled_from(["dislike", "hide"]), st.integers(0, SINGERS))


@pytest.fixture(scope="module")
def view() -> CatalogueView:
    return small_view(SINGERS, TAKES)


@pytest.fixture(scope="module")
def model(view: CatalogueView) -> TasteModel:
    random = np.random.default_rng(5)
    listeners = [[of_track("like", *pair) for pair in random.integers(0, [SINGERS, TAKES], (6, 2))] for _ in range(30)]
    fitted = fit_taste_model(gather((read_attitude(events) for events in listeners), view))
    assert fitted is not None
    return fitted


@FEW
@given(history=histories, refusal=refusals, place=st.integers(0, 12))
def test_one_more_refusal_lowers_no_nearness_and_moves_no_taste(
    view: CatalogueView, model: TasteModel, history: list[Event], refusal: Event, place: int
) -> None:
    before, after = (read_attitude(events) for events in (history, [*history[:place], refusal, *history[place:]]))

    calm, averse = (aversion_of(attitude, view, model) for attitude in (before, after))
    first, second = (fold_in(model, attitude) for attitude in (before, after))

    assert (averse.tracks >= calm.tracks).all()
    assert (averse.singers >= calm.singers).all()
    assert (averse.hidden_tracks >= calm.hidden_tracks).all()
    assert (averse.hidden_singers >= calm.hidden_singers).all()
    assert np.array_equal(first.tracks, second.tracks, equal_nan=True)
    assert np.array_equal(first.singers, second.singers, equal_nan=True)
    assert first.event_count == second.event_count


@FEW
@given(history=histories)
def test_taste_and_nearness_stay_between_zero_and_one(
    view: CatalogueView, model: TasteModel, history: list[Event]
) -> None:
    attitude = read_attitude(history)

    taste, aversion = fold_in(model, attitude), aversion_of(attitude, view, model)

    for values in (taste.tracks, taste.singers):
        assert np.isnan(values).all() == (taste.event_count == 0)
        assert ((np.nan_to_num(values) >= 0) & (np.nan_to_num(values) <= 1)).all()
    for values in (aversion.tracks, aversion.singers):
        assert ((values >= 0) & (values <= 1)).all()


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=20), more=st.integers(0, 1000))
def test_popularity_lies_between_zero_and_one_and_follows_the_count_of_listeners(counts: list[int], more: int) -> None:
    listeners = np.array(counts)

    popular = popularity(listeners, max(1, listeners.max() + more))

    assert ((popular >= 0) & (popular <= 1 + ROUNDING)).all()
    assert (np.diff(popular[np.argsort(listeners, kind="stable")]) >= 0).all()
