"""under whose articles alone somebody was told of comments."""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('notice_plan', sa.Column('told_for', sa.String(100), nullable=True))
    # Of who is no author this finds none, and she was told of all.
    op.execute(
        "UPDATE notice_plan SET told_for = (SELECT COALESCE(author_id, '') FROM user_account"
        " WHERE user_account.id = notice_plan.user_id AND user_account.role = 'author')"
    )


def downgrade():
    """Change it back."""
    op.drop_column('notice_plan', 'told_for')
