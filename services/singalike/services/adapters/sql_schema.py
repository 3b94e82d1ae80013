"""The tables of the catalogue, as they are after the last migration (a test compares the two)."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0005"
"""The last migration; a database that is there already needs no Alembic at open, which saves its import."""

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# Bytewise order on both engines, so that pages come in the same order everywhere.
Id = String(80).with_variant(String(80, collation="C"), "postgresql")
OthersId = String(200).with_variant(String(200, collation="C"), "postgresql")
# SQLite counts only INTEGER primary keys up by itself.
SegmentId = BigInteger().with_variant(Integer, "sqlite")


def _profile_columns() -> list[Column[Any]]:
    vectors = [Column(name, LargeBinary, nullable=False) for name in ("timbre", "style", "melody")]
    return [
        *vectors,
        Column("seconds_per_semitone", LargeBinary, nullable=False),
        Column("measures", Text, nullable=False),
    ]


def _segment_columns() -> list[Column[Any]]:
    return [
        Column("position", Integer, nullable=False),
        Column("start_s", Float(53), nullable=False),
        Column("end_s", Float(53), nullable=False),
        *[Column(name, LargeBinary, nullable=False) for name in ("timbre", "style", "melody")],
    ]


def _standing_columns() -> list[Column[Any]]:
    """How a conversion stands, or stood."""
    return [
        Column("state", String(10), nullable=False),
        Column("stage", String(20), nullable=False),
        Column("share", Float(53), nullable=False),
        Column("time_left_s", Float(53)),
        Column("fault_reason", String(64)),
        Column("fault_message", Text),
    ]


counter = Table(
    "counter",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Rows "revision" (of the catalogue), "feedback" (of listeners) and "voices": bumped inside every transaction that
changes these, so that revisions commit in order. What else is written, as how far conversions are, counts nowhere."""

models = Table(
    "models",
    metadata,
    Column("model_version", String(200), primary_key=True),
    Column("timbre_dim", Integer, nullable=False),
    Column("style_dim", Integer, nullable=False),
    Column("melody_dim", Integer, nullable=False),
)

