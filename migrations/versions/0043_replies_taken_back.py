"""what a reply to an enquiry was, and where the enquiry stood, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('enquiry_event', sa.Column('draft', sa.JSON(), nullable=True))


def downgrade():
    """Change it back."""
    op.execute("DELETE FROM enquiry_event WHERE kind IN ('unsent', 'taken back')")
    op.drop_column('enquiry_event', 'draft')
