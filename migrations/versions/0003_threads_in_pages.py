"""threads in pages."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    pending = sa.text("state = 'pending'")
    op.drop_index('ix_comment_article_id_state', table_name='comment')
    op.create_index('ix_comment_article_id_state_root_id', 'comment', ['article_id', 'state', 'root_id', 'id'], unique=False)
    op.create_index('ix_comment_reader_hash', 'comment', ['reader_hash'], unique=False, sqlite_where=pending, postgresql_where=pending)


def downgrade():
    """Change it back."""
    op.drop_index('ix_comment_reader_hash', table_name='comment')
    op.drop_index('ix_comment_article_id_state_root_id', table_name='comment')
    op.create_index('ix_comment_article_id_state', 'comment', ['article_id', 'state'], unique=False)
