"""Requests are checked field by field, and every fault is told at once."""

from typing import Any

import pytest
from google.protobuf.message import Message

from singalike.client.profile_converters import profile_to_message
from singalike.errors import InvalidInputError
from singalike.services.wire.validators import CHECKS, validate
from singalike.v1 import (
    catalogue_pb2,
    conversion_service_pb2,
    embedding_service_pb2,
    recommender_service_pb2,
    suggestions_pb2,
    voice_pb2,
)
from tests.support.fake_ear import make_profile


def violations_of(request: Message) -> list[str]:
    with pytest.raises(InvalidInputError) as refused:
        validate(request)
    assert refused.value.reason == "INVALID_REQUEST"
    return [violation.field for violation in refused.value.violations]


def test_every_request_of_all_services_has_its_check() -> None:
    services = (embedding_service_pb2, recommender_service_pb2, conversion_service_pb2)
    files = [service.DESCRIPTOR for service in services]

    taken = {
        method.input_type.full_name
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
    }

    assert {kind.DESCRIPTOR.full_name for kind in CHECKS} == taken


@pytest.mark.parametrize("options", [{"seeds": [{"singer_id": "s"}]}, {"listener_id": "mia"}])
def test_a_seed_or_a_listener_stands_for_a_voice(options: dict[str, Any]) -> None:
    validate(recommender_service_pb2.RecommendSingersRequest(options=options))


@pytest.mark.parametrize("options", [{}, {"seeds": [{"singer_id": "s", "weight": -0.5}]}])
def test_who_gives_no_voice_is_told_all_that_may_stand_for_one(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=r"profile, or in options a seed.*or a listener_id"):
        validate(recommender_service_pb2.RecommendSingersRequest(options=options))


def with_profile(**changes: Any) -> recommender_service_pb2.RecommendSingersRequest:
    """A request with a sound profile, changed."""
    request = recommender_service_pb2.RecommendSingersRequest(profile=profile_to_message(make_profile(1)))
    for path, value in changes.items():
        *parents, name = path.split("__")
        message: Any = request.profile
        for parent in parents:
            message = message[int(parent)] if parent.isdigit() else getattr(message, parent)
        if isinstance(value, list):
            del getattr(message, name)[:]
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return request


def test_a_sound_profile_passes() -> None:
    validate(with_profile())


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timbre": []}, "profile.timbre"),
        ({"timbre": [0.0] * 16}, "profile.timbre"),
        ({"timbre": [NAN] * 16}, "profile.timbre"),
        ({"timbre": [INFINITY] + [0.0] * 15}, "profile.timbre"),
        ({"style": [0.5] * 8}, "profile.style"),
        ({"melody": [2.0, 0.0, 0.0, 0.0]}, "profile.melody"),
        ({"female_probability": 1.5}, "profile.female_probability"),
        ({"female_probability": NAN}, "profile.female_probability"),
        ({"undecided_band__male_up_to": 0.6}, "profile.undecided_band.male_up_to"),
        ({"undecided_band__female_from": 0.4}, "profile.undecided_band.female_from"),
        ({"model_version": ""}, "profile.model_version"),
        ({"segments__0__end_s": -1.0}, "profile.segments[0].end_s"),
        ({"segments__1__start_s": -1.0}, "profile.segments[1].start_s"),
        ({"segments__2__timbre": [1.0]}, "profile.segments[2]"),
        ({"vocal_range__lowest_midi": 500.0}, "profile.vocal_range.lowest_midi"),
        ({"vocal_range__lowest_midi": 127.0}, "profile.vocal_range"),
        ({"vocal_range__voiced_s": -1.0}, "profile.vocal_range.voiced_s"),
        ({"vocal_range__seconds_per_semitone": [1.0]}, "profile.vocal_range.seconds_per_semitone"),
        ({"quality__clipped_share": 2.0}, "profile.quality.clipped_share"),
        ({"quality__signal_to_noise_db": NAN}, "profile.quality.signal_to_noise_db"),
        ({"sung_notes__highest_held_midi": 500.0}, "profile.sung_notes.highest_held_midi"),
        ({"sung_notes__longest_midi": NAN}, "profile.sung_notes.longest_midi"),
        ({"sung_notes__phrase_s": -1.0}, "profile.sung_notes.phrase_s"),
        ({"sung_notes__note_count": -1}, "profile.sung_notes.note_count"),
    ],
)
def test_a_profile_with_a_figure_out_of_bounds_is_refused(changes: dict[str, Any], field: str) -> None:
    assert field in violations_of(with_profile(**changes))


def test_a_profile_of_a_recording_in_which_nobody_sang_passes() -> None:
    request = with_profile(melody=[0.0] * 4)
    for name in ("lowest_midi", "highest_midi", "tessitura_low_midi", "tessitura_high_midi"):
        request.profile.vocal_range.ClearField(name)

    validate(request)


