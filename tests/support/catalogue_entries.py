"""Tracks and voices for the tests of catalogues, and databases to put them in."""

import hashlib
import uuid
from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa

from singalike.embeddings.profile import VoiceProfile
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.ports import IndexPoint
from singalike.services.records import Consent, Track, TrackInfo
from tests.support.fake_ear import FakeEar, make_profile

EAR = FakeEar().model_version
CONSENT = Consent("person-7", "Keep my voice until I say otherwise.", datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))


def sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def add_track(catalogue: SqlCatalogue, number: int, singer: str = "Ann", segments: int = 3, **said: str) -> Track:
    info = TrackInfo(**{"singer": singer, "title": f"Song {number}", **said})
    return catalogue.add_track(info, sha(number), 9.5, "identity", make_profile(number, segments))


def all_points(catalogue: SqlCatalogue) -> list[IndexPoint]:
    return list(catalogue.changes(0, EAR, 100_000).points)


def assert_same_profile(left: VoiceProfile, right: VoiceProfile) -> None:
    for name in ("timbre", "style", "melody"):
        assert np.array_equal(getattr(left, name), getattr(right, name))
        assert np.array_equal(getattr(left.segments, name), getattr(right.segments, name))
        assert getattr(right.segments, name).dtype == np.float32
    assert np.array_equal(left.segments.start_s, right.segments.start_s)
    assert np.array_equal(left.segments.end_s, right.segments.end_s)
    assert np.array_equal(left.vocal_range.seconds_per_semitone, right.vocal_range.seconds_per_semitone)
    assert left.vocal_range.tessitura_midi == right.vocal_range.tessitura_midi
    assert (left.quality, left.sung_notes) == (right.quality, right.sung_notes)
    assert (left.female_probability, left.model_version) == (right.female_probability, right.model_version)


class SchemaOf:
    """A schema of its own on a PostgreSQL server, so that tests neither meet each other nor anybody's data."""

    def __init__(self, server: str) -> None:
        self._engine = sa.create_engine(server)
        self._name = f"test_{uuid.uuid4().hex}"

    def __enter__(self) -> str:
        with self._engine.begin() as connection:
            connection.execute(sa.text(f'CREATE SCHEMA "{self._name}"'))
        options = {"options": f"-csearch_path={self._name}"}
        return self._engine.url.update_query_dict(options).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.text(f'DROP SCHEMA "{self._name}" CASCADE'))
        self._engine.dispose()
