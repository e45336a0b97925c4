"""The contact page, as a browser meets it."""

from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from blog import db, enquiries, outbox
from blog.enquiries import Enquiry, Folder, Way
from tests.cast import ARTICLE, SECOND, Clock, Visitor, at_once, sent_at_once


def enquired(app: Flask) -> int:
    with app.app_context():
        return enquiries.count_in(Folder.ALL) + enquiries.count_in(Folder.SUSPECTED)


def newest() -> Enquiry:
    """The enquiry that came last; needs an application at work."""
    return enquiries.in_folder(Folder.ALL, limit=1)[0]


def test_sent_four_times_at_once_it_is_one_enquiry_with_one_mail(
    app: Flask, reader: Visitor
) -> None:
    filled = reader.form("/contact", "/contact") | {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "topic": "Microneedling",
        "message": "Once.",
        "consent": "y",
    }
    sent_at_once(app, reader, "/contact", filled)
    assert enquired(app) == 1
    with app.app_context():
        assert len(outbox.recent()) == 1


def test_an_enquiry_is_stored_with_its_mail_and_thanked_for(app: Flask, reader: Visitor) -> None:
    sent = reader.enquire(about=ARTICLE)
    assert sent.status_code == 303
    thanks = reader.get(sent.location)
    with app.app_context():
        (enquiry,) = enquiries.in_folder(Folder.NEW)
        assert enquiry.reference in thanks.text
        assert enquiry.article_id == ARTICLE
        assert enquiry.consent.text == WORDING
        mail = enquiry.mail
        assert mail
        assert mail.recipient == "hello@clinic.example"
        assert mail.sender == "blog@clinic.example"
        assert mail.reply_to == "lerato@reader.example"
        assert enquiry.reference in mail.subject
        for part in (mail.text, mail.html):
            assert "May I book for Tuesday?" in part
            assert "Mesotherapy or microneedling: what sets them apart?" in part
    assert thanks.headers["Cache-Control"] == "no-store"


def test_the_contact_form_names_the_article_it_was_reached_from(reader: Visitor) -> None:
    page = reader.get(f"/contact?about={SECOND}").text
    assert "Caring for skin in winter" in page
    assert reader.form(f"/contact?about={SECOND}", "/contact")["about"] == SECOND


def test_the_topic_is_chosen_by_the_articles_title(reader: Visitor) -> None:
    assert '<option selected value="Microneedling">' in reader.get(f"/contact?about={ARTICLE}").text


def test_an_article_that_is_none_is_left_out(app: Flask, reader: Visitor) -> None:
    assert "<script>" not in reader.get("/contact?about=<script>").text
    assert reader.enquire(about="nothing-here").status_code == 303
    with app.app_context():
        (enquiry,) = enquiries.in_folder(Folder.ALL)
        assert enquiry.article_id is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Please give your name"),
        ({"name": "Lerato\nBcc: x@y.example"}, "line breaks"),
        ({"name": "Lerato\u2028Bcc: x@y.example"}, "line breaks"),
        ({"email": "", "phone": ""}, "an email address or a phone number"),
        ({"email": "lerato@reader.example\r\nBcc: x@y.example"}, "line breaks"),
        ({"email": "Lerato <lerato@reader.example>"}, "one email address"),
        ({"phone": "call me"}, "a whole phone number"),
        ({"phone": "12"}, "like 071 123 4567"),
        ({"way": "by pigeon"}, "Please choose how"),
        ({"way": "call"}, "please give your number"),
        ({"way": "email", "email": "", "phone": "0825550134"}, "please give your address"),
        ({"time": "x" * 101}, "100 characters"),
        ({"time": "after 16:00\r\nBcc: x@y.example"}, "line breaks"),
        ({"agreed": ""}, "These words have changed"),
        ({"agreed": "0" * 64}, "These words have changed"),
        ({"topic": "Not on the list"}, "Please choose"),
        ({"message": ""}, "Please write your message"),
        ({"message": "x" * 2_001}, "2,000 characters"),
        ({"consent": ""}, "Please agree"),
        ({"form_token": "forged"}, "open for too long"),
    ],
)
def test_a_wrong_enquiry_keeps_what_was_typed_and_says_what_is_wrong(
    app: Flask, reader: Visitor, typed: dict[str, str], said: str
) -> None:
    answer = reader.enquire(**({"message": "What I typed", "about": ARTICLE} | typed))
    shown = unescape(answer.text)
    assert answer.status_code == 422
    assert "<title>Error:" in shown
    assert said in shown
    if "message" not in typed:
        assert "What I typed</textarea>" in shown
    assert f'value="{ARTICLE}"' in shown
    assert enquired(app) == 0


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?x=40evil.test=2C_y?=@b.cc",
        "=?utf-8?q?=00?=@b.cc",
        "=?utf-8?q?=0D=0ABcc=3A_x=40y.zz?=@b.cc",
    ],
)
def test_an_address_that_mail_programs_would_decode_is_refused(
    app: Flask, reader: Visitor, address: str
) -> None:
    answer = reader.enquire(email=address)
    assert answer.status_code == 422
    assert "one email address" in answer.text
    assert enquired(app) == 0


