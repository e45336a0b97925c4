"""keys under which programs sent something, so that it is done once."""

import sqlalchemy as sa
from alembic import op

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'sent_key',
        sa.Column('key_hash', sa.String(32), nullable=False),
        sa.Column('sent_hash', sa.String(32), nullable=False),
        sa.Column('made', sa.String(40), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_sent_key')),
    )
    op.create_index('ix_sent_key_created_at', 'sent_key', ['created_at'])


def downgrade():
    """Change it back."""
    op.drop_table('sent_key')
