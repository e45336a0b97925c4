"""what moderators look for: words of comments, their times, and what was decided about them."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_COMMENT = sa.table(
    'comment',
    sa.column('id', sa.Integer),
    sa.column('name', sa.String),
    sa.column('email', sa.String),
    sa.column('source', sa.Text),
)
_BATCH = 1000


def upgrade():
    """Change the schema."""
    op.create_index('ix_comment_created_at', 'comment', ['created_at', 'id'])
    op.create_index('ix_journal_line_thing_thing_id', 'journal_line', ['thing', 'thing_id'])
    if op.get_bind().dialect.name == 'sqlite':
        # The words come folded and apart; who holds them is all that is asked.
        op.execute("""
            CREATE VIRTUAL TABLE search_index_comment
            USING fts5(words, tokenize="ascii tokenchars '_'", detail=none, columnsize=0)
        """)
        _index_all()
    else:
        op.execute(
            'CREATE TABLE search_index_comment (rowid integer PRIMARY KEY, words tsvector)'
        )
        _index_all()
        op.execute(
            'CREATE INDEX search_index_comment_words ON search_index_comment USING gin (words)'
        )


def _index_all():
    # Folding words takes the program's own tables; without comments nothing of it is needed.
    from blog.comments import fulltext

    connection, last = op.get_bind(), 0
    query = sa.select(_COMMENT).order_by(_COMMENT.c.id).limit(_BATCH)
    while batch := connection.execute(query.where(_COMMENT.c.id > last)).all():
        fulltext.put(connection, (tuple(row) for row in batch))
        last = batch[-1].id


def downgrade():
    """Change it back."""
    op.drop_table('search_index_comment')
    op.drop_index('ix_journal_line_thing_thing_id', 'journal_line')
    op.drop_index('ix_comment_created_at', 'comment')
