"""following comments: who wants to be told of replies, who never, and what was told."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_NEWS = sa.text("told_at IS NULL AND root_id IS NOT NULL AND state = 'approved'")


def upgrade():
    """Change the schema."""
    # Both databases add it like this without rewriting the table, which Alembic would on SQLite.
    kind = 'DATETIME' if op.get_bind().dialect.name == 'sqlite' else 'TIMESTAMP WITH TIME ZONE'
    op.execute(f'ALTER TABLE comment ADD COLUMN told_at {kind}')
    # Nobody wanted to be told of what is there already.
    op.execute('UPDATE comment SET told_at = created_at WHERE root_id IS NOT NULL')
    op.create_index(
        'ix_comment_untold',
        'comment',
        ['state', 'told_at', 'root_id'],
        sqlite_where=_NEWS,
        postgresql_where=_NEWS,
    )
    op.add_column('outgoing_mail', sa.Column('thread_id', sa.String(300), nullable=True))
    op.add_column('outgoing_mail', sa.Column('unsubscribe_url', sa.String(900), nullable=True))
    op.create_table(
        'comment_following',
        sa.Column('comment_id', sa.Integer(), nullable=False),
        sa.Column('wanted_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('mail_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['comment_id'], ['comment.id'], name=op.f('fk_comment_following_comment_id_comment')
        ),
        sa.ForeignKeyConstraint(
            ['mail_id'],
            ['outgoing_mail.id'],
            name=op.f('fk_comment_following_mail_id_outgoing_mail'),
            ondelete='SET NULL',
        ),
        sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_comment_following')),
    )
    op.create_index('ix_comment_following_confirmed_at', 'comment_following', ['confirmed_at'])
    op.create_index('ix_comment_following_mail_id', 'comment_following', ['mail_id'])
    op.create_table(
        'unwanted_mail',
        sa.Column('address_hash', sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint('address_hash', name=op.f('pk_unwanted_mail')),
    )


def downgrade():
    """Change it back."""
    op.drop_table('unwanted_mail')
    op.drop_table('comment_following')
    op.drop_column('outgoing_mail', 'unsubscribe_url')
    op.drop_column('outgoing_mail', 'thread_id')
    op.drop_index('ix_comment_untold', table_name='comment')
    op.drop_column('comment', 'told_at')
