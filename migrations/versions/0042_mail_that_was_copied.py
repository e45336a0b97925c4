"""which mails were copied to the second address, each by itself."""

import sqlalchemy as sa
from alembic import op

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None


def upgrade():
    """Change the schema."""
    op.add_column(
        'outgoing_mail', sa.Column('copied_at', sa.DateTime(timezone=True), nullable=True)
    )
    # Until now an enquiry had one copy, that of its first mail.
    op.execute(
        """
        UPDATE outgoing_mail SET copied_at = (
            SELECT max(enquiry_event.at)
            FROM enquiry JOIN enquiry_event ON enquiry_event.enquiry_id = enquiry.id
            WHERE enquiry.mail_id = outgoing_mail.id AND enquiry_event.kind = 'elsewhere'
        )
        WHERE kind = 'enquiry'
        """
    )


def downgrade():
    """Change it back."""
    op.drop_column('outgoing_mail', 'copied_at')
