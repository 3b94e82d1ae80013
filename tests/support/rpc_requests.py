"""One sound request for each method, and the methods by kind."""

from collections.abc import Sequence

from google.protobuf.message import Message

from singalike.client.profile_converters import profile_to_message
from singalike.embeddings.profile import VoiceProfile
from singalike.v1 import catalogue_pb2 as catalogue
from singalike.v1 import conversion_service_pb2 as conversion
from singalike.v1 import conversions_pb2 as conversions
from singalike.v1 import embedding_service_pb2 as embedding
from singalike.v1 import feedback_pb2 as feedback
from singalike.v1 import recommender_service_pb2 as recommender
from singalike.v1 import suggestions_pb2 as suggestions
from singalike.v1 import voice_pb2 as voice


def sound_requests(
    audio: bytes,
    profile: VoiceProfile,
    voice_id: str,
    singer_id: str,
    *,
    target_id: str = "",
    track_id: str = "",
    conversion_id: str = "",
    phrase_id: str = "",
) -> dict[tuple[str, str], Sequence[Message]]:
    """Requests by service and method; the messages of one call for the streaming ones.

    Args:
        audio: A short recording.
        profile: What the servers' ear would say.
        voice_id: An enrolled voice.
        singer_id: A singer of the catalogue.
        target_id: A voice that songs may be sung with.
        track_id: A song of the catalogue.
        conversion_id: A conversion that has ended.
        phrase_id: A phrase that nobody has read yet.
    """
    recording = voice.Recording(audio=audio, channel=voice.CHANNEL_LEFT)
    message = profile_to_message(profile)
    options = suggestions.SuggestionOptions(
        k=5,
        timbre_style=0.3,
        excluded_singer_ids=["nobody"],
        genres=["folk"],
        excluded_genres=["rock"],
        excluded_languages=["xx"],
        unlike_singer_ids=["nobody"],
        signals_off=["freshness"],
        weights={"timbre": 1.0, "tessitura": 0.5},
        listener_id="mia",
        seeds=[suggestions.Seed(singer_id=singer_id, weight=-0.5), suggestions.Seed(voice_id=voice_id)],
        relation=suggestions.RELATION_SIMILAR,
        diversity=0.3,
        songs_per_singer=2,
        singing_mode=suggestions.SINGING_MODE_EASY,
        original_key=True,
        language_code="ko",
        even_if_unsure=True,
        random_seed=7,
    )
    info = catalogue.TrackInfo(singer="A singer", title="A song", genre="folk", language="en")
    header = embedding.IndexTrackHeader(info=info, recording=voice.Recording(content=voice.CONTENT_A_CAPPELLA))
    consent = catalogue.Consent(subject="somebody", statement="You may keep my voice.")
    consent.time.seconds = 1_700_000_000
    return {
        ("Embedding", "Embed"): [embedding.EmbedRequest(recording=recording)],
        ("Embedding", "EmbedBatch"): [embedding.EmbedBatchRequest(recordings=[recording, recording])],
        ("Embedding", "UploadEmbed"): [
            embedding.UploadEmbedRequest(recording=voice.Recording()),
            embedding.UploadEmbedRequest(chunk=audio[: len(audio) // 2]),
            embedding.UploadEmbedRequest(chunk=audio[len(audio) // 2 :]),
        ],
        ("Embedding", "IndexTrack"): [
            embedding.IndexTrackRequest(header=header),
            embedding.IndexTrackRequest(chunk=audio),
        ],
        ("Embedding", "DeleteTrack"): [embedding.DeleteTrackRequest(track_id="0" * 20)],
        ("Embedding", "GetModel"): [embedding.GetModelRequest()],
        ("Recommender", "RecommendSingers"): [recommender.RecommendSingersRequest(profile=message, options=options)],
        ("Recommender", "RecommendSongs"): [recommender.RecommendSongsRequest(voice_id=voice_id, options=options)],
        ("Recommender", "IdentifySinger"): [recommender.IdentifySingerRequest(profile=message, k=3, prior_of_none=0.2)],
        ("Recommender", "CreateVoice"): [
            recommender.CreateVoiceRequest(profile=message, consent=consent, request_id="request-1")
        ],
        ("Recommender", "GetVoice"): [recommender.GetVoiceRequest(voice_id=voice_id)],
        ("Recommender", "DeleteVoice"): [recommender.DeleteVoiceRequest(voice_id="v-" + "0" * 32)],
        ("Recommender", "ListSingers"): [recommender.ListSingersRequest(page_size=2, name_contains="a")],
        ("Recommender", "GetSinger"): [recommender.GetSingerRequest(singer_id=singer_id)],
        ("Recommender", "ListTracks"): [recommender.ListTracksRequest(page_size=2, genre="folk")],
        ("Recommender", "GetMap"): [recommender.GetMapRequest()],
        ("Recommender", "ExplainSinger"): [
            recommender.ExplainSingerRequest(voice_id=voice_id, options=options, singer_id=singer_id)
        ],
        ("Recommender", "ListPresets"): [recommender.ListPresetsRequest()],
        ("Recommender", "GetExperimentReport"): [recommender.GetExperimentReportRequest()],
        **_listener_requests(singer_id),
        **_target_requests(audio, target_id or voice_id, phrase_id or "p-" + "0" * 32),
        **_conversion_requests(target_id or voice_id, track_id or "0" * 20, conversion_id or "c-" + "0" * 32),
    }


def _listener_requests(singer_id: str) -> dict[tuple[str, str], Sequence[Message]]:
    event = feedback.Feedback(kind=feedback.FEEDBACK_KIND_LIKE, singer_id=singer_id, exposure_id="e-" + "0" * 32)
    event.time.seconds = 1_700_000_000
    event.expire_time.seconds = 250_000_000_000
    exclusion = feedback.Exclusion(genre="folk")
    listener = {"listener_id": "somebody"}
    return {
        ("Recommender", "RecordFeedback"): [
            recommender.RecordFeedbackRequest(feedback=[event], request_id="request-1", **listener)
        ],
        ("Recommender", "ListFeedback"): [recommender.ListFeedbackRequest(page_size=2, **listener)],
        ("Recommender", "DeleteFeedback"): [recommender.DeleteFeedbackRequest(feedback_id="f-" + "0" * 32, **listener)],
        ("Recommender", "CreateExclusion"): [recommender.CreateExclusionRequest(exclusion=exclusion, **listener)],
        ("Recommender", "ListExclusions"): [recommender.ListExclusionsRequest(page_size=2, **listener)],
        ("Recommender", "DeleteExclusion"): [
            recommender.DeleteExclusionRequest(exclusion_id="x-" + "0" * 32, **listener)
        ],
        ("Recommender", "DeleteListener"): [recommender.DeleteListenerRequest(**listener)],
    }


def _target_requests(audio: bytes, voice_id: str, phrase_id: str) -> dict[tuple[str, str], Sequence[Message]]:
    header = conversion.CreateVoiceProfileHeader(
        consent=catalogue.Consent(subject="somebody", statement="You may sing with my voice."),
        phrase_id=phrase_id,
        engines=["world-retrieval"],
        request_id="request-1",
    )
    header.expire_time.seconds = 250_000_000_000
    return {
        ("Conversion", "ListEngines"): [conversion.ListEnginesRequest()],
        ("Conversion", "CreateConsentPhrase"): [conversion.CreateConsentPhraseRequest(language="ko")],
        ("Conversion", "CreateVoiceProfile"): [
            conversion.CreateVoiceProfileRequest(header=header),
            conversion.CreateVoiceProfileRequest(recording=voice.Recording(channel=voice.CHANNEL_LEFT)),
            conversion.CreateVoiceProfileRequest(chunk=audio),
            conversion.CreateVoiceProfileRequest(recording=voice.Recording(audio=audio)),
        ],
        ("Conversion", "GetVoiceProfile"): [conversion.GetVoiceProfileRequest(voice_id=voice_id)],
        ("Conversion", "RevokeConsent"): [conversion.RevokeConsentRequest(voice_id="v-" + "0" * 32)],
        ("Conversion", "DeleteVoiceProfile"): [conversion.DeleteVoiceProfileRequest(voice_id="v-" + "0" * 32)],
    }


def _conversion_requests(voice_id: str, track_id: str, conversion_id: str) -> dict[tuple[str, str], Sequence[Message]]:
    order = conversions.CreateConversionRequest(
        voice_id=voice_id,
        track_id=track_id,
        key_shift_semitones=-3,
        request_id="request-1",
        engine="world-retrieval",
        format=conversions.SOUND_FORMAT_FLAC,
        priority=conversions.CONVERSION_PRIORITY_HIGH,
        retrieval_share=0.2,
        protect=0.5,
        seed=7,
        keep_s=3600,
    )
    listed = conversion.ListConversionsRequest(
        page_size=2, voice_id=voice_id, state=conversions.CONVERSION_STATE_CANCELLED
    )
    return {
        ("Conversion", "CreateConversion"): [order],
        ("Conversion", "GetConversion"): [conversion.GetConversionRequest(conversion_id=conversion_id)],
        ("Conversion", "ListConversions"): [listed],
        ("Conversion", "CancelConversion"): [conversion.CancelConversionRequest(conversion_id=conversion_id)],
        ("Conversion", "DeleteConversion"): [conversion.DeleteConversionRequest(conversion_id="c-" + "0" * 32)],
        ("Conversion", "WatchConversion"): [
            conversion.WatchConversionRequest(conversion_id=conversion_id, after_sequence=1)
        ],
        ("Conversion", "DownloadConversion"): [
            conversion.DownloadConversionRequest(conversion_id=conversion_id, offset=1)
        ],
    }


CLIENT_STREAMS = {"UploadEmbed": "Embedding", "IndexTrack": "Embedding", "CreateVoiceProfile": "Conversion"}
"""Methods that read a stream, and their services."""
SERVER_STREAMS = frozenset({"IndexTrack", "WatchConversion", "DownloadConversion"})
