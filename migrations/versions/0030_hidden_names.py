"""hidden names."""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('comment', sa.Column('original_name', sa.String(80)))


def downgrade():
    """Change it back; what was typed in hidden names is lost."""
    op.drop_column('comment', 'original_name')
