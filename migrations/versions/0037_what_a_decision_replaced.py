"""what a decision replaced, for its undo."""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('journal_line', sa.Column('was_at', sa.DateTime(timezone=True), nullable=True))
    # Both databases add it like this without rewriting the table, which Alembic would on SQLite.
    op.execute(
        'ALTER TABLE journal_line ADD COLUMN was_by_id INTEGER'
        ' CONSTRAINT fk_journal_line_was_by_id_user_account REFERENCES user_account (id)'
    )
    op.add_column('journal_line', sa.Column('was_taught', sa.Boolean(), nullable=True))


def downgrade():
    """Change it back."""
    op.drop_column('journal_line', 'was_taught')
    op.drop_column('journal_line', 'was_by_id')
    op.drop_column('journal_line', 'was_at')
