"""what readers can see to have changed, for programs that keep a copy."""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
# All that is there changed just now, as far as anybody knows.
_ARTICLES = "SELECT id, published_at, expires_at, updated_at FROM article WHERE status = 'published'"
_OTHERS = {
    'author': 'SELECT id FROM author',
    'page': 'SELECT id FROM page',
    'topic': 'SELECT DISTINCT slug FROM article_topic',
}
_TIMES = ('public_from', 'public_until', 'updated_at')


def upgrade():
    """Change the schema."""
    op.create_table(
        'change_note',
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('mark', sa.String(64), nullable=False),
        sa.Column('noted_at', _TIME, nullable=False),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_change_note')),
    )
    op.create_index('ix_change_note_noted_at', 'change_note', ['noted_at'])
    op.create_table(
        'changed',
        sa.Column('kind', sa.String(10), nullable=False),
        sa.Column('thing_id', sa.String(100), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('noted_at', _TIME, nullable=False),
        sa.Column('seen_before', sa.Integer(), nullable=True),
        sa.Column('public_from', _TIME, nullable=True),
        sa.Column('public_until', _TIME, nullable=True),
        sa.Column('updated_at', _TIME, nullable=True),
        sa.PrimaryKeyConstraint('kind', 'thing_id', name=op.f('pk_changed')),
    )
    op.create_index('ix_changed_number', 'changed', ['number', 'kind', 'thing_id'])
    for name in _TIMES:
        op.create_index(f'ix_changed_{name}', 'changed', [name])
    _fill()


def _fill():
    now = datetime.now(UTC)
    connection = op.get_bind()
    note = sa.table('change_note', sa.column('mark'), sa.column('noted_at', _TIME))
    connection.execute(note.insert().values(mark=secrets.token_urlsafe(32), noted_at=now))
    articles = sa.text(_ARTICLES).columns(
        id=sa.String, published_at=_TIME, expires_at=_TIME, updated_at=_TIME
    )
    rows = [('article', *row) for row in connection.execute(articles)]
    for kind, query in _OTHERS.items():
        begins = None if kind == 'topic' else datetime.fromtimestamp(0, UTC)
        rows += [(kind, row[0], begins, None, None) for row in connection.execute(sa.text(query))]
    names = ('kind', 'thing_id', *_TIMES)
    changed = sa.table(
        'changed',
        *(sa.column(name) for name in ('kind', 'thing_id', 'number')),
        *(sa.column(name, _TIME) for name in ('noted_at', *_TIMES)),
    )
    same = {'number': 1, 'noted_at': now}
    if rows:
        made = [same | dict(zip(names, row, strict=True)) for row in rows]
        connection.execute(changed.insert(), made)


def downgrade():
    """Change it back."""
    op.drop_table('changed')
    op.drop_table('change_note')
