"""The demo's self-check and tables."""

import numpy as np
import pytest
from rich.console import Console

from singalike.audio.synthesis import draw_singer, vary_singer
from singalike.services.demo.hidden import by_distance
from singalike.services.demo.report import self_check_table, truth_line, truth_table
from singalike.services.demo.self_check import check

RANDOM = np.random.default_rng(0)
KNOWN = [draw_singer(RANDOM) for _ in range(24)]
HIDDEN = [vary_singer(voice, RANDOM, 0.35) for voice in KNOWN[:12]]


def printed(*parts: object) -> str:
    console = Console(record=True, width=160, file=None, quiet=False)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def test_a_perfect_order_passes_the_self_check() -> None:
    result = check(HIDDEN, [by_distance(voice, KNOWN) for voice in HIDDEN], KNOWN)

    assert result.ranks == (1,) * 12
    assert result.hits_at(1) == 1.0
    assert result.agreement == pytest.approx(1.0)
    assert result.passed


def test_a_drawn_order_fails_the_self_check() -> None:
    random = np.random.default_rng(3)
    result = check(HIDDEN, [random.permutation(24).tolist() for _ in HIDDEN], KNOWN)

    assert abs(result.standard_errors) < 3.0
    assert abs(result.agreement) < 0.3
    assert not result.passed


def test_a_singer_who_is_not_suggested_comes_after_all_who_are() -> None:
    order = by_distance(HIDDEN[0], KNOWN)

    result = check(HIDDEN[:1], [order[1:6]], KNOWN)

    assert result.ranks == (6,)


def test_the_truth_names_the_nearest_singers_and_their_place_among_the_suggestions() -> None:
    known = {f"singer {index}": voice for index, voice in enumerate(KNOWN)}
    nearest = [f"singer {index}" for index in by_distance(HIDDEN[3], KNOWN)]

    text = printed(truth_line(HIDDEN[3]), truth_table(HIDDEN[3], known, nearest[1:], 3))

    assert f"vocal tract {HIDDEN[3].tract_cm:.1f} cm" in text
    assert "not at all" in text
    assert "number 1" in text
    assert text.count(" cm") == 1 + 3


def test_the_check_is_told_in_words() -> None:
    perfect = check(HIDDEN, [by_distance(voice, KNOWN) for voice in HIDDEN], KNOWN)
    hopeless = check(HIDDEN, [by_distance(voice, KNOWN)[::-1] for voice in HIDDEN], KNOWN)

    assert "among the first 3" in printed(self_check_table(perfect))
    assert "clearly better than drawing lots: 5.8 standard errors" in printed(self_check_table(perfect))
    assert "NOT clearly better" in printed(self_check_table(hopeless))
