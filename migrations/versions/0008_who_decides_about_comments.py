"""who decides about comments, and how they came."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_ARTICLE = sa.table(
    'article', sa.column('comments', sa.String), sa.column('comments_open', sa.Boolean)
)


def upgrade():
    """Change the schema."""
    op.add_column(
        'article', sa.Column('comments', sa.String(10), nullable=False, server_default='open')
    )
    closed = sa.update(_ARTICLE).where(sa.not_(_ARTICLE.c.comments_open)).values(comments='closed')
    op.execute(closed)
    op.drop_column('article', 'comments_open')
    op.create_table(
        'comment_trace',
        sa.Column('comment_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('client_hash', sa.String(32), nullable=False),
        sa.Column('reader_hash', sa.String(64), nullable=False),
        sa.Column('words_hash', sa.String(32), nullable=False),
        sa.Column('sketch', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['comment_id'],
            ['comment.id'],
            name=op.f('fk_comment_trace_comment_id_comment'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_comment_trace')),
    )
    op.create_index('ix_comment_trace_client_hash', 'comment_trace', ['client_hash', 'at'])
    op.create_index('ix_comment_trace_reader_hash', 'comment_trace', ['reader_hash'])
    op.create_index('ix_comment_trace_words_hash', 'comment_trace', ['words_hash'])


def downgrade():
    """Change it back."""
    op.drop_table('comment_trace')
    op.add_column(
        'article',
        sa.Column('comments_open', sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    closed = sa.update(_ARTICLE).where(_ARTICLE.c.comments == 'closed').values(comments_open=False)
    op.execute(closed)
    op.drop_column('article', 'comments')
