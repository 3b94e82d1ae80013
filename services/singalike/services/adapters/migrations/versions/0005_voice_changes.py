"""Count the changes of voices, as those of the catalogue and of listeners are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

counter = sa.table("counter", sa.column("name", sa.String), sa.column("value", sa.BigInteger))


def upgrade() -> None:
    """Begin to count."""
    op.bulk_insert(counter, [{"name": "voices", "value": 0}])


def downgrade() -> None:
    """Count no more."""
    op.execute(sa.delete(counter).where(counter.c.name == "voices"))
