"""${message}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    """Change the schema."""
    ${upgrades if upgrades else "pass"}


def downgrade():
    """Change it back."""
    ${downgrades if downgrades else "pass"}
