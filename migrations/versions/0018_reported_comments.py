"""what readers report about comments."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

_OPEN = sa.text('settled_at IS NULL')


def upgrade():
    """Change the schema."""
    op.create_table(
        'comment_report',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('comment_id', sa.Integer(), nullable=False),
        sa.Column('reason', sa.String(10), nullable=False),
        sa.Column('details', sa.String(500), nullable=False),
        sa.Column('client_hash', sa.String(32), nullable=True),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['comment_id'],
            ['comment.id'],
            name=op.f('fk_comment_report_comment_id_comment'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_comment_report')),
    )
    op.create_index(
        'ix_comment_report_open',
        'comment_report',
        ['comment_id'],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        'ix_comment_report_comment_id_client_hash',
        'comment_report',
        ['comment_id', 'client_hash'],
        unique=True,
    )
    op.create_index('ix_comment_report_at', 'comment_report', ['at'])


def downgrade():
    """Change it back."""
    op.drop_table('comment_report')
