"""imported comments, whose source may be HTML."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    source_format = sa.Column(
        'source_format', sa.String(10), nullable=False, server_default='markdown'
    )
    op.add_column('comment', source_format)


def downgrade():
    """Change it back; what is HTML stays as it was rendered, until its policy changes."""
    op.drop_column('comment', 'source_format')
