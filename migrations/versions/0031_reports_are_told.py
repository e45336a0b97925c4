"""reports that moderators are told of."""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    with op.batch_alter_table('notice_plan') as batch:
        batch.add_column(
            sa.Column('told_reports_up_to', sa.Integer(), server_default='0', nullable=False)
        )
    if op.get_bind().dialect.name == 'sqlite':
        with op.batch_alter_table(
            'comment_report', recreate='always', table_kwargs={'sqlite_autoincrement': True}
        ):
            pass


def downgrade():
    """Change it back."""
    if op.get_bind().dialect.name == 'sqlite':
        with op.batch_alter_table('comment_report', recreate='always'):
            pass
    with op.batch_alter_table('notice_plan') as batch:
        batch.drop_column('told_reports_up_to')
