"""Create the tables of the first release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")
SEGMENT_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MODEL_VERSION = sa.String(200)


def _profile() -> list[sa.Column[Any]]:
    return [
        *[sa.Column(name, sa.LargeBinary, nullable=False) for name in ("timbre", "style", "melody")],
        sa.Column("seconds_per_semitone", sa.LargeBinary, nullable=False),
        sa.Column("measures", sa.Text, nullable=False),
    ]


def _segment() -> list[sa.Column[Any]]:
    return [
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("start_s", sa.Float(53), nullable=False),
        sa.Column("end_s", sa.Float(53), nullable=False),
        *[sa.Column(name, sa.LargeBinary, nullable=False) for name in ("timbre", "style", "melody")],
    ]


def upgrade() -> None:
    """Create everything."""
    _create_bookkeeping()
    _create_catalogue()
    _create_voices()


def _create_bookkeeping() -> None:
    counter = op.create_table(
        "counter",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.bulk_insert(counter, [{"name": "revision", "value": 0}])
    op.create_table(
        "models",
        sa.Column("model_version", MODEL_VERSION, nullable=False),
        sa.Column("timbre_dim", sa.Integer, nullable=False),
        sa.Column("style_dim", sa.Integer, nullable=False),
        sa.Column("melody_dim", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("model_version", name="pk_models"),
    )
    op.create_table(
        "tombstones",
        sa.Column("segment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("model_version", MODEL_VERSION, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_model_version_revision", "tombstones", ["model_version", "revision"])


def _create_catalogue() -> None:
    op.create_table(
        "singers",
        sa.Column("singer_id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
        sa.Column("voice_gender", sa.String(10)),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("singer_id", name="pk_singers"),
    )
    op.create_table(
        "tracks",
        sa.Column("track_id", IDENTIFIER, nullable=False),
        sa.Column("singer_id", IDENTIFIER, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("folded_title", sa.Text, nullable=False),
        *[sa.Column(name, sa.Text) for name in ("genre", "language", "isrc")],
        sa.Column("voice_gender", sa.String(10)),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("duration_s", sa.Float(53), nullable=False),
        sa.Column("separator", sa.String(40), nullable=False),
        sa.Column("model_version", MODEL_VERSION, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        *_profile(),
        sa.PrimaryKeyConstraint("track_id", name="pk_tracks"),
        sa.ForeignKeyConstraint(["singer_id"], ["singers.singer_id"], name="fk_tracks_singer_id"),
        sa.ForeignKeyConstraint(["model_version"], ["models.model_version"], name="fk_tracks_model_version"),
    )
    op.create_index("ix_tracks_singer_id", "tracks", ["singer_id"])
    op.create_table(
        "segments",
        sa.Column("segment_id", SEGMENT_ID, nullable=False, autoincrement=True),
        sa.Column("track_id", IDENTIFIER, nullable=False),
        *_segment(),
        sa.Column("model_version", MODEL_VERSION, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", name="pk_segments"),
        sa.ForeignKeyConstraint(["track_id"], ["tracks.track_id"], name="fk_segments_track_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segments_track_id", "segments", ["track_id"])
    op.create_index("ix_segments_model_version_revision", "segments", ["model_version", "revision", "segment_id"])


def _create_voices() -> None:
    op.create_table(
        "voices",
        sa.Column("voice_id", sa.String(40), nullable=False),
        sa.Column("request_id", sa.String(200)),
        sa.Column("model_version", MODEL_VERSION, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("consent_time_us", sa.BigInteger, nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        *_profile(),
        sa.PrimaryKeyConstraint("voice_id", name="pk_voices"),
        sa.UniqueConstraint("request_id", name="uq_voices_request_id"),
        sa.ForeignKeyConstraint(["model_version"], ["models.model_version"], name="fk_voices_model_version"),
    )
    op.create_table(
        "voice_segments",
        sa.Column("voice_id", sa.String(40), nullable=False),
        *_segment(),
        sa.PrimaryKeyConstraint("voice_id", "position", name="pk_voice_segments"),
        sa.ForeignKeyConstraint(
            ["voice_id"], ["voices.voice_id"], name="fk_voice_segments_voice_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in ("voice_segments", "voices", "segments", "tracks", "singers", "tombstones", "models", "counter"):
        op.drop_table(table)
