"""threads stand in the order of their comments' times."""

from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.drop_index('ix_comment_article_id_state_root_id', 'comment')
    op.create_index(
        'ix_comment_thread', 'comment', ['article_id', 'state', 'root_id', 'created_at', 'id']
    )


def downgrade():
    """Change it back."""
    op.drop_index('ix_comment_thread', 'comment')
    op.create_index(
        'ix_comment_article_id_state_root_id', 'comment', ['article_id', 'state', 'root_id', 'id']
    )