def test_a_phone_number_alone_will_do(app: Flask, reader: Visitor) -> None:
    sent = reader.enquire(email="", phone="(082) 555-0134")
    assert "+27 82 555 0134" in reader.get(sent.location).text
    with app.app_context():
        enquiry = newest()
        assert (enquiry.phone, enquiry.phone_typed) == ("+27825550134", "(082) 555-0134")
        assert enquiry.mail
        assert enquiry.mail.reply_to is None
        assert "please call +27 82 555 0134" in enquiry.mail.text


def test_an_enquiry_sent_twice_is_one(app: Flask, reader: Visitor) -> None:
    reader.enquire()
    reader.enquire()
    assert enquired(app) == 1


def test_a_suspected_enquiry_is_mailed_only_where_no_summary_counts_it(make_app: Any) -> None:
    for summary_at, mails in (("07:00", 0), ("never", 1)):
        app = make_app(summary_at=summary_at)
        with app.app_context():
            before = len(outbox.recent())
        Visitor(app).enquire(f"At {summary_at}", note="filled")
        with app.app_context():
            assert len(outbox.recent()) == before + mails


def test_a_suspected_enquiry_is_thanked_for_like_any_other(app: Flask, reader: Visitor) -> None:
    assert reader.enquire(note="filled").status_code == 303
    with app.app_context():
        assert enquiries.count_in(Folder.SUSPECTED) == 1
        assert enquiries.count_in(Folder.NEW) == 0


def test_what_comments_taught_puts_an_enquiry_apart_with_the_reason_and_never_refuses_it(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    rule = {"kind": "word", "pattern": "diabetes cure", "answer": "reject", "make": "yes"}
    rules = "/admin/rules"
    assert author.post(rules, author.form(rules, rules) | rule).status_code == 303
    secret = "The diabetes cure is here."
    assert reader.enquire(secret, anyway="y").status_code == 303
    assert reader.enquire("Answer me.", email="a@mailinator.com").status_code == 303
    assert "Met 1 time" in author.get(rules).text
    with app.app_context():
        first, second = reversed(enquiries.in_folder(Folder.SUSPECTED))
        assert (first.mail, second.mail) == (None, None)
        path = f"/admin/enquiries/{first.reference}"
    folder = author.get("/admin/enquiries?folder=suspected").text
    assert "a throw-away email address" in folder
    # What may be sensitive is shown by no list.
    assert "diabetes" not in folder
    assert "“diabetes cure”" in author.get(path).text


@pytest.mark.parametrize("query", ["", "?enquiry=forged", "?enquiry=" + "x" * 2_000])
def test_a_thank_you_page_is_not_guessed(reader: Visitor, query: str) -> None:
    reader.enquire()
    assert reader.get(f"/contact/thanks{query}").status_code == 404


def test_a_thank_you_page_ends(reader: Visitor, clock: Clock) -> None:
    sent = reader.enquire()
    clock.now += timedelta(days=31)
    assert reader.get(sent.location).status_code == 404


def test_how_and_when_to_answer_is_told_to_the_clinic(app: Flask, reader: Visitor) -> None:
    sent = reader.enquire(phone="0825550134", way="text", time="weekdays after 16:00")
    thanks = reader.get(sent.location).text
    assert "You get an answer by a text message." in thanks
    assert "weekdays after 16:00" in thanks
    with app.app_context():
        enquiry = newest()
        assert (enquiry.preferred_way, enquiry.preferred_time) == (Way.TEXT, "weekdays after 16:00")
        assert enquiry.mail
        for part in (enquiry.mail.text, enquiry.mail.html):
            assert "by a text message; weekdays after 16:00" in part


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "by email."),
        ({"email": "", "phone": "0825550134"}, "by phone."),
        ({"phone": "0825550134"}, "by email or phone."),
    ],
)
def test_the_thank_you_page_says_how_the_answer_will_come(
    reader: Visitor, given: dict[str, str], said: str
) -> None:
    thanks = reader.get(reader.enquire(**given).location).text
    assert f"You get an answer {said}" in thanks


