"""mails that answer by themselves, to which nothing comes back."""

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    with op.batch_alter_table(
        'outgoing_mail', table_kwargs={'sqlite_autoincrement': True}
    ) as batch_op:
        batch_op.add_column(
            sa.Column('is_answer', sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table(
        'outgoing_mail', table_kwargs={'sqlite_autoincrement': True}
    ) as batch_op:
        batch_op.alter_column('is_answer', server_default=None)


def downgrade():
    """Change it back."""
    with op.batch_alter_table(
        'outgoing_mail', table_kwargs={'sqlite_autoincrement': True}
    ) as batch_op:
        batch_op.drop_column('is_answer')