LARGE = voice_pb2.Recording(audio=bytes(8 * 2**20 + 1))
GENDER = catalogue_pb2.VOICE_GENDER_FEMALE
OPTIONS, SEED = suggestions_pb2.SuggestionOptions, suggestions_pb2.Seed


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (recommender_service_pb2.RecommendSongsRequest(), ["voice"]),
        (recommender_service_pb2.RecommendSongsRequest(voice_id=""), ["voice_id"]),
        (recommender_service_pb2.RecommendSongsRequest(voice_id="v" * 201), ["voice_id"]),
        (recommender_service_pb2.RecommendSongsRequest(voice_id="v", options=OPTIONS(k=101)), ["options.k"]),
        (recommender_service_pb2.RecommendSongsRequest(voice_id="v", options=OPTIONS(k=-1)), ["options.k"]),
        (
            recommender_service_pb2.RecommendSongsRequest(
                voice_id="v", options=OPTIONS(timbre_style=NAN, voice_genders=[GENDER, 9], genres=[""])
            ),
            ["options.timbre_style", "options.genres[0]", "options.voice_genders"],
        ),
        (
            recommender_service_pb2.RecommendSingersRequest(
                page_token="t" * 1001,
                options=OPTIONS(
                    preset="p" * 201,
                    weights={"timbre": 101.0, "": 1.0, "style": NAN},
                    listener_id="",
                    excluded_genres=[""],
                    excluded_languages=["l" * 201],
                    unlike_singer_ids=["s"] * 101,
                    seeds=[SEED(), SEED(singer_id="", weight=-0.5), SEED(track_id="t", weight=0.0)],
                    relation=9,  # type: ignore[arg-type]
                    diversity=1.5,
                    songs_per_singer=101,
                    singing_mode=9,  # type: ignore[arg-type]
                    language_code="xx",
                ),
            ),
            [
                "options.preset",
                "options.weights",
                "options.weights['style']",
                "options.weights['timbre']",
                "options.diversity",
                "options.songs_per_singer",
                "options.relation",
                "options.singing_mode",
                "options.language_code",
                "options.excluded_genres[0]",
                "options.excluded_languages[0]",
                "options.unlike_singer_ids",
                "options.seeds[0]",
                "options.seeds[1].singer_id",
                "options.seeds[2].weight",
                "page_token",
            ],
        ),
        (
            recommender_service_pb2.RecommendSingersRequest(options=OPTIONS(seeds=[SEED(singer_id="s", weight=-1)])),
            ["voice"],
        ),
        (
            recommender_service_pb2.RecommendSingersRequest(
                voice_id="v", options=OPTIONS(seeds=[SEED(voice_id="w")] * 21)
            ),
            ["options.seeds"],
        ),
        (recommender_service_pb2.IdentifySingerRequest(k=101), ["voice", "k"]),
        (recommender_service_pb2.IdentifySingerRequest(voice_id="v", k=-1, prior_of_none=NAN), ["k", "prior_of_none"]),
        (recommender_service_pb2.ListSingersRequest(page_size=1001), ["page_size"]),
        (recommender_service_pb2.ListSingersRequest(page_size=-1, page_token="t" * 1001), ["page_size", "page_token"]),
        (recommender_service_pb2.ListTracksRequest(title_contains="a\nb"), ["title_contains"]),
        (recommender_service_pb2.GetSingerRequest(), ["singer_id"]),
        (recommender_service_pb2.GetMapRequest(colour=77), ["colour"]),  # type: ignore[arg-type]
        (recommender_service_pb2.CreateVoiceRequest(request_id="r" * 65), ["voice", "request_id"]),
        (embedding_service_pb2.DeleteTrackRequest(), ["track_id"]),
        (embedding_service_pb2.EmbedRequest(recording=voice_pb2.Recording(channel=9)), ["recording.channel"]),  # type: ignore[arg-type]
        (embedding_service_pb2.EmbedRequest(recording=LARGE), ["recording.audio"]),
        (embedding_service_pb2.EmbedBatchRequest(), ["recordings"]),
        (embedding_service_pb2.EmbedBatchRequest(recordings=[voice_pb2.Recording()] * 33), ["recordings"]),
        (embedding_service_pb2.UploadEmbedRequest(), ["part"]),
        (embedding_service_pb2.IndexTrackRequest(chunk=bytes(4 * 2**20 + 1)), ["chunk"]),
        (
            embedding_service_pb2.IndexTrackRequest(header=embedding_service_pb2.IndexTrackHeader()),
            ["header.info.singer", "header.info.title"],
        ),
    ],
)
def test_all_faults_of_a_request_are_told_at_once(request_: Message, fields: list[str]) -> None:
    assert violations_of(request_) == fields
