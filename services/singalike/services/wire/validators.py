"""One explicit check for each request; the bounds stand in the comments of the protos too."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from singalike.services.recommender.recommend_options import HEAVIEST, LANGUAGE_CODES
from singalike.services.wire.conversion_validators import conversion_checks
from singalike.services.wire.faults import Faults
from singalike.services.wire.listener_validators import LISTENER_CHECKS
from singalike.services.wire.profile_validator import check_profile
from singalike.services.wire.uploads import MAX_CHUNK_BYTES
from singalike.v1 import catalogue_pb2, embedding_service_pb2, recommender_service_pb2, suggestions_pb2, voice_pb2

INLINE_BYTES = 8 * 2**20
MOST_RECORDINGS = 32
MAX_PAGE_SIZE = 1000
MAX_K = 100
LONGEST_ID, LONGEST_FILTER, LONGEST_TOKEN, LONGEST_REQUEST_ID = 200, 200, 1000, 64
MOST_IDS, MOST_VALUES, MOST_SIGNALS, MOST_WEIGHTS, MOST_SEEDS = 1000, 100, 10, 20, 20
SECONDS_OF_YEAR_9999 = 253_402_300_799


def validate(request: Message) -> None:
    """Check a request by its type.

    Raises:
        InvalidInputError: INVALID_REQUEST, with every violation.
    """
    faults = Faults()
    CHECKS[type(request)](faults, request)
    faults.raise_any()


def check_recording(faults: Faults, field: str, message: voice_pb2.Recording) -> None:
    """Check how a recording is to be heard and that it may travel inside a message; decoding refuses an empty one."""
    if len(message.audio) > INLINE_BYTES:
        faults.add(f"{field}.audio", f"is larger than {INLINE_BYTES >> 20} MiB: send it in chunks")
    faults.one_of(f"{field}.channel", message.channel, voice_pb2.Channel.values())
    faults.one_of(f"{field}.content", message.content, voice_pb2.Content.values())


def _embed(faults: Faults, request: embedding_service_pb2.EmbedRequest) -> None:
    check_recording(faults, "recording", request.recording)


def _embed_batch(faults: Faults, request: embedding_service_pb2.EmbedBatchRequest) -> None:
    if not 1 <= len(request.recordings) <= MOST_RECORDINGS:
        faults.add("recordings", f"holds {len(request.recordings)} values: use 1 to {MOST_RECORDINGS}")
    elif sum(len(recording.audio) for recording in request.recordings) > INLINE_BYTES:
        faults.add("recordings", f"hold more than {INLINE_BYTES >> 20} MiB of audio: send fewer at once")
    else:
        for place, recording in enumerate(request.recordings):
            check_recording(faults, f"recordings[{place}]", recording)


def _upload_part(faults: Faults, request: embedding_service_pb2.UploadEmbedRequest) -> None:
    _check_part(faults, request, "recording")
    if request.HasField("recording"):
        check_recording(faults, "recording", request.recording)


def _index_part(faults: Faults, request: embedding_service_pb2.IndexTrackRequest) -> None:
    _check_part(faults, request, "header")
    if request.HasField("header"):
        header = request.header
        check_recording(faults, "header.recording", header.recording)
        _check_info(faults, "header.info", header.info)
        faults.text("header.request_id", header.request_id, LONGEST_REQUEST_ID)


def _check_part(faults: Faults, request: Any, first: str) -> None:
    if request.WhichOneof("part") is None:
        faults.add("part", f"is missing: send {first} first, then chunks")
    if len(request.chunk) > MAX_CHUNK_BYTES:
        faults.add("chunk", f"is larger than {MAX_CHUNK_BYTES >> 20} MiB: use chunks of 256 KiB")


def _check_info(faults: Faults, field: str, info: catalogue_pb2.TrackInfo) -> None:
    faults.text(f"{field}.singer", info.singer.strip(), 200, shortest=1)
    faults.text(f"{field}.title", info.title.strip(), 300, shortest=1)
    faults.text(f"{field}.genre", info.genre, 100)
    faults.text(f"{field}.language", info.language, 100)
    faults.text(f"{field}.isrc", info.isrc, 20)
    faults.one_of(f"{field}.voice_gender", info.voice_gender, catalogue_pb2.VoiceGender.values())


def _id_check(field: str) -> Callable[[Faults, Any], None]:
    """Make the check of a request that holds one id."""

    def check(faults: Faults, request: Any) -> None:
        faults.text(field, getattr(request, field), LONGEST_ID, shortest=1)

    return check


def _recommend(
    faults: Faults,
    request: recommender_service_pb2.RecommendSingersRequest | recommender_service_pb2.RecommendSongsRequest,
) -> None:
    _check_question(faults, request)
    faults.text("page_token", request.page_token, LONGEST_TOKEN)


def _explain(faults: Faults, request: recommender_service_pb2.ExplainSingerRequest) -> None:
    _check_question(faults, request)
    faults.text("singer_id", request.singer_id, LONGEST_ID, shortest=1)


def _check_question(faults: Faults, request: Any) -> None:
    """Check voice and options; seeds or a listener may stand for the voice."""
    options = request.options
    if request.WhichOneof("voice") or not (options.listener_id or any(_pulls(seed) for seed in options.seeds)):
        or_else = "or in options a seed with a weight above 0 or a listener_id"
        _check_voice(faults, request, ("recording", "voice_id", "profile", or_else))
    check_options(faults, "options", options)


def _identify(faults: Faults, request: recommender_service_pb2.IdentifySingerRequest) -> None:
    _check_voice(faults, request, ("recording", "voice_id", "profile"))
    faults.number("k", request.k, 0, MAX_K)
    if request.HasField("prior_of_none"):
        faults.number("prior_of_none", request.prior_of_none, 0.0, 1.0)


def _check_voice(faults: Faults, request: Any, choices: tuple[str, ...]) -> None:
    match request.WhichOneof("voice"):
        case "recording":
            check_recording(faults, "recording", request.recording)
        case "voice_id":
            faults.text("voice_id", request.voice_id, LONGEST_ID, shortest=1)
        case "profile":
            check_profile(faults, "profile", request.profile)
        case _:
            faults.add("voice", f"is missing: give one of {', '.join(choices)}")


def _pulls(seed: suggestions_pb2.Seed) -> bool:
    return not seed.HasField("weight") or seed.weight > 0


def check_options(faults: Faults, field: str, options: suggestions_pb2.SuggestionOptions) -> None:
    faults.number(f"{field}.k", options.k, 0, MAX_K)
    if options.HasField("timbre_style"):
        faults.number(f"{field}.timbre_style", options.timbre_style, 0.0, 1.0)
    faults.texts(f"{field}.excluded_singer_ids", options.excluded_singer_ids, MOST_IDS, LONGEST_ID)
    faults.texts(f"{field}.excluded_track_ids", options.excluded_track_ids, MOST_IDS, LONGEST_ID)
    faults.texts(f"{field}.genres", options.genres, MOST_VALUES, LONGEST_FILTER)
    faults.texts(f"{field}.languages", options.languages, MOST_VALUES, LONGEST_FILTER)
    faults.texts(f"{field}.signals_off", options.signals_off, MOST_SIGNALS, LONGEST_FILTER)
    _check_choice(faults, field, options)
    _check_exclusions(faults, field, options)
    known = (catalogue_pb2.VOICE_GENDER_FEMALE, catalogue_pb2.VOICE_GENDER_MALE)
    if len(options.voice_genders) > len(known) or not set(options.voice_genders) <= set(known):
        faults.add(f"{field}.voice_genders", "must hold female or male, each at most once")


def _check_choice(faults: Faults, field: str, options: suggestions_pb2.SuggestionOptions) -> None:
    """Check presets, dials and the words that choose."""
    faults.text(f"{field}.preset", options.preset, LONGEST_FILTER)
    if len(options.weights) > MOST_WEIGHTS:
        faults.add(f"{field}.weights", f"holds {len(options.weights)} values: use at most {MOST_WEIGHTS}")
    else:
        for name, weight in sorted(options.weights.items()):
            faults.text(f"{field}.weights", name, LONGEST_FILTER, shortest=1)
            faults.number(f"{field}.weights[{name!r}]", weight, 0.0, HEAVIEST)
    if options.HasField("diversity"):
        faults.number(f"{field}.diversity", options.diversity, 0.0, 1.0)
    faults.number(f"{field}.songs_per_singer", options.songs_per_singer, 0, MAX_K)
    faults.one_of(f"{field}.relation", options.relation, suggestions_pb2.Relation.values())
    faults.one_of(f"{field}.singing_mode", options.singing_mode, suggestions_pb2.SingingMode.values())
    if options.language_code not in ("", *LANGUAGE_CODES):
        faults.add(f"{field}.language_code", f"must be one of {', '.join(LANGUAGE_CODES)}, or empty")


def _check_exclusions(faults: Faults, field: str, options: suggestions_pb2.SuggestionOptions) -> None:
    """Check who asks, what they do not want, and what they want more of."""
    faults.text(f"{field}.listener_id", options.listener_id, LONGEST_ID)
    faults.texts(f"{field}.excluded_genres", options.excluded_genres, MOST_VALUES, LONGEST_FILTER)
    faults.texts(f"{field}.excluded_languages", options.excluded_languages, MOST_VALUES, LONGEST_FILTER)
    faults.texts(f"{field}.unlike_singer_ids", options.unlike_singer_ids, MOST_VALUES, LONGEST_ID)
    if len(options.seeds) > MOST_SEEDS:
        faults.add(f"{field}.seeds", f"holds {len(options.seeds)} values: use at most {MOST_SEEDS}")
        return
    for place, seed in enumerate(options.seeds):
        _check_seed(faults, f"{field}.seeds[{place}]", seed)


def _check_seed(faults: Faults, field: str, seed: suggestions_pb2.Seed) -> None:
    chosen = seed.WhichOneof("seed")
    if chosen is None:
        faults.add(field, "is empty: give one of singer_id, track_id, voice_id")
    else:
        faults.text(f"{field}.{chosen}", getattr(seed, chosen), LONGEST_ID, shortest=1)
    if seed.HasField("weight"):
        faults.number(f"{field}.weight", seed.weight, -1.0, 1.0)
        if seed.weight == 0:
            faults.add(f"{field}.weight", "is 0: use more for more like this, less for less like this")


def _create_voice(faults: Faults, request: recommender_service_pb2.CreateVoiceRequest) -> None:
    _check_voice(faults, request, ("recording", "profile"))
    # Whether there is a consent at all is no question of form: the servicer refuses with CONSENT_MISSING.
    faults.text("consent.subject", request.consent.subject, 200)
    faults.text("consent.statement", request.consent.statement.replace("\n", " "), 2000)
    time = request.consent.time
    faults.number("consent.time.seconds", time.seconds, 0, SECONDS_OF_YEAR_9999)
    faults.number("consent.time.nanos", time.nanos, 0, 999_999_999)
    faults.text("request_id", request.request_id, LONGEST_REQUEST_ID)


def _check_page(faults: Faults, request: Any) -> None:
    faults.number("page_size", request.page_size, 0, MAX_PAGE_SIZE)
    faults.text("page_token", request.page_token, LONGEST_TOKEN)


def _list_singers(faults: Faults, request: recommender_service_pb2.ListSingersRequest) -> None:
    _check_page(faults, request)
    faults.text("name_contains", request.name_contains, LONGEST_FILTER)


def _list_tracks(faults: Faults, request: recommender_service_pb2.ListTracksRequest) -> None:
    _check_page(faults, request)
    for field in ("singer_id", "genre", "language", "title_contains"):
        faults.text(field, getattr(request, field), LONGEST_FILTER)


def _get_map(faults: Faults, request: recommender_service_pb2.GetMapRequest) -> None:
    faults.one_of("colour", request.colour, recommender_service_pb2.MapColour.values())


def _nothing_to_check(faults: Faults, request: Any) -> None:
    """An empty message is always right."""


CHECKS: Mapping[type[Message], Callable[[Faults, Any], None]] = {
    embedding_service_pb2.EmbedRequest: _embed,
    embedding_service_pb2.UploadEmbedRequest: _upload_part,
    embedding_service_pb2.EmbedBatchRequest: _embed_batch,
    embedding_service_pb2.IndexTrackRequest: _index_part,
    embedding_service_pb2.DeleteTrackRequest: _id_check("track_id"),
    embedding_service_pb2.GetModelRequest: _nothing_to_check,
    recommender_service_pb2.RecommendSingersRequest: _recommend,
    recommender_service_pb2.RecommendSongsRequest: _recommend,
    recommender_service_pb2.IdentifySingerRequest: _identify,
    recommender_service_pb2.ExplainSingerRequest: _explain,
    recommender_service_pb2.CreateVoiceRequest: _create_voice,
    recommender_service_pb2.GetVoiceRequest: _id_check("voice_id"),
    recommender_service_pb2.DeleteVoiceRequest: _id_check("voice_id"),
    recommender_service_pb2.ListSingersRequest: _list_singers,
    recommender_service_pb2.GetSingerRequest: _id_check("singer_id"),
    recommender_service_pb2.ListTracksRequest: _list_tracks,
    recommender_service_pb2.GetMapRequest: _get_map,
    recommender_service_pb2.ListPresetsRequest: _nothing_to_check,
    recommender_service_pb2.GetExperimentReportRequest: _nothing_to_check,
    **LISTENER_CHECKS,
    **conversion_checks(check_recording),
}
"""Every request of all services; a test proves the table whole."""
