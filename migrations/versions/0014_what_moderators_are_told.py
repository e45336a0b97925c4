"""what moderators are told by mail."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table(
        'notice_plan',
        sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('pace', sa.String(20), nullable=False),
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('told_up_to', sa.Integer(), nullable=False),
        sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('user_id', name=op.f('pk_notice_plan')),
    )
    op.create_table(
        'notice_owed',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('comment_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['comment_id'], ['comment.id'], name=op.f('fk_notice_owed_comment_id_comment')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_owed')),
    )
    op.create_index('ix_notice_owed_user_id', 'notice_owed', ['user_id'])
    op.create_index('ix_enquiry_created_at', 'enquiry', ['created_at'])


def downgrade():
    """Change it back."""
    op.drop_index('ix_enquiry_created_at', table_name='enquiry')
    op.drop_table('notice_owed')
    op.drop_table('notice_plan')
