"""Words that templates make: times in the site's zone, numbers, names, and the site's own words."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from sqlalchemy import text

from blog import assets, db, templating
from blog.articles import Article
from blog.content import Commenting
from tests.cast import Clock

pytestmark = pytest.mark.one_database("what templates make of values is made without the database")

MakeApp = Callable[..., Flask]


def words(app: Flask, template: str, **values: object) -> str:
    with app.test_request_context("/contact"):
        return render_template_string(template, **values)


@pytest.mark.parametrize(
    ("moment", "day", "moment_words"),
    [
        (datetime(2026, 3, 10, 12, 5, tzinfo=UTC), "10 March 2026", "10 March 2026, 14:05"),
        (datetime(2026, 3, 10, 22, 30, tzinfo=UTC), "11 March 2026", "11 March 2026, 00:30"),
        (datetime(2025, 12, 31, 22, 0, tzinfo=UTC), "1 January 2026", "1 January 2026, 00:00"),
        (
            datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=9))),
            "5 January 2026",
            "5 January 2026, 02:00",
        ),
    ],
)
def test_a_time_is_told_in_the_sites_zone(
    app: Flask, moment: datetime, day: str, moment_words: str
) -> None:
    assert words(app, "{{ moment|date }}", moment=moment) == day
    assert words(app, "{{ moment|datetime_words }}", moment=moment) == moment_words


def test_a_zone_with_summer_time_is_followed(app: Flask) -> None:
    with app.app_context(), db.writing():
        db.session.execute(text("UPDATE site_words SET text = :t"), {"t": BERLIN})
    winter, summer = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 12, tzinfo=UTC)
    template = "{{ a|datetime_words }} / {{ b|datetime_words }}"
    said = words(app, template, a=winter, b=summer)
    assert said == "1 January 2026, 13:00 / 1 July 2026, 14:00"


BERLIN = 'time_zone = "Europe/Berlin"'


def test_a_time_for_programs_is_utc_to_the_second(app: Flask) -> None:
    moment = datetime(2026, 3, 10, 1, 2, 3, 456, tzinfo=timezone(timedelta(hours=2)))
    assert words(app, "{{ moment|machine }}", moment=moment) == "2026-03-09T23:02:03Z"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        ({"seconds": -60}, "just now"),
        ({"seconds": 0}, "just now"),
        ({"seconds": 59}, "just now"),
        ({"seconds": 60}, "1 minute ago"),
        ({"minutes": 59, "seconds": 59}, "59 minutes ago"),
        ({"hours": 1}, "1 hour ago"),
        ({"hours": 23, "minutes": 59}, "23 hours ago"),
        ({"days": 1}, "1 day ago"),
        ({"days": 6, "hours": 23}, "6 days ago"),
        ({"days": 7}, "1 week ago"),
        ({"days": 30}, "4 weeks ago"),
        ({"days": 31}, "1 month ago"),
        ({"days": 365}, "11 months ago"),
        ({"days": 366}, "1 year ago"),
        ({"days": 3_660}, "10 years ago"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit_that_fits(
    clock: Clock, ago: dict[str, float], said: str
) -> None:
    assert templating.since(clock.now - timedelta(**ago)) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "no comments"),
        (1, "1 comment"),
        (2, "2 comments"),
        (999, "999 comments"),
        (1_000, "1,000 comments"),
        (1_234_567, "1,234,567 comments"),
    ],
)
def test_how_many_is_told_as_a_person_would(number: int, said: str) -> None:
    assert templating.count(number, "comment") == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nomsa", "N"),
        ("Nomsa Khumalo", "NK"),
        ("nomsa van der khumalo", "NK"),
        ("Sandra de Beer", "SB"),
        ("  Nomsa\t Khumalo  ", "NK"),
        ("O’Neill", "O"),
        ("Zoe\u0308 E\u0301va", "ZÉ"),
        ("निशा कुमार", "निकु"),
        ("ნინო", "ნ"),
        ("한지민", "한"),
        ("Z\u0335\u0321\u031b\u032e\u032f\u0330algo", "Z\u0335\u0321\u031b"),
        ("élodie", "É"),
        ("ß", "S"),
        ("ßa ßb", "SS"),
        ("ﬁona ﬂora", "FF"),
        ("王小明", "王"),
        ("محمد علي", "مع"),
        ("שלום", "ש"),
        ("\u200fשלום", "ש"),
        ("👩\u200d👩\u200d👧", "·"),
        ("😀 🇿🇦 !", "·"),
        ("‘Mia’ (2)", "M2"),
        ("🌸 Rose", "R"),
        ("Rose 🌸", "R"),
        ("🌸", "·"),
        ('(Dr) "Sam" Doe', "DD"),
        ("7 of 9", "79"),
        ("", "·"),
        ("   ", "·"),
        ("\u200b", "·"),
        ("…", "·"),
        ("a" * 200, "A"),
        ("<b>", "B"),
    ],
)
def test_a_name_is_shortened_to_one_or_two_letters(name: str, said: str) -> None:
    assert templating.initials(name) == said


def test_a_name_has_one_colour_on_a_site_and_another_elsewhere(make_app: MakeApp) -> None:
    names = [f"Reader {number}" for number in range(300)]
    found = []
    for key in ("one secret, long enough to be taken", "another secret, long enough as well"):
        app = make_app(secret_key=key)
        with app.app_context():
            found.append([templating.colour(name) for name in names])
            assert [templating.colour(name) for name in names] == found[-1]
    assert {*found[0]} == {*found[1]} == {*range(templating.COLOURS)}
    assert found[0] != found[1]


def _luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    digits = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_initials_can_be_read_on_every_colour_in_both_themes() -> None:
    sheet = (assets.FOLDER / "style.css").read_text(encoding="utf-8")
    pair = r"light-dark\(#(\w+), #(\w+)\)"
    ink = re.findall(rf"--accent-ink: {pair}", sheet)[0]
    palette = {
        number: colours
        for number, *colours in re.findall(rf"^\.f(\d+) {{ background: {pair} }}", sheet, re.M)
    }
    assert [*map(int, palette)] == [*range(templating.COLOURS)]
    contrasts = [
        (max(lights) + 0.05) / (min(lights) + 0.05)
        for colours in palette.values()
        for lights in ([*map(_luminance, both)] for both in zip(colours, ink, strict=True))
    ]
    assert len(contrasts) == 2 * templating.COLOURS
    assert min(contrasts) >= 4.5
    assert len({*map(tuple, palette.values())}) == templating.COLOURS


def test_templates_have_the_sites_words_and_paths_at_hand(app: Flask, clock: Clock) -> None:
    template = (
        "{{ site.title }}|{{ year }}|{{ now|date }}|{{ request_path }}"
        '|{{ url.article("a") }}|{{ absolute(url.topic("t")) }}|{{ "one two"|excerpt(5) }}'
    )
    said = words(app, template).split("|")
    assert said[:6] == [
        "The Skin Journal",
        "2026",
        "4 May 2026",
        "/contact",
        "/articles/a",
        "http://127.0.0.1:8000/topics/t",
    ]
    assert said[6].startswith("one")


@pytest.mark.parametrize(
    ("site", "own", "said"),
    [
        ("pre", Commenting.OPEN, "True"),
        ("post", Commenting.OPEN, "False"),
        ("pre", Commenting.POST, "False"),
    ],
)
def test_templates_know_whether_comments_are_read_first(
    make_app: MakeApp, site: str, own: Commenting, said: str
) -> None:
    article = Article(comments=own)
    assert words(make_app(comments=site), "{{ are_comments_read_first(it) }}", it=article) == said


def test_the_year_is_that_of_the_sites_zone(app: Flask, clock: Clock) -> None:
    clock.now = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    assert words(app, "{{ year }}") == "2027"


def test_words_are_escaped_in_pages_and_left_alone_in_text(app: Flask) -> None:
    hostile = "<script>alert('x')</script> & \"quotes\""
    with app.test_request_context():
        for name in ("error.html", "comment.html"):
            assert app.select_jinja_autoescape(name)
        assert not app.select_jinja_autoescape("mail/enquiry.txt")
    said = words(app, "{{ text }}", text=hostile)
    assert "<script>" not in said
    assert "&#34;quotes&#34;" in said


def test_outside_a_request_there_is_no_path(app: Flask) -> None:
    with app.app_context():
        assert render_template_string("[{{ request_path }}] {{ site.title }}") == (
            "[] The Skin Journal"
        )


def test_the_sites_words_are_read_once_for_a_page(app: Flask) -> None:
    with app.test_request_context():
        first = templating.site()
        with db.writing():
            db.session.execute(text("UPDATE site_words SET text = ''"))
        assert templating.site() is first
    with app.test_request_context():
        assert templating.site().title == "Clinic Blog"


def test_without_a_database_plain_words_stand_for_the_sites(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(database_url=f"sqlite:///{tmp_path}/none/blog.db")
    moment = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    said = words(app, "{{ site.title }}: {{ moment|datetime_words }}", moment=moment)
    assert said == "Clinic Blog: 10 March 2026, 22:30"


def test_a_line_on_which_a_template_only_decides_leaves_none_behind(app: Flask) -> None:
    template = "a\n{% if true %}\n  b\n  {% endif %}\nc"
    assert words(app, template) == "a\n  b\nc"


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (1, "1"), (999, "999"), (1_000, "1,000+"), (1_001, "1,001+")]
)
def test_comments_in_a_state_are_only_counted_so_far(app: Flask, number: int, said: str) -> None:
    assert words(app, "{{ number|tally }}", number=number) == said
