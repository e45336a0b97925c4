"""addresses at which readers found articles that were removed."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    with op.batch_alter_table('article_path') as batch:
        batch.add_column(
            sa.Column('was_public', sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table('article_path') as batch:
        batch.alter_column('was_public', existing_type=sa.Boolean(), server_default=None)
        batch.create_index('ix_article_path_article_id', ['article_id'])


def downgrade():
    """Change it back."""
    with op.batch_alter_table('article_path') as batch:
        batch.drop_index('ix_article_path_article_id')
        batch.drop_column('was_public')
