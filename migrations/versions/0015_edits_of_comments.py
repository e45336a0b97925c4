"""edits of comments, which wait beside them."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

_IS_EDIT = 'edit_of_id IS NOT NULL'


def upgrade():
    """Change the schema."""
    # Both databases add it like this without rewriting the table, which Alembic would on SQLite.
    op.execute(
        'ALTER TABLE comment ADD COLUMN edit_of_id INTEGER'
        ' CONSTRAINT fk_comment_edit_of_id_comment REFERENCES comment (id)'
    )
    op.add_column('comment', sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True))
    where = {f'{kind}_where': sa.text(_IS_EDIT) for kind in ('sqlite', 'postgresql')}
    op.create_index('ix_comment_edit_of_id', 'comment', ['edit_of_id', 'state'], **where)


def downgrade():
    """Change it back; edits are lost, and what they were of stays as it is."""
    edits = f'SELECT id FROM comment WHERE {_IS_EDIT}'
    op.execute(f'DELETE FROM search_index_comment WHERE rowid IN ({edits})')
    op.execute(f'DELETE FROM comment WHERE {_IS_EDIT}')
    op.drop_index('ix_comment_edit_of_id', table_name='comment')
    op.drop_column('comment', 'edited_at')
    op.drop_column('comment', 'edit_of_id')
