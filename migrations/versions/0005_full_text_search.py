"""full-text search; `blog db upgrade` indexes what is there."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table('search_entry',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.String(length=100), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_search_entry_article_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_search_entry')),
    sa.UniqueConstraint('article_id', name=op.f('uq_search_entry_article_id'))
    )
    op.create_table('search_spelling',
    sa.Column('spelling', sa.String(length=40), nullable=False),
    sa.Column('chars', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('word', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('spelling', 'chars', 'word', name=op.f('pk_search_spelling')),
    sqlite_with_rowid=False
    )
    op.create_index('ix_article_is_public', 'article', ['id', 'status', 'published_at', 'expires_at'])
    if op.get_bind().dialect.name == 'sqlite':
        # The words come folded and apart; this tokenizer leaves all others as they are.
        op.execute("""
            CREATE VIRTUAL TABLE search_index
            USING fts5(title, topics, summary, authors, text, tokenize="ascii tokenchars '_'")
        """)
    else:
        op.execute('CREATE TABLE search_index (rowid integer PRIMARY KEY, head tsvector, words tsvector)')
        op.execute('CREATE INDEX search_index_words ON search_index USING gin (words)')
    op.drop_column('article', 'folded')


def downgrade():
    """Change it back."""
    op.add_column('article', sa.Column('folded', sa.Text(), nullable=False, server_default=''))
    op.drop_table('search_index')
    op.drop_index('ix_article_is_public', 'article')
    op.drop_table('search_spelling')
    op.drop_table('search_entry')