singers = Table(
    "singers",
    metadata,
    Column("singer_id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False),
    Column("voice_gender", String(10)),
    Column("create_time_us", BigInteger, nullable=False),
)

tracks = Table(
    "tracks",
    metadata,
    Column("track_id", Id, primary_key=True),
    Column("singer_id", Id, ForeignKey("singers.singer_id"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("folded_title", Text, nullable=False),
    Column("genre", Text),
    Column("language", Text),
    Column("isrc", Text),
    Column("voice_gender", String(10)),
    Column("content_sha256", String(64), nullable=False),
    Column("duration_s", Float(53), nullable=False),
    Column("separator", String(40), nullable=False),
    Column("model_version", String(200), ForeignKey("models.model_version"), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    *_profile_columns(),
)

segments = Table(
    "segments",
    metadata,
    Column("segment_id", SegmentId, primary_key=True, autoincrement=True),
    Column("track_id", Id, ForeignKey("tracks.track_id", ondelete="CASCADE"), nullable=False, index=True),
    *_segment_columns(),
    Column("model_version", String(200), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("ix_segments_model_version_revision", "model_version", "revision", "segment_id"),
    sqlite_autoincrement=True,  # an id that was deleted must never come back as another segment
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("segment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("model_version", String(200), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("ix_tombstones_model_version_revision", "model_version", "revision"),
)
"""Segments that are no more, by number only."""

voices = Table(
    "voices",
    metadata,
    Column("voice_id", String(40), primary_key=True),
    Column("request_id", String(200), unique=True),
    Column("model_version", String(200), ForeignKey("models.model_version"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("consent_time_us", BigInteger, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    *_profile_columns(),
)

voice_segments = Table(
    "voice_segments",
    metadata,
    Column("voice_id", String(40), ForeignKey("voices.voice_id", ondelete="CASCADE"), primary_key=True),
    *[
        Column(column.name, column.type, nullable=False, primary_key=column.name == "position")
        for column in _segment_columns()
    ],
)

listeners = Table(
    "listeners",
    metadata,
    Column("listener_id", OthersId, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
"""The counter "feedback" as it was after the last change of each listener's events or exclusions."""

feedback_requests = Table(
    "feedback_requests",
    metadata,
    Column("request_number", SegmentId, primary_key=True, autoincrement=True),
    Column("listener_id", OthersId, nullable=False),
    Column("request_id", String(200), nullable=False),
    Column("content", String(64), nullable=False),
    Column("create_time_us", BigInteger, nullable=False, index=True),
    UniqueConstraint("listener_id", "request_id"),
)

# No foreign keys to tracks and singers: what a listener hid stays hidden when the same comes back.
feedback = Table(
    "feedback",
    metadata,
    Column("feedback_number", SegmentId, primary_key=True, autoincrement=True),
    Column("feedback_id", String(40), nullable=False, unique=True),
    Column("listener_id", OthersId, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("track_id", OthersId, nullable=False),
    Column("singer_id", OthersId, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("expire_time_us", BigInteger, index=True),
    Column("exposure_id", String(200), nullable=False),
    Column("request_number", BigInteger, index=True),
    Index("ix_feedback_listener_id", "listener_id", "time_us", "feedback_number"),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("exclusion_id", String(40), primary_key=True),
    Column("listener_id", OthersId, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("value", String(200), nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    UniqueConstraint("listener_id", "kind", "value"),
)

exposures = Table(
    "exposures",
    metadata,
    Column("exposure_id", String(40), primary_key=True),
    Column("listener_id", OthersId, nullable=False, index=True),
    Column("time_us", BigInteger, nullable=False),
    Column("ranks", String(10), nullable=False),
    Column("preset", Text, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("teams", Text, nullable=False),
    Index("ix_exposures_time_us", "time_us", "exposure_id"),
)

song_files = Table(
    "song_files",
    metadata,
    Column("content_sha256", String(64), primary_key=True),
    Column("path", Text, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("a_cappella", Integer, nullable=False),
)
"""Where the sound of tracks lies; a row goes with its track."""

consent_phrases = Table(
    "consent_phrases",
    metadata,
    Column("phrase_id", String(40), primary_key=True),
    Column("tenant", OthersId, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(10), nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    Column("expire_time_us", BigInteger, nullable=False, index=True),
)

# No foreign key to voices: the record outlives what was learnt when the consent is revoked.
consents = Table(
    "consents",
    metadata,
    Column("voice_id", String(40), primary_key=True),
    Column("tenant", OthersId, nullable=False),
    Column("request_id", String(200)),
    Column("content", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("scope", String(20), nullable=False),
    Column("statement", Text, nullable=False),
    Column("statement_sha256", String(64), nullable=False),
    Column("method", String(20), nullable=False),
    Column("phrase", Text, nullable=False),
    Column("read_back_likeness", Float(53)),
    Column("word_error_rate", Float(53)),
    Column("time_us", BigInteger, nullable=False),
    Column("expire_time_us", BigInteger, index=True),
    Column("revoke_time_us", BigInteger),
    Column("create_time_us", BigInteger, nullable=False),
    UniqueConstraint("tenant", "request_id"),
)
"""One for each voice that songs may be sung with."""

target_arrays = Table(
    "target_arrays",
    metadata,
    Column("voice_id", String(40), ForeignKey("voices.voice_id", ondelete="CASCADE"), primary_key=True),
    Column("engine", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("engine_version", String(200), nullable=False),
    Column("facts", Text, nullable=False),
    Column("arrays", LargeBinary, nullable=False),
    Column("sha256", String(64)),
)
"""What each engine learnt of a voice, as safetensors; rows of before the digest have none."""

# No foreign keys to voices and tracks: what is done stays when a track goes, and `erase_voice` takes what is a voice's.
conversions = Table(
    "conversions",
    metadata,
    Column("conversion_number", SegmentId, primary_key=True, autoincrement=True),
    Column("conversion_id", String(40), nullable=False, unique=True),
    Column("tenant", OthersId, nullable=False),
    Column("request_id", String(200)),
    Column("content", String(64), nullable=False),
    Column("voice_id", String(40), nullable=False, index=True),
    Column("content_sha256", String(64), nullable=False, index=True),
    Column("wish", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("executor_id", String(200), nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    Column("start_time_us", BigInteger),
    Column("end_time_us", BigInteger),
    Column("expire_time_us", BigInteger, index=True),
    Column("song", Text),
    *_standing_columns(),
    UniqueConstraint("tenant", "request_id"),
    Index("ix_conversions_state", "state", "tenant"),
    sqlite_autoincrement=True,  # the list goes by number, and a page token must not meet another conversion under it
)

conversion_news = Table(
    "conversion_news",
    metadata,
    Column(
        "conversion_number",
        SegmentId,
        ForeignKey("conversions.conversion_number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("time_us", BigInteger, nullable=False),
    *_standing_columns(),
)

executors = Table(
    "executors",
    metadata,
    Column("executor_id", OthersId, primary_key=True),
    Column("beats", BigInteger, nullable=False),
)
"""How often each worker has said that it lives: counts, because clocks of two machines differ."""
