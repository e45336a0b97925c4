"""pinned comments."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'comment_pin',
        sa.Column('comment_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('article_id', sa.String(100), nullable=False),
        sa.Column('pinned_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['comment_id'],
            ['comment.id'],
            name=op.f('fk_comment_pin_comment_id_comment'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_comment_pin')),
    )
    op.create_index('ix_comment_pin_article_id', 'comment_pin', ['article_id'])


def downgrade():
    """Change it back."""
    op.drop_table('comment_pin')
