"""The signals of singers, by hand-made cases."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.embeddings.profile import UndecidedBand, VoiceProfile
from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView, build_view, tessitura_of
from singalike.recsys.neighbours import NO_HITS, SegmentHits, choose_queries, close_moments
from singalike.recsys.query import voice_query
from singalike.recsys.signals import (
    RELATION_SIGNALS,
    duet_compass,
    freshness,
    same_gender,
    singer_signals,
    tessitura_overlap,
)
from tests.support.voices import small_view, sung, track_of, voice, zeros_like

EXACT = 1e-9
SIGNALS = {"timbre", "style", "melody", "voice_gender", "tessitura", *RELATION_SIGNALS}


def signals_of(profile: VoiceProfile, view: CatalogueView) -> dict[str, Similarities]:
    return singer_signals(voice_query(profile, view), view, NO_HITS)


def silent(profile: VoiceProfile) -> VoiceProfile:
    return replace(profile, melody=zeros_like(profile.melody), vocal_range=sung((60,), 1.0))


def test_another_take_of_a_voice_is_nearest_to_its_singer() -> None:
    view = small_view()

    winners = [int(signals_of(voice(seed, 99), view)["timbre"].argmax()) for seed in range(len(view))]

    assert winners == list(range(len(view)))


def test_every_signal_lies_between_zero_and_one() -> None:
    signals = signals_of(voice(3, 50), small_view())

    assert set(signals) == SIGNALS
    assert all(((values >= 0) & (values <= 1)).all() for values in signals.values())


def test_too_little_singing_leaves_melody_and_tessitura_unknown() -> None:
    signals = signals_of(silent(voice(3, 50)), small_view())

    assert np.isnan(signals["melody"]).all()
    assert np.isnan(signals["tessitura"]).all()
    assert np.isfinite(signals["timbre"]).all()


def test_a_singer_without_known_melody_is_unknown_and_the_others_are_not() -> None:
    tracks = [
        track_of("a", "one", silent(voice(1))),
        track_of("b", "two", voice(2)),
        track_of("b", "three", voice(2, 1)),
    ]

    melody = signals_of(voice(2, 5), build_view(tracks))["melody"]

    assert np.isnan(melody[0])
    assert melody[1] > 0.5


def test_a_mean_melody_scores_the_mean_cosine() -> None:
    view = build_view([track_of("a", "one", voice(1)), track_of("a", "two", voice(2))])
    melody = voice(3).melody

    mean = view.mean_melody @ melody

    assert mean[0] == pytest.approx(np.mean([track.melody @ melody for track in view.tracks]), abs=1e-6)


def test_the_same_gender_is_likelier_than_the_other() -> None:
    matches = same_gender(0.9, np.array([0.9, 0.5, 0.1]), UndecidedBand())

    assert matches == pytest.approx([0.82, 0.5, 0.18], abs=EXACT)


def test_an_undecided_voice_gender_fades_without_a_step() -> None:
    person = np.linspace(0.0, 1.0, 401)

    matches = np.array([same_gender(float(p), np.array([0.95]), UndecidedBand(0.3, 0.7))[0] for p in person])

    assert np.abs(np.diff(matches)).max() < 0.006
    assert np.diff(matches).min() >= -EXACT
    assert abs(matches[200 + 20] - 0.5) < 0.5 * abs(0.55 * 0.95 + 0.45 * 0.05 - 0.5)
    assert matches[-1] == pytest.approx(0.95, abs=EXACT)


def test_equal_tessituras_overlap_fully_and_distant_ones_not_at_all() -> None:
    overlap = tessitura_overlap((57.0, 64.0), np.array([[57.0, 64.0], [70.0, 75.0], [60.0, 64.0], [np.nan, np.nan]]))

    assert overlap[:3] == pytest.approx([1.0, 0.0, 5.0 / 8.0], abs=EXACT)
    assert np.isnan(overlap[3])


def test_the_tessitura_of_an_even_histogram_leaves_out_a_tenth_on_each_side() -> None:
    tessitura = tessitura_of(sung(tuple(range(60, 70)), 20.0).seconds_per_semitone[None])

    assert tessitura[0] == pytest.approx([60.5, 68.5], abs=1e-5)


def test_a_duet_partner_is_at_home_a_third_to_an_octave_away() -> None:
    singers = np.array([[60.0, 64.0], [64.0, 68.0], [72.0, 76.0], [78.0, 82.0], [90.0, 94.0], [np.nan, np.nan]])

    compass = duet_compass((60.0, 64.0), singers)

    assert compass[:5] == pytest.approx([0.0, 1.0, 1.0, 0.5, 0.0], abs=EXACT)
    assert np.isnan(compass[5])


def test_half_a_year_halves_freshness_and_an_unknown_day_stays_unknown() -> None:
    fresh = freshness(np.array([1000.0, 820.0, 1100.0, np.nan]), 1000)

    assert fresh[:3] == pytest.approx([1.0, 0.5, 1.0], abs=EXACT)
    assert np.isnan(fresh[3])


def hits(*rows: tuple[int, int, float]) -> SegmentHits:
    query, singer, similarity = (np.array(column) for column in zip(*rows, strict=True))
    times = np.arange(len(rows), dtype=float)
    return SegmentHits(query, singer, singer, times, times + 1, similarity)


def test_one_lucky_hit_counts_less_than_three_good_ones() -> None:
    lucky = hits((0, 0, 0.9), (0, 1, 0.8), (0, 1, 0.8), (0, 1, 0.8), (0, 2, 0.1))

    standing_out = close_moments(lucky, 4)

    assert standing_out[1] > standing_out[0] > standing_out[2] == standing_out[3] == 0.0


def test_the_worst_quarter_of_the_segments_does_not_count() -> None:
    steady = [(query, 0, 0.5) for query in range(3)] + [(query, 1, 0.2) for query in range(4)]

    with_outlier = close_moments(hits(*steady, (3, 0, 0.2)), 2)

    assert with_outlier[0] == pytest.approx(0.1, abs=EXACT)


def test_queries_are_few_and_never_silent() -> None:
    segments = voice(1, segments=40).segments.timbre.copy()
    segments[::2] = 0.0

    chosen = choose_queries(segments)

    assert len(chosen) == 6
    assert all(row % 2 for row in chosen)


def test_a_recording_of_silence_asks_nothing() -> None:
    assert len(choose_queries(np.zeros((3, 4), dtype=np.float32))) == 0
