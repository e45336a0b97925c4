"""hidden names."""

from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    # Both databases add it like this without rewriting the table, which Alembic would on SQLite.
    op.execute('ALTER TABLE comment ADD COLUMN original_name VARCHAR(80)')


def downgrade():
    """Change it back."""
    op.drop_column('comment', 'original_name')
