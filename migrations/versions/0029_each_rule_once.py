"""each rule once."""

from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

_LAST = '(SELECT max(id) FROM comment_rule GROUP BY kind, pattern)'
_SAME = 'FROM comment_rule AS same WHERE same.kind = comment_rule.kind AND same.pattern = comment_rule.pattern'


def upgrade():
    """Change the schema; of rules that are the same the one made last stays, with all hits."""
    op.execute(
        f'UPDATE comment_rule SET hits = (SELECT sum(same.hits) {_SAME}),'
        f' hit_at = (SELECT max(same.hit_at) {_SAME}) WHERE id IN {_LAST}'
    )
    op.execute(f'DELETE FROM comment_rule WHERE id NOT IN {_LAST}')
    op.create_index('ix_comment_rule_kind_pattern', 'comment_rule', ['kind', 'pattern'], unique=True)


def downgrade():
    """Change it back."""
    op.drop_index('ix_comment_rule_kind_pattern', 'comment_rule')
