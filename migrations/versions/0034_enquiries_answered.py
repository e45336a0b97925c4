"""how far the clinic is with an enquiry, what its sender wished, and the wording she agreed to."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

# SQLite rebuilds a table, and would forget that its numbers are never used again.
_KEPT = {'sqlite_autoincrement': True}
# What names the mail of an enquiry that had none, and whose it would have been.
_NEVER_MAILED = "'<' || reference || '@never-mailed.invalid>'"
_LAST = (
    "COALESCE((SELECT {0} FROM outgoing_mail WHERE kind = 'enquiry' ORDER BY id DESC LIMIT 1), '')"
)
_ENQUIRY = sa.table(
    'enquiry',
    sa.column('id', sa.Integer),
    sa.column('consent_text', sa.Text),
    sa.column('consent_id', sa.Integer),
    sa.column('created_at', sa.DateTime(timezone=True)),
)
_CONSENT = sa.table(
    'consent_text',
    sa.column('id', sa.Integer),
    sa.column('digest', sa.String),
    sa.column('text', sa.Text),
    sa.column('first_agreed_at', sa.DateTime(timezone=True)),
)


def upgrade():
    """Change the schema; each wording of the consent gets a row of its own."""
    op.create_table(
        'consent_text',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('digest', sa.String(64), nullable=False, unique=True),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('first_agreed_at', sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        'enquiry_event',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column(
            'enquiry_id',
            sa.Integer(),
            sa.ForeignKey('enquiry.id', ondelete='CASCADE'),
            nullable=False,
        ),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('kind', sa.String(20), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('by_id', sa.Integer(), sa.ForeignKey('user_account.id')),
        sa.Column('mail_id', sa.Integer(), sa.ForeignKey('outgoing_mail.id')),
    )
    for name in ('enquiry_id', 'by_id', 'mail_id'):
        op.create_index(f'ix_enquiry_event_{name}', 'enquiry_event', [name])
    op.drop_index('ix_enquiry_is_suspected_seen_at', 'enquiry')
    with op.batch_alter_table('enquiry', table_kwargs=_KEPT) as batch_op:
        for column in (
            sa.Column('phone_typed', sa.String(40), nullable=False, server_default=''),
            sa.Column('preferred_way', sa.String(10), nullable=False, server_default=''),
            sa.Column('preferred_time', sa.String(100), nullable=False, server_default=''),
            sa.Column('is_sensitive', sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column('consent_id', sa.Integer()),
            sa.Column('state', sa.String(20), nullable=False, server_default='new'),
            sa.Column('state_changed_at', sa.DateTime(timezone=True)),
            sa.Column('answered_at', sa.DateTime(timezone=True)),
            sa.Column('assigned_to_id', sa.Integer()),
        ):
            batch_op.add_column(column)
        batch_op.alter_column('mail_id', existing_type=sa.Integer(), nullable=True)
    op.execute(
        "UPDATE enquiry SET phone_typed = phone, state_changed_at = COALESCE(seen_at, created_at), "
        "state = CASE WHEN seen_at IS NULL THEN 'new' ELSE 'seen' END"
    )
    _take_mails_back()
    _keep_wordings()
    with op.batch_alter_table('enquiry', table_kwargs=_KEPT) as batch_op:
        batch_op.alter_column(
            'state_changed_at', existing_type=sa.DateTime(timezone=True), nullable=False
        )
        batch_op.alter_column('consent_id', existing_type=sa.Integer(), nullable=False)
        for name in ('phone_typed', 'preferred_way', 'preferred_time', 'is_sensitive', 'state'):
            batch_op.alter_column(name, server_default=None)
        batch_op.drop_column('consent_text')
        batch_op.create_foreign_key(
            'fk_enquiry_consent_id_consent_text', 'consent_text', ['consent_id'], ['id']
        )
        batch_op.create_foreign_key(
            'fk_enquiry_assigned_to_id_user_account', 'user_account', ['assigned_to_id'], ['id']
        )
    op.create_index(
        'ix_enquiry_is_suspected_state', 'enquiry', ['is_suspected', 'state', 'id']
    )
    for name in ('email', 'consent_id', 'assigned_to_id'):
        op.create_index(f'ix_enquiry_{name}', 'enquiry', [name])


def _keep_wordings():
    connection = op.get_bind()
    first = sa.func.min(_ENQUIRY.c.created_at)
    wordings = sa.select(_ENQUIRY.c.consent_text, first).group_by(_ENQUIRY.c.consent_text)
    for number, (text, first_agreed_at) in enumerate(connection.execute(wordings).all(), 1):
        connection.execute(
            _CONSENT.insert().values(
                id=number,
                digest=hashlib.sha256(text.encode()).hexdigest(),
                text=text,
                first_agreed_at=first_agreed_at,
            )
        )
        connection.execute(
            _ENQUIRY.update().where(_ENQUIRY.c.consent_text == text).values(consent_id=number)
        )
    if connection.dialect.name == 'postgresql':
        op.execute(
            "SELECT setval(pg_get_serial_sequence('consent_text', 'id'), "
            "(SELECT COALESCE(MAX(id), 0) + 1 FROM consent_text), false)"
        )


def _give_mails():
    """Give each enquiry that was never mailed a mail that failed: none was without one before."""
    op.execute(
        "INSERT INTO outgoing_mail (message_id, kind, sender, recipient, subject, text, html, "
        "state, attempts, waits, created_at, due_at, next_attempt_at, last_error) "
        f"SELECT {_NEVER_MAILED}, 'enquiry', {_LAST.format('sender')}, "
        f"{_LAST.format('recipient')}, 'Enquiry ' || reference, "
        "'Enquiry ' || reference || ' waits in the inbox.', "
        "'<p>Enquiry ' || reference || ' waits in the inbox.</p>', 'failed', 0, 0, created_at, "
        "created_at, created_at, 'No mail told of it, since it was taken for advertising.' "
        "FROM enquiry WHERE mail_id IS NULL ORDER BY id"
    )
    op.execute(
        'UPDATE enquiry SET mail_id = (SELECT outgoing_mail.id FROM outgoing_mail '
        f'WHERE outgoing_mail.message_id = {_NEVER_MAILED}) WHERE mail_id IS NULL'
    )


def _take_mails_back():
    """Let an enquiry that was never mailed have no mail again."""
    op.execute(
        'UPDATE enquiry SET mail_id = NULL WHERE mail_id = (SELECT outgoing_mail.id '
        f'FROM outgoing_mail WHERE outgoing_mail.message_id = {_NEVER_MAILED} '
        "AND outgoing_mail.state = 'failed' AND outgoing_mail.attempts = 0)"
    )
    op.execute(
        "DELETE FROM outgoing_mail WHERE message_id LIKE '%@never-mailed.invalid>' "
        "AND state = 'failed' AND attempts = 0"
    )


def downgrade():
    """Change it back; what the clinic noted and wrote is lost, and no enquiry."""
    op.drop_table('enquiry_event')
    for name in ('email', 'consent_id', 'assigned_to_id', 'is_suspected_state'):
        op.drop_index(f'ix_enquiry_{name}', 'enquiry')
    with op.batch_alter_table('enquiry', table_kwargs=_KEPT) as batch_op:
        batch_op.add_column(sa.Column('consent_text', sa.Text(), server_default='', nullable=False))
    op.execute(
        'UPDATE enquiry SET consent_text = '
        '(SELECT text FROM consent_text WHERE consent_text.id = enquiry.consent_id)'
    )
    op.execute(
        "UPDATE enquiry SET phone = phone_typed, "
        "seen_at = CASE WHEN state = 'new' THEN NULL ELSE COALESCE(seen_at, state_changed_at) END"
    )
    _give_mails()
    with op.batch_alter_table('enquiry', table_kwargs=_KEPT) as batch_op:
        batch_op.drop_constraint('fk_enquiry_consent_id_consent_text', type_='foreignkey')
        batch_op.drop_constraint('fk_enquiry_assigned_to_id_user_account', type_='foreignkey')
        for name in (
            'phone_typed',
            'preferred_way',
            'preferred_time',
            'is_sensitive',
            'consent_id',
            'state',
            'state_changed_at',
            'answered_at',
            'assigned_to_id',
        ):
            batch_op.drop_column(name)
        batch_op.alter_column('mail_id', existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column('consent_text', server_default=None)
    op.drop_table('consent_text')
    op.create_index('ix_enquiry_is_suspected_seen_at', 'enquiry', ['is_suspected', 'seen_at'])
