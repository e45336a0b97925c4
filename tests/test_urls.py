"""Where things are: every path is one the application answers, and links are absolute."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from blog import urls

PATHS = {
    urls.article("skin-in-winter"): "/articles/skin-in-winter",
    urls.comments("skin-in-winter"): "/articles/skin-in-winter",
    urls.comments("skin-in-winter", 2): "/articles/skin-in-winter?comments=2",
    urls.markdown("skin-in-winter"): "/articles/skin-in-winter.md",
    urls.comment("skin-in-winter", 7): "/articles/skin-in-winter/comments/7",
    urls.replies("skin-in-winter", 7): "/articles/skin-in-winter/comments/7/replies",
    urls.replies("skin-in-winter", 7, 2): "/articles/skin-in-winter/comments/7/replies?page=2",
    urls.topic("daily-care"): "/topics/daily-care",
    urls.author("sandra-de-beer"): "/authors/sandra-de-beer",
    urls.page("privacy"): "/privacy",
    urls.feed(): "/feed.xml",
    urls.feed("", "json"): "/feed.json",
    urls.feed(urls.topic("daily-care")): "/topics/daily-care/feed.xml",
    urls.feed(urls.author("sandra-de-beer"), "json"): "/authors/sandra-de-beer/feed.json",
    urls.comments_feed("skin-in-winter"): "/articles/skin-in-winter/comments/feed.xml",
    urls.sitemap(): "/sitemap.xml",
    urls.sitemap("2"): "/sitemap-2.xml",
    urls.contact(): "/contact",
    urls.contact("skin-in-winter"): "/contact?about=skin-in-winter",
    urls.enquiry("AB12-CD34"): "/admin/enquiries/AB12-CD34",
    urls.review(): "/admin/comments",
}


@pytest.mark.parametrize(("made", "path"), PATHS.items())
def test_a_path_is_made_of_what_it_leads_to(made: str, path: str) -> None:
    assert made == path


def test_every_path_is_one_the_application_answers(app: Flask) -> None:
    routes = app.url_map.bind("localhost")
    found = {routes.match(urlsplit(path).path, method="GET")[0] for path in PATHS.values()}
    assert len(found) == 16
    assert "static" not in found


@pytest.mark.parametrize("text", ["0", "7", "2147483647", "0000000007"])
def test_the_number_of_a_row_is_read(text: str) -> None:
    assert urls.row_id(text) == int(text)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1\n", "1_0", "1.0", "\u0663", "²", "x", "2147483648", "0" * 11]
)
def test_what_no_database_could_hold_is_no_number_of_a_row(text: str) -> None:
    with pytest.raises(ValueError, match="not the number of a row"):
        urls.row_id(text)


@pytest.mark.parametrize(
    "article_id", ["a&b=c", "a#b", "a b", "é", "<script>", '"', "a?b", "a%26b", "//evil.example"]
)
def test_an_article_id_stays_one_value_of_the_contact_link(article_id: str) -> None:
    parts = urlsplit(urls.contact(article_id))
    assert (parts.netloc, parts.path, parts.fragment) == ("", "/contact", "")
    assert parse_qs(parts.query) == {"about": [article_id]}


def test_a_link_in_a_mail_is_absolute(app: Flask) -> None:
    with app.app_context():
        assert urls.absolute(urls.review()) == "http://127.0.0.1:8000/admin/comments"


def test_a_link_follows_the_sites_address(make_app: Callable[..., Flask]) -> None:
    with make_app(site_url="https://Blog.Clinic.Example/").app_context():
        assert urls.absolute("/") == "https://blog.clinic.example/"
