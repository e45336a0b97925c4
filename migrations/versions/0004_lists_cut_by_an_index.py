"""lists that are cut into pages by an index."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_LINKS = (('article_author', 'author_id'), ('article_topic', 'slug'))


def upgrade():
    """Change the schema."""
    op.drop_index('ix_article_published_at', 'article')
    op.drop_index('ix_article_status_published_at', 'article')
    op.create_index(
        'ix_article_newest',
        'article',
        ['status', sa.text('published_at DESC'), 'id', 'expires_at'],
    )
    for table, owner in _LINKS:
        for column in ('public_from', 'public_until'):
            op.add_column(table, sa.Column(column, sa.DateTime(timezone=True)))
        op.execute(f"""
            UPDATE {table} SET
                public_from = (
                    SELECT published_at FROM article WHERE id = article_id AND status = 'published'
                ),
                public_until = (SELECT expires_at FROM article WHERE id = article_id)
        """)
        op.drop_index(f'ix_{table}_{owner}', table)
        op.create_index(
            f'ix_{table}_newest',
            table,
            [owner, sa.text('public_from DESC'), 'article_id', 'public_until'],
        )


def downgrade():
    """Change it back."""
    for table, owner in _LINKS:
        op.drop_index(f'ix_{table}_newest', table)
        op.create_index(f'ix_{table}_{owner}', table, [owner])
        for column in ('public_from', 'public_until'):
            op.drop_column(table, column)
    op.drop_index('ix_article_newest', 'article')
    op.create_index('ix_article_status_published_at', 'article', ['status', 'published_at'])
    op.create_index('ix_article_published_at', 'article', ['published_at'])
