"""the journal is read by person and kind."""

from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_index('ix_journal_line_actor_id', 'journal_line', ['actor_id', 'id'])
    op.create_index('ix_journal_line_thing_id', 'journal_line', ['thing', 'id'])


def downgrade():
    """Change it back."""
    op.drop_index('ix_journal_line_thing_id', table_name='journal_line')
    op.drop_index('ix_journal_line_actor_id', table_name='journal_line')
