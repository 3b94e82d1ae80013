"""A voice and seeds in one query."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.recsys.catalogue_view import build_view
from singalike.recsys.neighbours import NO_HITS
from singalike.recsys.query import QueryPart, compose_query, singer_part, track_part, voice_part, voice_query
from singalike.recsys.signals import nearness_to_unlike, singer_signals
from tests.support.voices import small_view, sung, track_of, voice

ROUNDING = 1e-6


def test_a_voice_alone_is_its_own_query() -> None:
    view = small_view()
    part = voice_part(voice(2, 9), view)

    query = voice_query(voice(2, 9), view)

    assert query.timbre == pytest.approx(part.timbre, abs=ROUNDING)
    assert query.melody == pytest.approx(part.melody, abs=ROUNDING)
    assert query.voice_share == 1.0
    assert query.tessitura_midi == voice(2, 9).vocal_range.tessitura_midi


def test_a_blend_of_two_singers_lies_between_them() -> None:
    view = small_view()

    query = compose_query(None, (singer_part(1, view, 1.0), singer_part(4, view, 1.0)), view)

    timbre = singer_signals(query, view, NO_HITS)["timbre"]
    assert set(np.argsort(-timbre)[:2].tolist()) == {1, 4}
    assert np.linalg.norm(query.timbre) == pytest.approx(1.0, abs=ROUNDING)


def test_the_heavier_seed_pulls_more() -> None:
    view = small_view()
    parts = (singer_part(1, view, 0.2), singer_part(4, view, 1.0))

    timbre = singer_signals(compose_query(None, parts, view), view, NO_HITS)["timbre"]

    assert timbre[4] > timbre[1]


def test_a_track_stands_for_its_voice() -> None:
    view = small_view()

    query = compose_query(None, (track_part(view.first_track[3], view, 1.0),), view)

    assert singer_signals(query, view, NO_HITS)["timbre"].argmax() == 3


def part(weight: float, **known: object) -> QueryPart:
    nothing = np.zeros(2, dtype=np.float32)
    fields = {"female_probability": np.nan, "tessitura_midi": np.array([np.nan, np.nan]), **known}
    return QueryPart(weight, nothing, nothing, nothing, **fields)  # type: ignore[arg-type]


def test_what_one_part_does_not_know_the_others_say() -> None:
    parts = (
        part(1.0, female_probability=0.9),
        part(1.0, tessitura_midi=np.array([50.0, 60.0])),
        part(0.5, female_probability=0.3, tessitura_midi=np.array([56.0, 66.0])),
    )

    query = compose_query(None, parts, small_view())

    assert query.female_probability == pytest.approx((0.9 + 0.5 * 0.3) / 1.5, abs=ROUNDING)
    assert query.tessitura_midi == pytest.approx((52.0, 62.0), abs=ROUNDING)


def test_without_voice_and_seeds_nothing_is_compared() -> None:
    view = small_view()

    signals = singer_signals(compose_query(None, (), view), view, NO_HITS)

    assert all(np.isnan(values).all() for values in signals.values())


def test_less_like_a_singer_is_near_to_that_singer_most() -> None:
    view = small_view()

    query = compose_query(voice(1, 9), (singer_part(4, view, -0.5),), view)

    nearness = nearness_to_unlike(query, view)
    assert nearness.argmax() == 4
    assert 0.4 < nearness[4] <= 0.5
    assert query.timbre == pytest.approx(voice_part(voice(1, 9), view).timbre, abs=ROUNDING)


def test_a_seed_that_sang_too_little_has_no_tessitura() -> None:
    short = replace(voice(1), vocal_range=sung((60,), 1.0))
    view = build_view([track_of("a", "one", short), track_of("b", "two", voice(2))])

    known = [np.isfinite(track_part(row, view, 1.0).tessitura_midi).all() for row in (0, 1)]

    assert known == [False, True]
