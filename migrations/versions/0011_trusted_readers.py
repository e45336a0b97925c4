"""trusted readers."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def _where(condition):
    return {f'{kind}_where': sa.text(condition) for kind in ('sqlite', 'postgresql')}


def upgrade():
    """Change the schema."""
    op.create_table(
        'trusted_reader',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('email', sa.String(254), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('link_hash', sa.String(64), nullable=True),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('stopped_by_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['stopped_by_id'],
            ['user_account.id'],
            name=op.f('fk_trusted_reader_stopped_by_id_user_account'),
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_trusted_reader')),
        sa.UniqueConstraint('email', name=op.f('uq_trusted_reader_email')),
        sa.UniqueConstraint('link_hash', name=op.f('uq_trusted_reader_link_hash')),
    )
    op.create_table(
        'trusted_browser',
        sa.Column('token_hash', sa.String(64), nullable=False),
        sa.Column('reader_id', sa.Integer(), nullable=False),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['reader_id'],
            ['trusted_reader.id'],
            name=op.f('fk_trusted_browser_reader_id_trusted_reader'),
        ),
        sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_trusted_browser')),
    )
    op.create_index('ix_trusted_browser_reader_id', 'trusted_browser', ['reader_id'])
    # Both databases add it like this without rewriting the table, which Alembic would on SQLite.
    op.execute(
        'ALTER TABLE comment ADD COLUMN trusted_reader_id INTEGER'
        ' CONSTRAINT fk_comment_trusted_reader_id_trusted_reader REFERENCES trusted_reader (id)'
    )
    op.create_index(
        'ix_comment_trusted_reader_id',
        'comment',
        ['trusted_reader_id', 'state'],
        **_where('trusted_reader_id IS NOT NULL'),
    )
    op.create_index('ix_comment_email', 'comment', ['email', 'state'], **_where('email IS NOT NULL'))


def downgrade():
    """Change it back."""
    op.drop_index('ix_comment_email', table_name='comment')
    op.drop_index('ix_comment_trusted_reader_id', table_name='comment')
    op.drop_column('comment', 'trusted_reader_id')
    op.drop_table('trusted_browser')
    op.drop_table('trusted_reader')
