"""links by which passwords and addresses are changed, and the browsers of sessions."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('user_session', sa.Column('browser', sa.String(60), nullable=True))
    op.create_table(
        'account_link',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(20), nullable=False),
        sa.Column('token_hash', sa.String(64), nullable=False),
        sa.Column('email', sa.String(254), nullable=True),
        sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['user_id'], ['user_account.id'], name=op.f('fk_account_link_user_id_user_account')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account_link')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_account_link_token_hash')),
    )
    op.create_index('ix_account_link_user_id', 'account_link', ['user_id'])
    op.create_table(
        'password_request',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('email', sa.String(254), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_password_request')),
    )


def downgrade():
    """Change it back."""
    op.drop_table('password_request')
    op.drop_table('account_link')
    op.drop_column('user_session', 'browser')
