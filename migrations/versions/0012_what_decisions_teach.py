"""what decisions teach about spam."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    model = op.create_table(
        'spam_model',
        sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('began_at_number', sa.Integer(), nullable=False),
        sa.Column('genuine', sa.Integer(), nullable=False),
        sa.Column('spam', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_spam_model')),
    )
    op.bulk_insert(model, [{'id': 1, 'number': 0, 'began_at_number': 0, 'genuine': 0, 'spam': 0}])
    op.create_table(
        'spam_weight',
        sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('total', sa.Double(), nullable=False),
        sa.Column('seen', sa.Integer(), nullable=False),
        sa.Column('is_ignored', sa.Boolean(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('bucket', name=op.f('pk_spam_weight')),
    )
    op.create_table(
        'comment_lesson',
        sa.Column('comment_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('is_spam', sa.Boolean(), nullable=False),
        sa.Column('score', sa.Double(), nullable=False),
        sa.Column('step', sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ['comment_id'],
            ['comment.id'],
            name=op.f('fk_comment_lesson_comment_id_comment'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_comment_lesson')),
    )
    op.create_index('ix_comment_lesson_number', 'comment_lesson', ['number'])


def downgrade():
    """Change it back."""
    op.drop_table('comment_lesson')
    op.drop_table('spam_weight')
    op.drop_table('spam_model')
