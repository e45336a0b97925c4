"""rejections remembered."""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('trusted_reader', sa.Column('rejected_at', sa.DateTime(timezone=True)))


def downgrade():
    """Change it back."""
    op.drop_column('trusted_reader', 'rejected_at')
