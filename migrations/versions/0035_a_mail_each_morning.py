"""the days whose summary was mailed to the clinic."""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'daily_summary',
        sa.Column('day', sa.Date(), primary_key=True),
        sa.Column('queued_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('mail_id', sa.Integer(), sa.ForeignKey('outgoing_mail.id', ondelete='SET NULL')),
    )
    op.create_index('ix_daily_summary_mail_id', 'daily_summary', ['mail_id'])


def downgrade():
    """Change it back."""
    op.drop_table('daily_summary')
