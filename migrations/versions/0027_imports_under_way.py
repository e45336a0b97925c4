"""imports that are under way, and what of them is not published yet."""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'comment_import',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('stored_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_comment_import')),
    )
    op.create_table(
        'hidden_comment',
        sa.Column('comment_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('state', sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ['comment_id'],
            ['comment.id'],
            name=op.f('fk_hidden_comment_comment_id_comment'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_hidden_comment')),
    )


def downgrade():
    """Change it back; what is hidden is swept by the next import."""
    op.drop_table('hidden_comment')
    op.drop_table('comment_import')
