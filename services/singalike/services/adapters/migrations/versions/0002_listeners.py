"""Create the tables about listeners: what they did, what they never want to see, what they were shown."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create everything, and a counter of changes."""
    counter = sa.table("counter", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counter, [{"name": "feedback", "value": 0}])
    op.create_table(
        "listeners",
        sa.Column("listener_id", IDENTIFIER, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("listener_id", name="pk_listeners"),
    )
    _create_feedback()
    _create_exclusions()
    _create_exposures()


def _create_feedback() -> None:
    op.create_table(
        "feedback_requests",
        sa.Column("request_number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("listener_id", IDENTIFIER, nullable=False),
        sa.Column("request_id", sa.String(200), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("request_number", name="pk_feedback_requests"),
        sa.UniqueConstraint("listener_id", "request_id", name="uq_feedback_requests_listener_id"),
    )
    op.create_index("ix_feedback_requests_create_time_us", "feedback_requests", ["create_time_us"])
    op.create_table(
        "feedback",
        sa.Column("feedback_number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("feedback_id", sa.String(40), nullable=False),
        sa.Column("listener_id", IDENTIFIER, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("track_id", IDENTIFIER, nullable=False),
        sa.Column("singer_id", IDENTIFIER, nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("expire_time_us", sa.BigInteger),
        sa.Column("exposure_id", sa.String(200), nullable=False),
        sa.Column("request_number", sa.BigInteger),
        sa.PrimaryKeyConstraint("feedback_number", name="pk_feedback"),
        sa.UniqueConstraint("feedback_id", name="uq_feedback_feedback_id"),
    )
    op.create_index("ix_feedback_listener_id", "feedback", ["listener_id", "time_us", "feedback_number"])
    op.create_index("ix_feedback_expire_time_us", "feedback", ["expire_time_us"])
    op.create_index("ix_feedback_request_number", "feedback", ["request_number"])


def _create_exclusions() -> None:
    op.create_table(
        "exclusions",
        sa.Column("exclusion_id", sa.String(40), nullable=False),
        sa.Column("listener_id", IDENTIFIER, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("create_time_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("exclusion_id", name="pk_exclusions"),
        sa.UniqueConstraint("listener_id", "kind", "value", name="uq_exclusions_listener_id"),
    )


def _create_exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("exposure_id", sa.String(40), nullable=False),
        sa.Column("listener_id", IDENTIFIER, nullable=False),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("ranks", sa.String(10), nullable=False),
        sa.Column("preset", sa.Text, nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("teams", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("exposure_id", name="pk_exposures"),
    )
    op.create_index("ix_exposures_listener_id", "exposures", ["listener_id"])
    op.create_index("ix_exposures_time_us", "exposures", ["time_us", "exposure_id"])


def downgrade() -> None:
    """Drop everything."""
    for table in ("exposures", "exclusions", "feedback", "feedback_requests", "listeners"):
        op.drop_table(table)
    op.execute("DELETE FROM counter WHERE name = 'feedback'")
