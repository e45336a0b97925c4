"""What is handed out to a person: everything of hers, whole and readable, and nothing of others."""

import json
import re
from typing import Any

from flask import Flask
from sqlalchemy import update

from blog import accounts, comments, db, outbox
from blog.comments import Comment, unwanted
from blog.enquiries import Enquiry, EnquiryEvent, Happening
from blog.outbox import OutgoingMail
from blog.privacy import collecting
from tests.cast import ARTICLE, AUTHOR, CLOCK, Clock, Visitor
from tests.test_erasing import OTHER, SIGN, erase, say_a_lot
from tests.test_telling import ADDRESS, write


def collected(app: Flask, email: str = ADDRESS) -> Any:
    """What is kept under an address, as a program reads it."""
    with app.test_request_context():
        return json.loads(collecting.as_json(collecting.of(email, now=db.utc_now())))


def page(app: Flask, email: str = ADDRESS) -> str:
    with app.test_request_context():
        return collecting.as_html(collecting.of(email, now=db.utc_now()))


def names_in(said: Any) -> set[str]:
    """The names of everything that is told, whatever it is a part of; of counts each is words."""
    parts = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    own = set(said) if isinstance(said, dict) else set()
    return own.union(*map(names_in, parts))


def test_everything_said_sent_and_wished_is_there(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor, author: Visitor
) -> None:
    answered, alone = say_a_lot(clock, app, reader, stranger)
    said = collected(app)
    assert [each["number"] for each in said["comments"]] == [answered, alone]
    first, second = said["comments"]
    assert (first["words"], first["name"], first["email"]) == (f"{SIGN} question", SIGN, ADDRESS)
    assert (first["state"], first["written_at"]) == ("approved", "2026-05-04T09:30:00Z")
    assert first["link"].endswith(f"/articles/{ARTICLE}/comments/{answered}")
    assert first["told_of_replies"]["confirmed_at"]
    assert first["reports"] == [{"reason": "rude or hurtful", "at": "2026-05-04T09:50:00Z"}]
    assert (second["state"], second["told_of_replies"], second["reports"]) == ("pending", None, [])
    assert second["reasons"]
    (enquiry,) = said["enquiries"]
    assert (enquiry["message"], enquiry["email"]) == (f"{SIGN} enquiry", "NOMSA@reader.example")
    assert enquiry["consent"].startswith("The clinic may keep")
    assert {mail["kind"] for mail in said["mails"]} == {"confirm-address", "replies", "my-data"}
    texts = {mail["kind"]: bool(mail["text"]) for mail in said["mails"]}
    assert texts == {"confirm-address": True, "replies": True, "my-data": False}
    assert [each["words"] for each in said["mails_that_came_back"]] == [f"{ADDRESS} is full"]
    assert said["confirmed_address"]["email"] == ADDRESS
    assert len(said["confirmed_address"]["browsers"]) == 1
    assert (said["account"], said["receipts"]) == (None, [])
    assert said["other"] == {
        "rules_that_name_the_address": 0,
        "wants_no_mail_about_comments": False,
    }
    # Each has words of its own for a person.
    with app.app_context(), db.writing():
        db.session.query(Enquiry).one().tell(Happening.SEEN, by=None, now=clock.now)
    receipt = {"reference": "", "begun_at": "", "finished_at": "", "counts": {}}
    account = collected(app, AUTHOR.email)["account"]
    assert names_in([*collected(app).values(), account, receipt]) == set(collecting.LABELS)
    for words in (
        "May hold medical details",
        "Your wish to be told of replies",
        "Confirmed by you",
    ):
        assert f"<dt>{words}</dt>" in page(app)


