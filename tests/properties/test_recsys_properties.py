"""What holds for every catalogue and every voice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.embeddings.profile import Segments, VoiceProfile
from singalike.recsys.blend import BlendPreset, blend
from singalike.recsys.catalogue_view import build_view
from singalike.recsys.medoids import choose_medoids
from singalike.recsys.presets import SIMILAR, SINGERS, shipped_presets
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from tests.support.catalogues import MemoryCatalogue, MemoryIndex
from tests.support.voices import small_view, track_of, voice

SUM_TOLERANCE = 1e-6
ROUNDING = 1e-9
VOICE_SINGERS = shipped_presets().default(SIMILAR, SINGERS)
FEW = settings(max_examples=20)

shares = st.floats(0.0, 1.0) | st.just(float("nan"))
signal_rows = st.fixed_dictionaries(dict.fromkeys(VOICE_SINGERS.weights, shares))


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    catalogue = MemoryCatalogue()
    for singer in range(8):
        for take in range(3):
            catalogue.put(f"s{singer}", f"t{singer}{take}", voice(singer, take + 1))
    return Recommender(catalogue, MemoryIndex(catalogue), "fake-1")  # type: ignore[arg-type]


@given(row=signal_rows, dial=st.floats(0.0, 1.0))
def test_contributions_sum_to_a_score_between_zero_and_one(row: dict[str, float], dial: float) -> None:
    mixed = blend({name: np.array([value]) for name, value in row.items()}, VOICE_SINGERS.dialled(dial))

    assert sum(mixed.contributions_of(0).values()) == pytest.approx(mixed.score[0], abs=SUM_TOLERANCE)
    assert 0.0 <= mixed.score[0] <= 1.0


@given(row=st.fixed_dictionaries({name: st.floats(0.0, 1.0) for name in VOICE_SINGERS.weights}), more=st.floats(0.1, 5))
def test_more_weight_pulls_the_score_towards_the_signal(row: dict[str, float], more: float) -> None:
    signals = {name: np.array([value]) for name, value in row.items()}
    heavier = BlendPreset("test", 1, {**VOICE_SINGERS.weights, "style": VOICE_SINGERS.weights["style"] + more})

    before, after = (blend(signals, preset).score[0] for preset in (VOICE_SINGERS, heavier))

    assert abs(after - row["style"]) <= abs(before - row["style"]) + ROUNDING


@FEW
@given(
    seed=st.integers(0, 20),
    excluded=st.frozensets(st.sampled_from([f"s{row}" for row in range(8)])),
    k=st.integers(1, 12),
    dial=st.floats(0.0, 1.0),
)
def test_excluded_singers_never_come_back_and_k_is_respected(
    recommender: Recommender, seed: int, excluded: frozenset[str], k: int, dial: float
) -> None:
    options = RecommendOptions(k=k, timbre_style=dial, excluded_singer_ids=excluded)

    answer = recommender.recommend(voice(seed, 70), options)

    assert len(answer.singers) == min(k, 8 - len(excluded))
    assert len(answer.songs) <= k
    assert not excluded & {found.singer_id for found in (*answer.singers, *answer.songs)}


@FEW
@given(seed=st.integers(0, 20))
def test_suggestions_explain_themselves_and_come_best_first(recommender: Recommender, seed: int) -> None:
    answer = recommender.recommend(voice(seed, 70))

    for found in (answer.singers, answer.songs):
        scores = [suggestion.score for suggestion in found]
        assert scores == sorted(scores, reverse=True)
        for suggestion in found:
            assert sum(suggestion.signals.values()) == pytest.approx(suggestion.score, abs=SUM_TOLERANCE)


def reordered(profile: VoiceProfile, order: list[int]) -> VoiceProfile:
    parts = profile.segments
    return replace(
        profile,
        segments=Segments(
            parts.start_s[order], parts.end_s[order], parts.timbre[order], parts.style[order], parts.melody[order]
        ),
    )


@FEW
@given(seed=st.integers(0, 20), order=st.permutations(range(12)))
def test_the_order_of_segments_does_not_matter(recommender: Recommender, seed: int, order: list[int]) -> None:
    profile = voice(seed, 70, segments=12)

    straight, shuffled = recommender.recommend(profile), recommender.recommend(reordered(profile, order))

    assert [found.singer_id for found in straight.singers] == [found.singer_id for found in shuffled.singers]
    assert [found.score for found in straight.singers] == pytest.approx(
        [found.score for found in shuffled.singers], abs=ROUNDING
    )
    assert [found.moments for found in straight.singers] == [found.moments for found in shuffled.singers]


@FEW
@given(order=st.permutations(range(12)))
def test_the_order_of_tracks_does_not_matter(order: list[int]) -> None:
    tracks = [track_of(f"s{row % 4}", f"t{row}", voice(row % 4, row)) for row in range(12)]

    straight, shuffled = build_view(tracks), build_view([tracks[row] for row in order])

    assert [track.track_id for track in straight.tracks] == [track.track_id for track in shuffled.tracks]
    assert straight.timbre is not None
    assert shuffled.timbre is not None
    assert np.array_equal(straight.timbre.centroids, shuffled.timbre.centroids)


@given(seed=st.integers(0, 1000), rows=st.integers(1, 30), count=st.integers(1, 6))
def test_medoids_are_different_members(seed: int, rows: int, count: int) -> None:
    vectors = voice(seed, segments=rows).segments.timbre

    chosen = choose_medoids(vectors, count)

    assert len(set(chosen.tolist())) == len(chosen) == min(rows, count)


@FEW
@given(factor=st.integers(1, 5))
def test_a_view_is_a_function_of_its_tracks(factor: int) -> None:
    first, second = small_view(factor + 1), small_view(factor + 1)

    assert first.timbre is not None
    assert second.timbre is not None
    assert first.timbre.calibration == second.timbre.calibration
