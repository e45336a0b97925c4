"""what is owed goes with its comment, since edits are forgotten."""

from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

_NAME = 'fk_notice_owed_comment_id_comment'


def _refer(**options):
    with op.batch_alter_table('notice_owed') as batch_op:
        batch_op.drop_constraint(_NAME, type_='foreignkey')
        batch_op.create_foreign_key(_NAME, 'comment', ['comment_id'], ['id'], **options)


def upgrade():
    """Change the schema."""
    _refer(ondelete='CASCADE')


def downgrade():
    """Change it back."""
    _refer()
