"""mail servers that are left alone, mail found by its kind, and mail whose words are forgotten."""

import sqlalchemy as sa
from alembic import op

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'mail_breaker',
        sa.Column('server', sa.Text(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('words', sa.String(500), nullable=False),
        sa.Column('open_until', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('server', name=op.f('pk_mail_breaker')),
    )
    op.create_index(
        'ix_outgoing_mail_state_kind_due', 'outgoing_mail', ['state', 'kind', 'next_attempt_at']
    )
    op.drop_index('ix_outgoing_mail_state_next_attempt_at', table_name='outgoing_mail')
    op.add_column(
        'outgoing_mail', sa.Column('forgotten_at', sa.DateTime(timezone=True), nullable=True)
    )


def downgrade():
    """Change it back."""
    op.drop_column('outgoing_mail', 'forgotten_at')
    op.create_index(
        'ix_outgoing_mail_state_next_attempt_at', 'outgoing_mail', ['state', 'next_attempt_at']
    )
    op.drop_index('ix_outgoing_mail_state_kind_due', table_name='outgoing_mail')
    op.drop_table('mail_breaker')