def test_an_enquiry_goes_with_what_was_answered_and_notes_are_the_clinics_own(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    assert reader.enquire("May I book?", email=ADDRESS).status_code == 303
    with app.app_context(), db.writing():
        by, enquiry = db.session.get_one(accounts.User, 1), db.session.query(Enquiry).one()
        reply = outbox.queue(
            kind="reply",
            sender=AUTHOR.email,
            recipient=ADDRESS,
            subject="Re: May I book?",
            text="Yes, do.",
            html="",
            now=clock.now,
        )
        enquiry.tell(Happening.NOTE, by=by, now=clock.now, words="Rings often")
        enquiry.tell(Happening.REPLY, by=by, now=clock.now, words="Yes, do.", mail=reply)
    said = collected(app)
    history = [(each["what"], each["words"]) for each in said["enquiries"][0]["history"]]
    assert history == [("note", ""), ("reply", "Yes, do.")]
    assert "Rings often" not in json.dumps(said) + page(app)
    assert erase(app)["counts"] == {"enquiries": 1}
    with app.app_context():
        for model in (Enquiry, EnquiryEvent, OutgoingMail):
            assert db.session.query(model).count() == 0


def test_nothing_of_anybody_else_is_there(
    clock: Clock, app: Flask, reader: Visitor, stranger: Visitor
) -> None:
    say_a_lot(clock, app, reader, stranger)
    write(stranger, "Not hers", email=OTHER)
    for text in (json.dumps(collected(app)), page(app)):
        assert OTHER not in text
        assert "Not hers" not in text
    # Of what somebody reported about her she learns the reason alone.
    assert set(collected(app)["comments"][0]["reports"][0]) == {"reason", "at"}


def test_a_person_can_read_it_and_nothing_she_wrote_becomes_code(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, "Hello <script>alert(1)</script>\n\nأهلا", email=ADDRESS, name="<b>Nomsa</b>")
    text = page(app)
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "&lt;b&gt;Nomsa" in text
    assert re.search(r"<h1>What The Skin Journal keeps under nomsa@reader\.example</h1>", text)
    assert "4 May 2026, 11:30" in text
    assert "<p>Nothing.</p>" in text
    for outside in ("src=", "<link", "url("):
        assert outside not in text


def test_words_that_the_clinic_hid_from_readers_are_hers_to_have(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    number = write(reader, "Call me on 082 555 0134", email=ADDRESS)
    plain = collected(app)["comments"][0]
    assert plain["shown_as"] is None
    with app.app_context(), db.writing():
        by = db.session.get_one(accounts.User, 1)
        comment = comments.by_id(number)
        assert comment
        assert comment.hide("ZA", by=by, now=clock.now)
    hidden = collected(app)["comments"][0]
    assert hidden["words"] == "Call me on 082 555 0134"
    assert "0134" not in hidden["shown_as"]["words"]


def test_a_comment_under_an_article_that_is_gone_is_still_told_of(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    with app.app_context(), db.writing():
        db.session.execute(update(Comment).values(article_id="long-gone"))
    (comment,) = collected(app)["comments"]
    assert (comment["article"], comment["link"]) == ("long-gone", None)


def test_an_account_is_told_of_and_where_it_is_signed_in(
    clock: Clock, app: Flask, author: Visitor
) -> None:
    said = collected(app, AUTHOR.email)
    assert (said["account"]["name"], said["account"]["role"]) == (AUTHOR.name, "admin")
    assert len(said["account"]["signed_in"]) == 1
    assert "password" not in json.dumps(said["account"])
    assert "has_second_step" in said["account"]
    assert said["mails"] == []
    assert ">no\n" in page(app, AUTHOR.email)


def test_receipts_and_a_wish_for_silence_are_told(
    clock: Clock, app: Flask, reader: Visitor
) -> None:
    write(reader, email=ADDRESS)
    told = erase(app)
    with app.app_context(), db.writing():
        unwanted.add(unwanted.hash_of(ADDRESS))
    said = collected(app)
    assert said["other"]["wants_no_mail_about_comments"] is True
    assert [each["reference"] for each in said["receipts"]] == [told["reference"]]
    assert told["reference"] in page(app)
    assert ">yes\n" in page(app)


def test_an_unknown_address_has_nothing(clock: Clock, app: Flask) -> None:
    said = collected(app, "nobody@reader.example")
    assert [said[name] for name in ("comments", "enquiries", "mails", "account")] == [
        [],
        [],
        [],
        None,
    ]
    assert said["made_at"] == CLOCK.isoformat().replace("+00:00", "Z")


def test_what_a_rule_of_the_clinic_says_is_its_own(app: Flask, reader: Visitor) -> None:
    number = write(reader, "My words.", email=ADDRESS)
    row = {"step": "rule", "answer": "hold", "words": "“secret”, our note", "tone": "bad"}
    with app.app_context(), db.writing():
        change = update(Comment).where(Comment.id == number).values(reasons=[row])
        db.session.execute(change)
    (comment,) = collected(app)["comments"]
    assert comment["reasons"] == ["a rule of the clinic"]
