"""Requests that are large or strange, before anything is ranked."""

import numpy as np
import pytest

from singalike.errors import InvalidInputError
from singalike.services.recommender.recommend_filter import allow, within
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.wire.faults import Faults
from singalike.services.wire.stages import AUDIO_METHODS
from singalike.v1 import conversion_service_pb2, embedding_service_pb2, recommender_service_pb2
from tests.support.voices import small_view

VIEW = small_view()
UNKNOWN = frozenset(f"nobody {number}" for number in range(1000))
LISTS = ("excluded_singer_ids", "excluded_track_ids", "unlike_singer_ids", "excluded_genres", "excluded_languages")


@pytest.mark.parametrize("name", [*LISTS, "genres", "languages"])
def test_what_the_catalogue_lacks_restricts_as_before_and_is_not_kept(name: str) -> None:
    known = {"excluded_singer_ids": {"s00"}, "excluded_track_ids": {"s01-song 1 0"}, "unlike_singer_ids": {"s02"}}
    for wanted in (UNKNOWN, UNKNOWN | known.get(name, set())):
        asked = RecommendOptions(**{name: frozenset(wanted)})

        kept = within(VIEW, asked)

        assert len(getattr(kept, name)) <= 1
        assert np.array_equal(allow(VIEW, kept).tracks, allow(VIEW, asked).tracks)


@pytest.mark.parametrize("character", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\x9b"])
def test_control_characters_are_refused_in_every_text(character: str) -> None:
    faults = Faults()
    faults.text("listener_id", f"mia{character}", 200)

    with pytest.raises(InvalidInputError, match="control characters"):
        faults.raise_any()


def test_every_call_that_may_hold_a_recording_is_counted_as_one() -> None:
    services = (embedding_service_pb2, recommender_service_pb2, conversion_service_pb2)
    methods = [
        method
        for module in services
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]

    heavy = {
        method.name
        for method in methods
        if {"recording", "recordings", "chunk"} & set(method.input_type.fields_by_name)
    }

    assert heavy == AUDIO_METHODS
