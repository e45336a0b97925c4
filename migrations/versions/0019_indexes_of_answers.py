"""indexes of answers: without the comments that answer none."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

_COLUMNS = ('parent_id', 'root_id')


def upgrade():
    """Change the schema."""
    for column in _COLUMNS:
        op.drop_index(f'ix_comment_{column}', 'comment')
        only = sa.text(f'{column} IS NOT NULL')
        where = {'sqlite_where': only, 'postgresql_where': only}
        op.create_index(f'ix_comment_{column}', 'comment', [column], **where)


def downgrade():
    """Change it back."""
    for column in _COLUMNS:
        op.drop_index(f'ix_comment_{column}', 'comment')
        op.create_index(f'ix_comment_{column}', 'comment', [column])
