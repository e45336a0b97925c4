"""programs that are told of what happens."""

import sqlalchemy as sa
from alembic import op

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade():
    """Change the schema."""
    op.create_table(
        'webhook',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('label', sa.String(100), nullable=False),
        sa.Column('url', sa.String(500), nullable=False),
        sa.Column('events', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(20), nullable=False),
        sa.Column('off_because', sa.String(500), nullable=True),
        sa.Column('warned_at', TIME, nullable=True),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('since', TIME, nullable=False),
        sa.Column('seed', sa.String(60), nullable=False),
        sa.Column('former_seed', sa.String(60), nullable=True),
        sa.Column('former_until', TIME, nullable=True),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', TIME, nullable=True),
        sa.Column('rest_until', TIME, nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook')),
        sqlite_autoincrement=True,
    )
    op.create_table(
        'webhook_delivery',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('webhook_id', sa.Integer(), nullable=False),
        sa.Column('message_id', sa.String(40), nullable=False),
        sa.Column('event', sa.String(40), nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('state', sa.String(20), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('next_attempt_at', TIME, nullable=False),
        sa.Column('claimed_by', sa.String(100), nullable=True),
        sa.Column('tried_at', TIME, nullable=True),
        sa.Column('status', sa.Integer(), nullable=True),
        sa.Column('answer', sa.String(500), nullable=True),
        sa.ForeignKeyConstraint(
            ['webhook_id'],
            ['webhook.id'],
            name=op.f('fk_webhook_delivery_webhook_id_webhook'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery')),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ('due', ['webhook_id', 'state', 'next_attempt_at']),
        ('webhook_id_id', ['webhook_id', 'id']),
        ('created_at', ['created_at']),
    ):
        op.create_index(f'ix_webhook_delivery_{name}', 'webhook_delivery', columns)
    op.create_table(
        'webhook_progress',
        sa.Column('stream', sa.String(40), nullable=False),
        sa.Column('told_up_to', sa.Integer(), nullable=False),
        sa.Column('at', TIME, nullable=False),
        sa.PrimaryKeyConstraint('stream', name=op.f('pk_webhook_progress')),
    )


def downgrade():
    """Change it back."""
    op.drop_table('webhook_progress')
    op.drop_table('webhook_delivery')
    op.drop_table('webhook')
