"""comments by the moment of their decision."""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    only = sa.text('decided_at IS NOT NULL')
    where = {'sqlite_where': only, 'postgresql_where': only}
    op.create_index('ix_comment_decided_at', 'comment', ['decided_at'], **where)


def downgrade():
    """Change it back."""
    op.drop_index('ix_comment_decided_at', 'comment')
