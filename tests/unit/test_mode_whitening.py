"""Whitening by mode: what speech or song has in common goes, what a voice has of its own stays."""

import numpy as np
import pytest
from numpy.typing import NDArray

from singalike.embeddings.projection import unit
from singalike.embeddings.training.mode_whitening import ModeWhitening
from singalike.errors import InvalidInputError

DIM, VOICES = 12, 400
MODES = ("spoken", "sung")


def voices_in_two_modes(rng: np.random.Generator) -> tuple[NDArray[np.float32], list[str]]:
    """Every voice once in each mode: its own direction, drowned by what the mode does to all of them."""
    own = rng.standard_normal((VOICES, DIM))
    spoken = 40.0 * np.eye(DIM)[0] + own * np.geomspace(1.0, 3.0, DIM)
    sung = -40.0 * np.eye(DIM)[1] + own * np.geomspace(3.0, 1.0, DIM)
    return np.concatenate([spoken, sung]).astype(np.float32), ["spoken"] * VOICES + ["sung"] * VOICES


def test_each_mode_gets_mean_zero_and_equal_spread_in_all_directions() -> None:
    vectors, modes = voices_in_two_modes(np.random.default_rng(0))

    whitening = ModeWhitening.fit(vectors, modes)

    for mode in MODES:
        whitened = whitening.by_mode[mode](vectors[np.array(modes) == mode])
        assert whitened.mean(axis=0) == pytest.approx(np.zeros(DIM), abs=1e-3)
        # Variances differed by a factor of nine; shrinkage leaves a little of that.
        assert np.cov(whitened.T) == pytest.approx(np.eye(DIM), abs=0.2)


def test_a_voice_that_speaks_is_found_among_those_that_sing_only_after_whitening() -> None:
    vectors, modes = voices_in_two_modes(np.random.default_rng(1))

    whitened = ModeWhitening.fit(vectors, modes)(vectors, modes)

    def found(rows: NDArray[np.float32]) -> float:
        nearest = (rows[:VOICES] @ rows[VOICES:].T).argmax(axis=1)
        return float((nearest == np.arange(VOICES)).mean())

    assert found(unit(vectors)) < 0.1
    assert found(whitened) > 0.95


def test_whitened_vectors_are_unit_and_stay_in_their_rows() -> None:
    vectors, modes = voices_in_two_modes(np.random.default_rng(2))
    mixed = np.random.default_rng(3).permutation(len(vectors))
    whitening = ModeWhitening.fit(vectors, modes)

    whitened = whitening(vectors, modes)
    again = whitening(vectors[mixed], [modes[row] for row in mixed])

    assert np.linalg.norm(whitened, axis=1) == pytest.approx(np.ones(len(vectors)), abs=1e-5)
    assert again == pytest.approx(whitened[mixed], abs=1e-5)


def test_fewer_vectors_than_directions_are_shrunk_and_not_blown_up() -> None:
    vectors = np.random.default_rng(4).standard_normal((5, 64)).astype(np.float32)

    whitened = ModeWhitening.fit(vectors, ["sung"] * 5).by_mode["sung"](vectors)

    assert np.abs(whitened).max() < 10.0


def test_a_mode_that_was_not_fitted_is_refused_by_its_name() -> None:
    whitening = ModeWhitening.fit(np.eye(3, dtype=np.float32), ["sung"] * 3)

    with pytest.raises(InvalidInputError, match="whispered") as refused:
        whitening(np.eye(3, dtype=np.float32), ["sung", "sung", "whispered"])

    assert refused.value.reason == "MODE_UNKNOWN"


def test_a_single_vector_has_no_spread() -> None:
    with pytest.raises(InvalidInputError, match="spoken") as refused:
        ModeWhitening.fit(np.eye(3, dtype=np.float32), ["sung", "spoken", "sung"])

    assert refused.value.reason == "TOO_FEW_RECORDINGS"
