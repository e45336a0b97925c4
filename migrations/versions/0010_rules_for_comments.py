"""rules for comments."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'comment_rule',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(10), nullable=False),
        sa.Column('pattern', sa.String(100), nullable=False),
        sa.Column('answer', sa.String(10), nullable=False),
        sa.Column('note', sa.String(200), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('hits', sa.Integer(), nullable=False),
        sa.Column('hit_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['created_by_id'],
            ['user_account.id'],
            name=op.f('fk_comment_rule_created_by_id_user_account'),
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_comment_rule')),
    )


def downgrade():
    """Change it back."""
    op.drop_table('comment_rule')
