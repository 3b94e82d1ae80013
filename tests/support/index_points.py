"""Points for the tests of indexes and their followers."""

import numpy as np

from singalike.services.ports import IndexPoint
from tests.support.fake_ear import unit_rows

TIMBRE_DIM, STYLE_DIM = 12, 6


def make_points(count: int, seed: int = 0, first_id: int = 1, singers: int = 7) -> list[IndexPoint]:
    """Draw points of a few singers, two tracks each, with every kind of filter value, said or not."""
    random = np.random.default_rng(seed)
    timbre, style = (unit_rows(random.standard_normal((count, dim))) for dim in (TIMBRE_DIM, STYLE_DIM))
    return [
        IndexPoint(
            point_id=first_id + i,
            singer_id=f"singer-{i % singers}",
            track_id=f"track-{i % (2 * singers)}",
            start_s=i * 0.37,
            end_s=i * 0.37 + 3.0,
            timbre=timbre[i],
            style=style[i],
            genre=(None, "pop", "rock", "발라드")[i % 4],
            language=(None, "ko", "en")[i % 3],
            voice_gender=(None, "female", "male")[i % 5 % 3],
        )
        for i in range(count)
    ]