def test_an_address_that_may_be_mistyped_is_pointed_out_and_taken(
    app: Flask, reader: Visitor
) -> None:
    thanks = reader.get(reader.enquire(email="lerato@gmial.com").location).text
    assert "looks much like <b>lerato@gmail.com</b>" in thanks
    assert "Is this right?" not in reader.get(reader.enquire().location).text
    with app.app_context():
        mails = [mail.text for mail in outbox.recent()]
        assert ["it looks much like lerato@gmail.com" in mail for mail in mails] == [False, True]


def correct(reader: Visitor, place: str, **typed: str) -> TestResponse:
    return reader.post(place, reader.form(place, place) | typed)


def test_an_address_can_be_put_right_on_the_thank_you_page(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(email="lerato@gmial.com", phone="0825550134").location
    form = reader.form(place, place)
    for _ in range(2):
        assert reader.post(place, form).location == place
    assert "Is this right?" not in reader.get(place).text
    assert "<dd>lerato@gmail.com</dd>" in reader.get(place).text
    with app.app_context():
        enquiry = newest()
        assert (enquiry.email, enquiry.phone) == ("lerato@gmail.com", "+27825550134")
        (event,) = enquiry.events
        assert (event.kind, event.words) == ("corrected", "lerato@gmial.com, 0825550134")
        second, first = outbox.recent()
        assert event.mail == second
        assert second.thread_id == first.thread_id
        assert second.subject == first.subject
        assert second.reply_to == "lerato@gmail.com"
        for part in (second.text, second.html):
            assert "has put right how to be reached" in part
            assert "lerato@gmail.com" in part


def test_what_is_right_as_it_was_typed_stays_and_is_asked_about_no_more(
    app: Flask, reader: Visitor
) -> None:
    place = reader.enquire(email="lerato@gmial.com").location
    answer = correct(reader, place, kept="1")
    assert answer.status_code == 303
    page = reader.get(answer.location).text
    assert "<dd>lerato@gmial.com</dd>" in page
    assert "Is this right?" not in page
    with app.app_context():
        assert newest().events == []


def test_a_number_that_nobody_has_can_be_put_right(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(email="", phone="055 555 5555").location
    assert "You typed <b>055 555 5555</b>" in reader.get(place).text
    assert correct(reader, place, phone="nothing").status_code == 422
    nothing = correct(reader, place, phone="")
    assert nothing.status_code == 422
    assert "<title>Error:" in nothing.text
    assert correct(reader, place, phone="082 555 0134").status_code == 303
    with app.app_context():
        assert newest().phone == "+27825550134"
        assert "+27 82 555 0134" in outbox.recent()[0].text


def test_a_correction_comes_within_a_day_and_from_who_wrote(
    app: Flask, reader: Visitor, clock: Clock
) -> None:
    place = reader.enquire(email="lerato@gmial.com").location
    form = reader.form(place, place)
    assert reader.post("/contact/thanks?enquiry=forged", form).status_code == 404
    assert reader.post(place, form | {"form_token": "forged"}).status_code == 422
    clock.now += timedelta(hours=25)
    late = reader.post(place, form)
    assert late.status_code == 409
    assert "write once more" in late.text
    with app.app_context():
        assert newest().email == "lerato@gmial.com"


def test_a_correction_in_a_summary_names_nobody(make_app: Any) -> None:
    app = make_app(enquiry_mail="summary")
    reader = Visitor(app)
    place = reader.enquire(email="lerato@gmial.com").location
    assert correct(reader, place).status_code == 303
    with app.app_context():
        mail = outbox.recent()[0]
        assert mail.reply_to is None
        for part in (mail.text, mail.html):
            assert "lerato" not in part.lower()
            assert newest().reference in part


# What had better not be sent


def test_medical_words_are_pointed_out_before_anything_is_sent(app: Flask, reader: Visitor) -> None:
    own = "I take Roaccutane. My number is 8001015009087."
    answer = reader.enquire(own)
    shown = unescape(answer.text)
    assert answer.status_code == 422
    assert "It mentions an identity number, “Roaccutane”." in shown
    assert "<title>Look again:" in shown
    assert f"{own}</textarea>" in shown
    assert "There is a problem" not in shown
    assert enquired(app) == 0


def test_what_is_sent_anyway_is_kept_out_of_the_mail_and_the_list(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    reader.enquire("I take Roaccutane.", anyway="y")
    with app.app_context():
        enquiry = newest()
        assert enquiry.is_sensitive
        assert enquiry.mail
        for part in (enquiry.mail.text, enquiry.mail.html):
            assert "Roaccutane" not in part
            assert "may hold medical details" in part
            assert "lerato@reader.example" in part
        reference = enquiry.reference
    assert "Roaccutane" not in author.get("/admin/enquiries").text
    assert "I take Roaccutane." in author.get(f"/admin/enquiries/{reference}").text


def test_what_was_changed_needs_no_anyway(app: Flask, reader: Visitor) -> None:
    assert reader.enquire("I take Roaccutane.").status_code == 422
    assert reader.enquire("I take vitamins.").status_code == 303
    with app.app_context():
        assert not newest().is_sensitive


def test_anyway_takes_nothing_that_is_wrong_otherwise(app: Flask, reader: Visitor) -> None:
    answer = reader.enquire("I take Roaccutane.", anyway="y", consent="")
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert enquired(app) == 0


# The consent


WORDING = "The clinic may keep what I write here in order to answer me."


def change_wording(app: Flask) -> None:
    """Change what visitors agree to, as a sync after somebody edited site.toml."""
    with app.app_context(), db.writing():
        change = text("UPDATE site_words SET text = REPLACE(text, :old, 'Something else.')")
        db.session.execute(change, {"old": WORDING})


def test_an_enquiry_refers_to_the_wording_its_sender_saw(app: Flask, reader: Visitor) -> None:
    filled = reader.form("/contact", "/contact") | {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "topic": "Microneedling",
        "message": "Before.",
        "consent": "y",
    }
    change_wording(app)
    late = reader.post("/contact", filled)
    assert late.status_code == 422
    assert "These words have changed since." in late.text
    assert "Something else.</label>" in late.text
    assert "checked" not in late.text
    assert reader.enquire("After.").status_code == 303
    with app.app_context():
        assert newest().consent.text == "Something else."


def test_a_wording_that_was_agreed_to_before_is_still_taken_from_an_older_page(
    app: Flask, reader: Visitor
) -> None:
    reader.enquire("First.")
    filled = reader.form("/contact", "/contact")
    change_wording(app)
    own = {
        "name": "Lerato",
        "email": "lerato@reader.example",
        "topic": "Microneedling",
        "message": "Second.",
        "consent": "y",
    }
    wrong = reader.post("/contact", filled | own | {"name": ""})
    assert "checked" not in wrong.text
    assert reader.post("/contact", filled | own).status_code == 303
    with app.app_context():
        first, second = enquiries.in_folder(Folder.ALL)
        assert first.consent_id == second.consent_id


def test_a_summary_tells_the_mail_server_nothing_of_who_wrote(make_app: Any) -> None:
    app = make_app(enquiry_mail="summary")
    Visitor(app).enquire("May I book for Tuesday?", about=ARTICLE)
    with app.app_context():
        enquiry = newest()
        mail = enquiry.mail
        assert mail
        assert mail.reply_to is None
        assert mail.subject == f"Enquiry {enquiry.reference}: Microneedling"
        for part in (mail.text, mail.html):
            assert enquiry.reference in part
            assert f"/admin/enquiries/{enquiry.reference}" in part
            for own in ("Lerato", "lerato@", "Tuesday", "sets them apart"):
                assert own not in part


def test_a_site_of_no_country_takes_a_number_as_it_was_typed(app: Flask, reader: Visitor) -> None:
    with app.app_context(), db.writing():
        change = "UPDATE site_words SET text = REPLACE(text, 'en-ZA', 'en')"
        db.session.execute(text(change))
    assert "+27 82 555 0134" in reader.enquire(phone="call me, then").text
    sent = reader.enquire(phone="082 555 0134")
    assert "<dd>082 555 0134</dd>" in reader.get(sent.location).text
    with app.app_context():
        assert (newest().phone, newest().phone_typed) == ("", "082 555 0134")


# What old rows, races and odd numbers do


def test_a_number_of_before_they_were_understood_is_shown_as_it_was_typed(
    app: Flask, reader: Visitor, author: Visitor
) -> None:
    place = reader.enquire(phone="082 555 0134").location
    with app.app_context():
        reference = newest().reference
        with db.writing():
            db.session.execute(text("UPDATE enquiry SET phone = phone_typed"))
    assert "<dd>082 555 0134</dd>" in reader.get(place).text
    assert "082 555 0134" in author.get(f"/admin/enquiries/{reference}").text


def test_what_was_typed_beside_a_number_is_not_left_out(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(phone="082 555 0134 ext 12").location
    assert "082 555 0134 ext 12" in reader.get(place).text
    with app.app_context():
        mail = newest().mail
        assert mail
        assert "082 555 0134 ext 12" in mail.text


def test_who_is_suspected_reaches_no_mailbox_by_correcting(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(note="trapped", email="a@gmial.com").location
    form = reader.form(place, place)
    assert reader.post(place, form).location == place
    with app.app_context():
        assert outbox.recent() == []
        (enquiry,) = enquiries.in_folder(Folder.SUSPECTED, now=db.utc_now())
        assert enquiry.email == "a@gmail.com"
        assert [event.kind for event in enquiry.events] == ["corrected"]


def test_a_correction_is_offered_for_as_long_as_it_is_taken(reader: Visitor, clock: Clock) -> None:
    place = reader.enquire(email="lerato@gmial.com").location
    clock.now += timedelta(days=1)
    assert "Is this right?" in reader.get(place).text
    clock.now += timedelta(seconds=1)
    assert "Is this right?" not in reader.get(place).text


def test_corrections_at_one_moment_follow_one_another(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(email="lerato@gmial.com").location
    form = reader.form(place, place)

    def send(number: int) -> int:
        twin = Visitor(app, address=f"192.0.2.{number + 1}")
        return twin.post(place, form | {"email": f"b{number}@gmail.com"}).status_code

    assert at_once(app, *[partial(send, number) for number in range(4)]) == [303] * 4
    with app.app_context():
        enquiry = newest()
        told = [event.words for event in enquiry.events]
        assert len(set(told)) == 4
        assert told[0] == "lerato@gmial.com"
        last = max(outbox.recent(), key=lambda mail: mail.id)
        assert last.reply_to == enquiry.email


def test_what_is_tried_again_after_a_rush_finds_its_enquiry(app: Flask, reader: Visitor) -> None:
    place = reader.enquire(email="lerato@gmial.com").location
    form = reader.form(place, place)
    for _ in range(11):
        answer = reader.post(place, form | {"form_token": "forged"})
    assert answer.status_code == 429
    assert f'action="{place}"' in unescape(answer.text)
