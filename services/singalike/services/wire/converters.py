"""Records and suggestions to messages, and requests to what the use cases take."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from singalike.client.converters import GENDER_BY_WORD, WORD_BY_GENDER
from singalike.client.profile_converters import summary_to_message
from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.identification import Identification
from singalike.recsys.suggestions import Moment, SingerSuggestion, SongSuggestion, VoiceSummary
from singalike.services.ports import EarInfo
from singalike.services.recommender.identify import IdentifyOptions
from singalike.services.recommender.singer_map import MapPoint
from singalike.services.records import Singer, StoredVoice, Track, TrackInfo
from singalike.services.wire.explanation_converters import write_evidence, write_likeness
from singalike.services.wire.song_converters import write_conversion, write_held_note, write_singability
from singalike.v1 import catalogue_pb2, recommender_service_pb2, suggestions_pb2, voice_pb2

CHANNEL_WORDS = {voice_pb2.CHANNEL_LEFT: "left", voice_pb2.CHANNEL_RIGHT: "right"}


def channel_word(recording: voice_pb2.Recording) -> str:
    """Read which channel is heard."""
    return CHANNEL_WORDS.get(recording.channel, "mix")


def is_a_cappella(recording: voice_pb2.Recording, *, default: bool) -> bool:
    """Read whether a voice is alone, or what the method takes it for."""
    if recording.content == voice_pb2.CONTENT_UNSPECIFIED:
        return default
    return recording.content == voice_pb2.CONTENT_A_CAPPELLA


def write_time(time: datetime) -> Timestamp:
    """Write a moment; without a zone it is UTC."""
    message = Timestamp()
    message.FromDatetime(time if time.tzinfo is None else time.astimezone(UTC))
    return message


def write_singer(singer: Singer) -> catalogue_pb2.Singer:
    """Write a singer."""
    return catalogue_pb2.Singer(
        singer_id=singer.singer_id,
        name=singer.name,
        voice_gender=GENDER_BY_WORD[singer.voice_gender],
        track_count=singer.track_count,
        create_time=write_time(singer.create_time),
    )


def write_track(track: Track) -> catalogue_pb2.Track:
    """Write a track."""
    info = track.info
    return catalogue_pb2.Track(
        track_id=track.track_id,
        singer_id=track.singer_id,
        info=catalogue_pb2.TrackInfo(
            singer=info.singer,
            title=info.title,
            genre=info.genre or "",
            language=info.language or "",
            isrc=info.isrc or "",
            voice_gender=GENDER_BY_WORD[info.voice_gender],
        ),
        content_sha256=track.content_sha256,
        duration_s=track.duration_s,
        separator=track.separator,
        model_version=track.model_version,
        create_time=write_time(track.create_time),
    )


def read_info(message: catalogue_pb2.TrackInfo) -> TrackInfo:
    """Read what the owner says of a recording."""
    return TrackInfo(
        singer=message.singer.strip(),
        title=message.title.strip(),
        genre=message.genre or None,
        language=message.language or None,
        isrc=message.isrc or None,
        voice_gender=WORD_BY_GENDER[message.voice_gender],
    )


def write_voice(voice: StoredVoice) -> catalogue_pb2.Voice:
    """Write an enrolled voice: neither its vectors nor who agreed leave the house."""
    return catalogue_pb2.Voice(
        voice_id=voice.voice_id,
        summary=summary_to_message(summary_of(voice.profile)),
        model_version=voice.profile.model_version,
        create_time=write_time(voice.create_time),
    )


def summary_of(profile: VoiceProfile) -> VoiceSummary:
    """Sum up a profile without its vectors."""
    return VoiceSummary.of(profile)


def write_model(ear: EarInfo) -> voice_pb2.Model:
    """Write which ear listens."""
    return voice_pb2.Model(
        model_version=ear.model_version,
        timbre_dim=ear.timbre_dim,
        style_dim=ear.style_dim,
        melody_dim=ear.melody_dim,
        device=ear.device,
    )


def write_moment(moment: Moment) -> suggestions_pb2.Moment:
    """Write a pair of moments."""
    return suggestions_pb2.Moment(
        track_id=moment.track_id,
        voice_start_s=moment.voice_start_s,
        voice_end_s=moment.voice_end_s,
        track_start_s=moment.track_start_s,
        track_end_s=moment.track_end_s,
        similarity=moment.similarity,
    )


def write_singer_suggestion(singer: SingerSuggestion) -> suggestions_pb2.SingerSuggestion:
    """Write a suggested singer."""
    return suggestions_pb2.SingerSuggestion(
        singer_id=singer.singer_id,
        name=singer.name,
        score=singer.score,
        signals=singer.signals,
        moments=[write_moment(moment) for moment in singer.moments],
        likeness=write_likeness(singer.likeness),
        reason=singer.reason,
        evidence=write_evidence(singer.evidence),
    )


def write_song_suggestion(song: SongSuggestion) -> suggestions_pb2.SongSuggestion:
    """Write a suggested song."""
    return suggestions_pb2.SongSuggestion(
        track_id=song.track_id,
        title=song.title,
        singer_id=song.singer_id,
        singer_name=song.singer_name,
        score=song.score,
        signals=song.signals,
        key_shift_semitones=song.key_shift_semitones,
        in_range_before=song.in_range_before,
        in_range_after=song.in_range_after,
        moments=[write_moment(moment) for moment in song.moments],
        key_shift_confidence=song.key_shift_confidence,
        highest_note_midi=song.highest_note_midi,
        longest_note=write_held_note(song.longest_note),
        singability=write_singability(song.singability),
        reason=song.reason,
        evidence=write_evidence(song.evidence),
        conversion=write_conversion(song.conversion),
    )


def read_identify_options(message: recommender_service_pb2.IdentifySingerRequest) -> IdentifyOptions:
    """Read how a singer is identified, filling in what was left out."""
    default = IdentifyOptions()
    prior = message.prior_of_none if message.HasField("prior_of_none") else default.prior_of_none
    return IdentifyOptions(message.k or default.k, prior)


def write_identification(found: Identification) -> recommender_service_pb2.IdentifySingerResponse:
    """Write who a voice may be."""
    return recommender_service_pb2.IdentifySingerResponse(
        singers=[
            suggestions_pb2.SingerProbability(singer_id=one.singer_id, name=one.name, probability=one.probability)
            for one in found.singers
        ],
        probability_of_none=found.probability_of_none,
        named_probability=found.named_probability,
        entropy_nats=found.entropy_nats,
        singer_count=found.singer_count,
        catalogue_revision=found.catalogue_revision,
        voice=summary_to_message(found.voice),
        notes=found.notes,
    )


def write_map_point(point: MapPoint) -> catalogue_pb2.MapPoint:
    """Write a singer's place on the map."""
    low, high = point.tessitura_midi or (None, None)
    return catalogue_pb2.MapPoint(
        singer_id=point.singer_id,
        name=point.name,
        x=point.x,
        y=point.y,
        label=point.label or "",
        track_count=point.track_count,
        female_probability=point.female_probability,
        tessitura_low_midi=low,
        tessitura_high_midi=high,
    )
