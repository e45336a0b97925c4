"""addresses whose mail came back."""

import sqlalchemy as sa
from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'bounced_address',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('address', sa.String(254), nullable=False),
        sa.Column('soft_bounces', sa.Integer(), nullable=False),
        sa.Column('words', sa.String(500), nullable=False),
        sa.Column('bounced_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_bounced_address')),
        sa.UniqueConstraint('address', name=op.f('uq_bounced_address_address')),
    )


def downgrade():
    """Change it back."""
    op.drop_table('bounced_address')
