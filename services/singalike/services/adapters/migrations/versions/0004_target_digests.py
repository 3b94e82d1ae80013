"""Keep a digest of what engines learnt of a voice."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of voices that are there nobody knows whether they are as they were."""
    op.add_column("target_arrays", sa.Column("sha256", sa.String(64)))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("target_arrays", "sha256")
