"""links by which one article is read before it is published."""

import sqlalchemy as sa
from alembic import op

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade():
    """Change the schema."""
    op.create_table(
        'preview',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('article_id', sa.String(100), nullable=False),
        sa.Column('made_by_id', sa.Integer(), nullable=True),
        sa.Column('made_at', TIME, nullable=False),
        sa.Column('expires_at', TIME, nullable=False),
        sa.Column('revoked_at', TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ['made_by_id'], ['user_account.id'], name=op.f('fk_preview_made_by_id_user_account')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_preview')),
    )
    for name in ('article_id', 'expires_at'):
        op.create_index(f'ix_preview_{name}', 'preview', [name])


def downgrade():
    """Change it back."""
    op.drop_table('preview')
