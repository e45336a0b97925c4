"""Comments written out: what the JSON holds and leaves out, and that WordPress' format is read again."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from sqlalchemy import text

from blog import accounts, comments, db, exports, imports
from blog.comments import CommentState
from blog.imports import Wish
from tests.cast import ARTICLE, AUTHOR, CLOCK, SECOND, Visitor, article

DATA = Path(__file__).parent / "data" / "imports"


def written(kind: exports.Kind = exports.Kind.JSON, **choice: Any) -> str:
    db.session.rollback()
    return "".join(exports.write(kind, exports.Choice(**choice), now=CLOCK))


def rows(**choice: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(written(**choice))["comments"]
    return found


@pytest.fixture
def filled(app: Flask, reader: Visitor) -> Flask:
    """A site with comments of two articles, one hidden in part by who decided about it."""
    name = "Nomsa, call 082 555 0134"
    reader.comment("Call 011 555 0100 & <ask>", name=name, email="nomsa@reader.example")
    reader.comment("Second", slug=SECOND)
    with app.app_context():
        by = accounts.by_email(AUTHOR.email)
        assert by
        latest = comments.recent()[1].id
        with db.writing():
            (comment,) = comments.by_ids([latest])
            comment.hide("ZA", by=by, now=CLOCK)
            comment.approve(by=by, now=CLOCK)
            draft = comments.compose(article(), name="Sandra", body="Gladly", parent_id=comment.id)
            comments.reply(comment, draft, by=by, now=CLOCK)
    return app


def test_the_json_says_what_it_is_and_holds_all_of_a_comment(filled: Flask) -> None:
    with filled.app_context():
        whole = json.loads(written())
        assert (whole["format"], whole["version"]) == ("clinic-blog comments", 1)
        assert whole["exported_at"] == "2026-05-04T09:30:00Z"
        first, second, reply = whole["comments"]
    assert first["original"] == "Call 011 555 0100 & <ask>"
    assert first["source"] == "Call (phone number hidden) & <ask>"
    assert first["original_name"] == "Nomsa, call 082 555 0134"
    assert first["name"] == "Nomsa, call (phone number hidden)"
    assert (first["email"], first["decided_by"]) == ("nomsa@reader.example", AUTHOR.email)
    assert (first["state"], second["state"]) == ("approved", "pending")
    assert (first["article"], second["article"]) == (ARTICLE, SECOND)
    assert (reply["author"], reply["parent"], first["author"]) == (AUTHOR.email, first["id"], False)


def test_without_addresses_nothing_given_in_confidence_is_left(filled: Flask) -> None:
    with filled.app_context():
        said = written(has_addresses=False)
    assert "@" not in said
    assert "011 555 0100" not in said
    assert "082 555 0134" not in said
    assert json.loads(said)["comments"][2]["author"] is True


def test_a_choice_leaves_the_others_out(filled: Flask) -> None:
    with filled.app_context():
        assert [row["article"] for row in rows(article_ids=[SECOND])] == [SECOND]
        assert [row["state"] for row in rows(is_published_only=True)] == ["approved"] * 2
        assert rows(article_ids=["nowhere"]) == []


@pytest.mark.parametrize("state", [CommentState.IMPORTING, CommentState.REPLACED])
def test_what_is_only_passing_is_not_written(filled: Flask, state: CommentState) -> None:
    with filled.app_context():
        with db.writing():
            db.session.execute(text(f"UPDATE comment SET state = '{state}'"))
        assert rows() == []


def test_wordpress_is_given_well_formed_xml_with_html(filled: Flask) -> None:
    with filled.app_context():
        said = written(exports.Kind.WXR)
    wp = "{http://wordpress.org/export/1.2/}"
    items = ET.fromstring(said).findall("channel/item")  # our own words
    assert [item.findtext(f"{wp}post_name") for item in items] == [SECOND, ARTICLE]
    first, reply = items[1].findall(f"{wp}comment")
    assert (
        first.findtext(f"{wp}comment_content")
        == "<p>Call (phone number hidden) &amp; &lt;ask&gt;</p>\n"
    )
    assert first.findtext(f"{wp}comment_author_email") == "nomsa@reader.example"
    assert reply.findtext(f"{wp}comment_parent") == first.findtext(f"{wp}comment_id")
    assert reply.findtext(f"{wp}comment_user_id") == "1"
    assert items[0].findtext(f"{wp}comment/{wp}comment_approved") == "0"


def test_what_no_xml_can_hold_and_an_article_that_is_gone_break_nothing(filled: Flask) -> None:
    with filled.app_context():
        with db.writing():
            db.session.execute(
                text("UPDATE comment SET name = :name, article_id = 'gone'"),
                {"name": "a\x0bb\ufffe"},
            )
        said = written(exports.Kind.WXR, has_addresses=False)
        assert "<title>gone</title>" in said
        assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}" in said
        assert "nomsa@" not in said
        ET.fromstring(said)


def test_what_was_written_for_wordpress_can_be_read_again(filled: Flask, tmp_path: Path) -> None:
    path = tmp_path / "all.xml"
    with filled.app_context():
        path.write_text(written(exports.Kind.WXR))
        report = imports.run(path, Wish(), progress=lambda *_: None, now=CLOCK)
        assert report.new == {"approved": 2, "pending": 1}
