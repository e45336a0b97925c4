"""sizes of pictures, and what files refer to."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.create_table('media_file',
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('mtime_ns', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.String(length=64), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('synced_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('path', name=op.f('pk_media_file'))
    )
    with op.batch_alter_table('article', schema=None) as batch_op:
        batch_op.add_column(sa.Column('cover_width', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('cover_height', sa.Integer(), nullable=True))

    # The next sync fills them; until then nothing is known.
    with op.batch_alter_table('content_file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refers_to', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('broken', sa.JSON(), server_default='[]', nullable=False))

    with op.batch_alter_table('content_file', schema=None) as batch_op:
        batch_op.alter_column('refers_to', server_default=None)
        batch_op.alter_column('broken', server_default=None)


def downgrade():
    """Change it back."""
    with op.batch_alter_table('content_file', schema=None) as batch_op:
        batch_op.drop_column('broken')
        batch_op.drop_column('refers_to')

    with op.batch_alter_table('article', schema=None) as batch_op:
        batch_op.drop_column('cover_height')
        batch_op.drop_column('cover_width')

    op.drop_table('media_file')
