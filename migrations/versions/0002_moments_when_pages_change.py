"""moments at which pages change by themselves."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_ARTICLE = sa.table(
    'article',
    sa.column('id', sa.String),
    sa.column('comments_open', sa.Boolean),
    sa.column('comments_close_after_days', sa.Integer),
    sa.column('published_at', sa.DateTime(timezone=True)),
    sa.column('comments_close_at', sa.DateTime(timezone=True)),
)


def upgrade():
    """Change the schema."""
    op.add_column('article', sa.Column('comments_close_at', sa.DateTime(timezone=True)))
    _fill()
    for column in ('published_at', 'expires_at', 'comments_close_at'):
        op.create_index(f'ix_article_status_{column}', 'article', ['status', column])


def _fill():
    connection, row = op.get_bind(), _ARTICLE.c
    closing = sa.select(row.id, row.published_at, row.comments_close_after_days).where(
        row.comments_open, row.comments_close_after_days.is_not(None), row.published_at.is_not(None)
    )
    for article_id, published_at, days in connection.execute(closing).all():
        try:
            close_at = published_at + timedelta(days=days)
        except OverflowError:
            continue
        connection.execute(
            sa.update(_ARTICLE).where(row.id == article_id).values(comments_close_at=close_at)
        )


def downgrade():
    """Change it back."""
    for column in ('published_at', 'expires_at', 'comments_close_at'):
        op.drop_index(f'ix_article_status_{column}', 'article')
    op.drop_column('article', 'comments_close_at')
