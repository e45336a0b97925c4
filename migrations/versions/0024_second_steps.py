"""the second step of signing in."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column('user_account', sa.Column('totp_seed', sa.String(32), nullable=True))
    op.add_column('user_account', sa.Column('totp_step', sa.Integer(), nullable=True))
    op.create_table(
        'recovery_code',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('code_hash', sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ['user_id'], ['user_account.id'], name=op.f('fk_recovery_code_user_id_user_account')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code')),
    )
    op.create_index('ix_recovery_code_user_id', 'recovery_code', ['user_id'])


def downgrade():
    """Change it back."""
    op.drop_table('recovery_code')
    op.drop_column('user_account', 'totp_step')
    op.drop_column('user_account', 'totp_seed')
