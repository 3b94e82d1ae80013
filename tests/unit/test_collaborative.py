"""Taste learnt from what listeners did, beside every database and clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.collaborative import FEWEST_LISTENERS, TasteModel, fit_taste_model, fold_in, in_rows_of
from singalike.recsys.dislikes import aversion_of
from singalike.recsys.interactions import Interactions, gather
from singalike.recsys.listener_events import Item, confidence, read_attitude
from singalike.recsys.popularity import count_listeners, popularity, popularity_in
from tests.support.voices import small_view

EQUAL = 1e-6


@dataclass(frozen=True)
class Event:
    kind: str
    track_id: str = ""
    singer_id: str = ""


def track_id(singer: int, take: int) -> str:
    return f"s{singer:02}-song {singer} {take}"


def plays(*tracks: tuple[int, int]) -> list[Event]:
    return [Event("like", track_id(*track)) for track in tracks]


def interactions_of(view: CatalogueView, listeners: Sequence[Sequence[Event]]) -> Interactions:
    return gather((read_attitude(events) for events in listeners), view)


def two_camps() -> list[list[Event]]:
    """Ten listeners like singers 0 to 2, ten like 3 to 5; each leaves out a track of their camp."""
    camps = [[(singer, take) for singer in singers for take in range(3)] for singers in ((0, 1, 2), (3, 4, 5))]
    return [plays(*(track for place, track in enumerate(camp) if place != left)) for camp in camps for left in range(9)]


@pytest.fixture(scope="module")
def view() -> CatalogueView:
    return small_view(8, 3)


@pytest.fixture(scope="module")
def model(view: CatalogueView) -> TasteModel:
    fitted = fit_taste_model(interactions_of(view, two_camps()))
    assert fitted is not None
    return fitted


def test_a_new_listener_likes_what_those_who_like_the_same_like(view: CatalogueView, model: TasteModel) -> None:
    newcomer = read_attitude(plays((0, 0), (1, 0)))

    taste = fold_in(model, newcomer)

    assert taste.tracks[view.track_rows[track_id(2, 1)]] > 2 * taste.tracks[view.track_rows[track_id(4, 1)]]
    assert taste.singers[2] > 2 * taste.singers[4]
    assert taste.event_count == 2


def test_what_nobody_liked_is_unknown_unless_its_singer_is_liked(view: CatalogueView) -> None:
    camps = [[event for event in events if event.track_id != track_id(2, 2)] for events in two_camps()]
    model = fit_taste_model(interactions_of(view, camps))
    assert model is not None

    taste = fold_in(model, read_attitude(plays((0, 0), (1, 0))))

    assert taste.tracks[view.track_rows[track_id(2, 2)]] == taste.singers[2]
    assert np.isnan(taste.singers[[6, 7]]).all()
    assert np.isnan(taste.tracks[view.track_rows[track_id(7, 0)]])


def test_a_listener_of_unknown_things_has_no_taste(model: TasteModel) -> None:
    taste = fold_in(model, read_attitude([Event("like", "gone"), *plays((7, 1))]))

    assert np.isnan(taste.tracks).all()
    assert np.isnan(taste.singers).all()
    assert taste.event_count == 0


def test_the_same_events_and_seed_give_the_same_factors_and_another_seed_others(view: CatalogueView) -> None:
    table = interactions_of(view, two_camps())

    first, again, other = (fit_taste_model(table, seed) for seed in (7, 7, 8))

    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(first.factors, again.factors)
    assert not np.array_equal(first.factors, other.factors)


def test_too_few_listeners_teach_nothing(view: CatalogueView) -> None:
    few = interactions_of(view, two_camps()[: FEWEST_LISTENERS - 1])

    assert fit_taste_model(few) is None
    assert fit_taste_model(interactions_of(view, two_camps()[:FEWEST_LISTENERS])) is not None


def test_a_model_keeps_nothing_of_its_listeners(model: TasteModel) -> None:
    assert model.als.user_factors is None


def test_a_model_follows_the_catalogue_by_ids(view: CatalogueView, model: TasteModel) -> None:
    listener = read_attitude(plays((0, 0), (1, 0)))
    grown = small_view(9, 3)
    shrunk = small_view(6, 3)

    before, larger, smaller = (fold_in(in_rows_of(model, other), listener) for other in (view, grown, shrunk))

    assert np.allclose(larger.singers[:6], before.singers[:6], atol=EQUAL)
    assert np.isnan(larger.singers[8])
    assert np.allclose(smaller.tracks, before.tracks[:18], atol=EQUAL)


def test_what_speaks_against_something_leaves_taste_and_popularity_alone(view: CatalogueView) -> None:
    against = [Event("dislike", track_id(0, 1)), Event("skip", track_id(1, 1)), Event("hide", singer_id="s02")]
    plain = interactions_of(view, two_camps())

    heard = interactions_of(view, [*([*events, *against] for events in two_camps()), against])

    assert (heard.table != plain.table).nnz == 0
    assert heard.event_count == plain.event_count


def test_liking_counts_for_the_track_in_full_and_for_its_singer_in_part(view: CatalogueView) -> None:
    table = interactions_of(view, [[Event("sing", track_id(3, 1)), Event("like", singer_id="s05")]]).table.toarray()

    assert table[0, view.track_rows[track_id(3, 1)]] == pytest.approx(confidence(4.0))
    assert table[0, 24 + 3] == pytest.approx(confidence(1.0))
    assert table[0, 24 + 5] == pytest.approx(confidence(5.0))
    assert np.count_nonzero(table) == 3


def test_a_table_that_would_grow_too_large_leaves_listeners_out_evenly(view: CatalogueView) -> None:
    attitudes = [read_attitude(events) for events in two_camps()]

    whole, half = gather(attitudes, view), gather(attitudes, view, most_entries=120)

    assert half.table.nnz <= 120
    assert half.listener_count == whole.listener_count / 2
    assert (half.table != whole.table[::2]).nnz == 0
    assert half.event_count == whole.event_count


def test_only_a_like_takes_a_dislike_back_and_hearing_it_out_takes_a_skip_back() -> None:
    song = Item(is_singer=False, item_id="t")

    def refused(*kinds: str) -> float:
        return read_attitude(Event(kind, "t") for kind in kinds).refused.get(song, 0.0)

    assert refused("dislike") == 1.0
    assert refused("dislike", "finish", "sing") == 1.0
    assert refused("dislike", "like") == 0.0
    assert refused("skip") == refused("skip", "play") == 0.5
    assert refused("skip", "finish") == 0.0
    assert refused("like", "dislike") == 1.0


def test_a_dislike_reaches_voices_like_it_and_no_others(view: CatalogueView) -> None:
    aversion = aversion_of(read_attitude([Event("dislike", track_id(4, 0))]), view)

    assert aversion.tracks[view.track_rows[track_id(4, 0)]] == 1.0
    assert aversion.singers.argmax() == 4
    assert np.median(aversion.singers) < 0.1
    assert not aversion.hidden_tracks.any()


def test_a_skip_speaks_against_its_track_alone(view: CatalogueView) -> None:
    aversion = aversion_of(read_attitude([Event("skip", track_id(4, 0))]), view)

    assert np.flatnonzero(aversion.tracks).tolist() == [view.track_rows[track_id(4, 0)]]
    assert not aversion.singers.any()


def test_a_dislike_reaches_what_the_same_listeners_like(view: CatalogueView, model: TasteModel) -> None:
    disliked = read_attitude([Event("dislike", track_id(0, 0))])
    large = small_view(24, 3)
    camps = [plays(*((singer, take) for singer in range(first, first + 4) for take in range(3)))
             for first in range(0, 24, 4) for _ in range(3)]  # fmt: skip
    fitted = fit_taste_model(interactions_of(large, camps))

    by_voice, by_both = aversion_of(disliked, large), aversion_of(disliked, large, fitted)

    assert (by_both.tracks >= by_voice.tracks).all()
    assert by_both.singers[1:4].min() > 0.1
    assert by_both.singers[3] > by_voice.singers[3]


def test_hiding_a_singer_hides_their_tracks_and_hiding_a_track_hides_it_alone(view: CatalogueView) -> None:
    events = [Event("hide", singer_id="s02"), Event("hide", track_id(5, 1)), Event("like", track_id(5, 1))]

    aversion = aversion_of(read_attitude([*events, Event("hide", "gone")]), view)

    hidden = {view.tracks[row].track_id for row in np.flatnonzero(aversion.hidden_tracks)}
    assert hidden == {track_id(2, 0), track_id(2, 1), track_id(2, 2), track_id(5, 1)}
    assert np.flatnonzero(aversion.hidden_singers).tolist() == [2]


def test_popularity_counts_listeners_and_not_how_often_they_listen(view: CatalogueView) -> None:
    once = [plays((0, 0)), plays((0, 0)), plays((1, 0))]
    often = [plays((0, 0)), plays((0, 0)), plays((1, 0)) * 9]

    few, many = (popularity_in(view, count_listeners(interactions_of(view, listeners))) for listeners in (once, often))

    assert np.array_equal(few.tracks, many.tracks)
    assert few.tracks[view.track_rows[track_id(0, 0)]] > few.tracks[view.track_rows[track_id(1, 0)]]
    assert few.singers[0] > few.singers[1] > few.singers[2]


def test_popularity_of_few_listeners_hardly_moves_and_of_all_listeners_is_one() -> None:
    one = popularity(np.array([1, 0, 0, 0]), 1)
    all_of_many = popularity(np.array([100_000, 0, 0, 0]), 100_000)

    assert one.max() - one.min() < 0.1
    assert all_of_many[0] == pytest.approx(1.0, abs=1e-3)


def test_without_listeners_nothing_is_popular(view: CatalogueView) -> None:
    nobody = popularity_in(view, count_listeners(interactions_of(view, [])))

    assert np.isnan(nobody.tracks).all()
    assert np.isnan(nobody.singers).all()
