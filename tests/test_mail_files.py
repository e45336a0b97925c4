"""Mails in files go with the person they are to or about; what is others' stays."""

from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from blog import db, outbox
from blog.comments import notices
from blog.enquiries import Enquiry
from blog.outbox import OutgoingMail
from blog.outbox.transports import FileTransport
from blog.privacy import erasing, mail_files
from tests.cast import AUTHOR, Clock, Visitor
from tests.test_erasing import OTHER, erase, plan, say_a_lot
from tests.test_telling import ADDRESS


def write_all(app: Flask) -> Path:
    """Write each mail there is to its file, as a worker does without a mail server; gives the folder."""
    with app.app_context():
        folder = mail_files.folder()
        for mail in db.session.query(OutgoingMail):
            FileTransport(folder).send(mail)
        return folder


def kinds(app: Flask, folder: Path) -> Counter[str]:
    """How many files there are of each kind of mail; those of no row have none."""
    with app.app_context():
        known = {mail.message_id: mail.kind for mail in db.session.query(OutgoingMail)}
    found = [path.read_text() for path in folder.glob("*.eml")]
    ids = [text.partition("Message-ID: ")[2].partition("\n")[0] for text in found]
    return Counter(known.get(each, "") for each in ids)


def test_her_mails_go_and_those_about_her_enquiries_and_no_others(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    say_a_lot(clock, app, reader, stranger)
    assert stranger.enquire("Also mine", email=OTHER).status_code == 303
    folder = write_all(app)
    before = kinds(app, folder)
    hers = Counter(["confirm-address", "enquiry", "my-data", "replies"])
    assert plan(app).counts["mails in files"] == hers.total()
    assert erase(app)["counts"]["mails in files"] == hers.total()
    # Of the rows of those that quote her the words are gone; the files were sent to others.
    assert before - kinds(app, folder) == hers
    left = "".join(path.read_text() for path in folder.glob("*.eml"))
    assert f"To: {ADDRESS}" not in left
    assert OTHER in left
    assert "mails in files" not in plan(app).counts


def test_one_is_known_by_its_row_or_by_whom_it_names_where_the_row_is_gone(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    for email in (ADDRESS, OTHER, ADDRESS.upper()):
        assert reader.enquire(f"Of {email}", email=email).status_code == 303
    folder = write_all(app)
    with app.app_context(), db.writing():
        first, second, _ = db.session.query(Enquiry).order_by(Enquiry.id)
        # What was corrected since still tells of her; what was forgotten has no row.
        second.email = ADDRESS
        mail, first.mail = first.mail, None
        db.session.delete(mail)
    assert plan(app).counts["mails in files"] == 3
    erase(app)
    assert not kinds(app, folder)


def test_what_has_a_row_that_stays_what_is_ours_and_what_lies_elsewhere_is_left(
    clock: Clock, app: Flask, tmp_path: Path
) -> None:
    with app.app_context(), db.writing():
        for kind, recipient in ((notices.MAIL, ADDRESS), ("account", AUTHOR.email)):
            outbox.queue(
                kind=kind,
                sender="blog@clinic.example",
                recipient=recipient,
                subject="S",
                text="T",
                html="H",
                now=clock.now,
            )
    folder = write_all(app)
    outside = tmp_path / "outside.eml"
    outside.write_text(f"To: {ADDRESS}\n\nHers, elsewhere")
    (folder / "link.eml").symlink_to(outside)
    (folder / "folder.eml").mkdir()
    (folder / "no-mail.eml").write_bytes(b"\xff\x00" + ADDRESS.encode())
    (folder / "gone.eml").write_text(f"To: {AUTHOR.email}\n\nHer account’s, whose row is gone")
    (folder / "note.txt").write_text(f"To: {ADDRESS}\n\nNo mail of ours")
    before = sorted(folder.iterdir())
    for email in (ADDRESS, AUTHOR.email):
        assert plan(app, email).counts == {}
        erase(app, email)
    assert (sorted(folder.iterdir()), outside.exists()) == (before, True)


def test_what_somebody_else_deleted_meanwhile_is_not_counted(tmp_path: Path) -> None:
    there = tmp_path / "1.eml"
    there.touch()
    assert mail_files.erase([there, there]) == 1


def test_what_is_gone_after_the_first_round_is_not_looked_for_again(
    clock: Clock, app: Flask, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    for number in range(2):
        assert reader.enquire(f"Question {number}", email=ADDRESS).status_code == 303
    with app.app_context(), db.writing():
        db.session.execute(update(OutgoingMail).values(recipient=OTHER))
    write_all(app)
    assert erase(app)["counts"] == {"mails in files": 2, "enquiries": 2}
