"""who asks for her data, receipts of erasures, and lessons that outlive their comments."""

import sqlalchemy as sa
from alembic import op

revision = '0041'
down_revision = '0040'
branch_labels = None
depends_on = None

_LESSON = 'fk_comment_lesson_comment_id_comment'


def upgrade():
    """Change the schema."""
    op.create_table(
        'data_request',
        sa.Column('email', sa.String(254), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('link_hash', sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint('email', name=op.f('pk_data_request')),
        sa.UniqueConstraint('link_hash', name=op.f('uq_data_request_link_hash')),
    )
    op.create_table(
        'erasure_receipt',
        sa.Column('reference', sa.String(20), nullable=False),
        sa.Column('address_hash', sa.String(32), nullable=False),
        sa.Column('email', sa.String(254), nullable=True),
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('counts', sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint('reference', name=op.f('pk_erasure_receipt')),
    )
    op.create_index('ix_erasure_receipt_address_hash', 'erasure_receipt', ['address_hash'])
    op.create_index('ix_erasure_receipt_email', 'erasure_receipt', ['email'])
    with op.batch_alter_table('comment_lesson') as batch_op:
        batch_op.drop_constraint(op.f(_LESSON), type_='foreignkey')


def downgrade():
    """Change it back."""
    op.execute('DELETE FROM comment_lesson WHERE comment_id NOT IN (SELECT id FROM comment)')
    with op.batch_alter_table('comment_lesson') as batch_op:
        batch_op.create_foreign_key(
            op.f(_LESSON), 'comment', ['comment_id'], ['id'], ondelete='CASCADE'
        )
    op.drop_table('erasure_receipt')
    op.drop_table('data_request')
