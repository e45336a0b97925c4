"""accounts that were removed."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column(
        'user_account', sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True)
    )


def downgrade():
    """Change it back."""
    op.drop_column('user_account', 'removed_at')
