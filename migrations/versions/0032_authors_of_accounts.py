"""the profile of an author's account, and room in the journal for its name."""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def _room(chars):
    with op.batch_alter_table('journal_line') as batch_op:
        for name in ('was', 'became'):
            batch_op.alter_column(
                name,
                type_=sa.String(chars),
                existing_nullable=True,
                postgresql_using=f'{name}::varchar({chars})',
            )


def upgrade():
    """Change the schema."""
    op.add_column('user_account', sa.Column('author_id', sa.String(100), nullable=True))
    _room(100)


def downgrade():
    """Change it back."""
    _room(20)
    op.drop_column('user_account', 'author_id')
