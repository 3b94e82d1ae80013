"""Create the tables of the conversion service: song files, consents, target voices, conversions, workers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANT = EXECUTOR = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLES = (
    "executors",
    "conversion_news",
    "conversions",
    "target_arrays",
    "consents",
    "consent_phrases",
    "song_files",
)


def upgrade() -> None:
    """Create everything."""
    _create_song_files()
    _create_consents()
    _create_target_arrays()
    _create_conversions()
    _create_news()
    op.create_table(
        "executors",
        sa.Column("executor_id", EXECUTOR, nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name="pk_executors"),
    )


def _create_song_files() -> None:
    op.create_table(
        "song_files",
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("a_cappella", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("content_sha256", name="pk_song_files"),
    )


def _create_consents() -> None:
    op.create_table(
        "consent_phrases",
        sa.Column("phrase_id", sa.String(40), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.Column("expire_time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("phrase_id", name="pk_consent_phrases"),
    )
    op.create_index("ix_consent_phrases_expire_time_us", "consent_phrases", ["expire_time_us"])
    op.create_table(
        "consents",
        sa.Column("voice_id", sa.String(40), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("request_id", sa.String(200)),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("scope", sa.String(20), nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("statement_sha256", sa.String(64), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("phrase", sa.Text, nullable=False),
        sa.Column("read_back_likeness", sa.Float(53)),
        sa.Column("word_error_rate", sa.Float(53)),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("expire_time_us", sa.BigInteger),
        sa.Column("revoke_time_us", sa.BigInteger),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("voice_id", name="pk_consents"),
        sa.UniqueConstraint("tenant", "request_id", name="uq_consents_tenant"),
    )
    op.create_index("ix_consents_expire_time_us", "consents", ["expire_time_us"])


def _create_target_arrays() -> None:
    op.create_table(
        "target_arrays",
        sa.Column("voice_id", sa.String(40), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("engine_version", sa.String(200), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("arrays", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("voice_id", "engine", name="pk_target_arrays"),
        sa.ForeignKeyConstraint(
            ["voice_id"], ["voices.voice_id"], name="fk_target_arrays_voice_id", ondelete="CASCADE"
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Numbers do not shrink, and trying to holds the writers' lock for seconds.
        op.execute("ALTER TABLE target_arrays ALTER COLUMN arrays SET STORAGE EXTERNAL")


def _create_conversions() -> None:
    op.create_table(
        "conversions",
        sa.Column("conversion_number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("conversion_id", sa.String(40), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("request_id", sa.String(200)),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("voice_id", sa.String(40), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("executor_id", sa.String(200), nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.Column("start_time_us", sa.BigInteger),
        sa.Column("end_time_us", sa.BigInteger),
        sa.Column("expire_time_us", sa.BigInteger),
        sa.Column("song", sa.Text),
        *_standing(),
        sa.PrimaryKeyConstraint("conversion_number", name="pk_conversions"),
        sa.UniqueConstraint("conversion_id", name="uq_conversions_conversion_id"),
        sa.UniqueConstraint("tenant", "request_id", name="uq_conversions_tenant"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conversions_voice_id", "conversions", ["voice_id"])
    op.create_index("ix_conversions_content_sha256", "conversions", ["content_sha256"])
    op.create_index("ix_conversions_expire_time_us", "conversions", ["expire_time_us"])
    op.create_index("ix_conversions_state", "conversions", ["state", "tenant"])


def _create_news() -> None:
    op.create_table(
        "conversion_news",
        sa.Column("conversion_number", NUMBER, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        *_standing(),
        sa.PrimaryKeyConstraint("conversion_number", "sequence", name="pk_conversion_news"),
        sa.ForeignKeyConstraint(
            ["conversion_number"],
            ["conversions.conversion_number"],
            name="fk_conversion_news_conversion_number",
            ondelete="CASCADE",
        ),
    )


def _standing() -> list[sa.Column[object]]:
    """Columns that say how a conversion stands, or stood."""
    return [
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("share", sa.Float(53), nullable=False),
        sa.Column("time_left_s", sa.Float(53)),
        sa.Column("fault_reason", sa.String(64)),
        sa.Column("fault_message", sa.Text),
    ]


def downgrade() -> None:
    """Drop everything."""
    for table in TABLES:
        op.drop_table(table)
