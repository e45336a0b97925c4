"""what a comment said before a part of it was hidden."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('comment', sa.Column('original', sa.Text(), nullable=True))


def downgrade():
    """Change it back; what is hidden stays so."""
    op.drop_column('comment', 'original')
