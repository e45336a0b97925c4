"""Markdown to HTML: what authors and readers get for what they type."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from blog import markup
from blog.errors import MarkupError
from blog.markup import Picture, Survey
from tests.data.html_inspector import Inspector, article_faults


def article(source: str) -> str:
    return markup.render_article(source).html.strip()


def comment(source: str) -> str:
    return markup.render_comment(source).strip()


def refused(render: Callable[[str], Any], source: str) -> MarkupError:
    with pytest.raises(MarkupError) as caught:
        render(source)
    return caught.value


# Comments


def test_a_comment_keeps_paragraphs_and_single_line_breaks() -> None:
    html = comment("Dear Sandra,\nthank you.\r\n\r\nBye\rN.")
    assert html == "<p>Dear Sandra,<br>\nthank you.</p>\n<p>Bye<br>\nN.</p>"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**So** *good* `1 < 2`", "<p><strong>So</strong> <em>good</em> <code>1 &lt; 2</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("7. a\n8. b", '<ol start="7">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> a\n> b", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"),
        ("```py\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        (r"\*as it is\* &copy; &lt;", "<p>*as it is* © &lt;</p>"),
        ("", ""),
    ],
)
def test_a_comment_may_have_emphasis_lists_quotes_and_code(source: str, html: str) -> None:
    assert comment(source) == html


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("[a](https://x.org/?a=1&b=2)", "https://x.org/?a=1&b=2"),
        ("[a](HTTP://x.org)", "HTTP://x.org"),
        ("[a](mailto:me@x.org)", "mailto:me@x.org"),
        ("<https://x.org>", "https://x.org"),
        ("<me@x.org>", "mailto:me@x.org"),
        ("![a](https://x.org/a.png)", "https://x.org/a.png"),
    ],
)
def test_a_link_in_a_comment_earns_nothing_and_tells_nothing(source: str, url: str) -> None:
    tags = Inspector(comment(source)).tags
    assert tags == [("p", {}), ("a", {"href": url, "rel": "ugc nofollow noreferrer noopener"})]


@pytest.mark.parametrize(
    "source",
    [
        "[a](javascript:alert(1))",
        "[a](ftp://x.org)",
        "[a](tel:123)",
        "[a](/contact)",
        "[a](//x.org)",
        "[a](https:x.org)",
        "[a](mailto:)",
        "[a]()",
        "<javascript:alert(1)>",
        "![a](/media/a.png)",
        "# a",
        "a | b\n--- | ---",
        "---",
        "<b onclick=x>a</b> <!-- a --> <?a?>",
        "[a]: https://x.org",
    ],
)
def test_what_a_comment_may_not_be_shows_as_it_was_typed(source: str) -> None:
    inspector = Inspector(comment(source))
    assert inspector.text == source
    assert {tag for tag, _ in inspector.tags} <= {"p", "br"}


def test_words_after_a_fence_are_shown_and_a_language_is_not() -> None:
    assert comment("``` my own words\nx\n```") == "<pre><code>my own words\nx\n</code></pre>"


@pytest.mark.parametrize("source", [">" * 12 + " deep", "- " * 6 + "deep", "> - " * 4 + "deep"])
def test_a_comment_nested_too_deeply_shows_as_it_was_typed(source: str) -> None:
    assert Inspector(comment(source)).text == source


def test_eleven_quotes_within_one_another_are_still_quotes() -> None:
    assert comment(">" * 11 + " deep").count("<blockquote>") == 11


WORDS = ("alpha", "beta", "gamma", "https://delta.example")
MARKS = ("*", "**", "_", "`", "[", "](", ")", "](https://x.org/", ' "', "<", ">", "> ", "- ", "\n")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(WORDS + MARKS + ("\n\n", "1. ", "    ", "<b>", "![")), max_size=16))
def test_no_word_of_a_comment_is_lost(pieces: list[str]) -> None:
    source = "".join(pieces)
    assume("```" not in source)
    inspector = Inspector(comment(source))
    shown = inspector.text + " ".join(inspector.values("href") + inspector.values("title"))
    assert [word for word in WORDS if word in source and word not in shown] == []


def test_what_is_no_character_is_shown_as_one() -> None:
    assert comment("a\x00b\x02c\ud83dd\x7f") == "<p>a\ufffdb\ufffdc\ufffdd\ufffd</p>"


def test_a_comment_that_is_too_long_is_refused_in_a_sentence() -> None:
    assert len(comment("é" * 5_000)) == 5_007
    assert refused(markup.render_comment, "é" * 5_001).message == (
        "A comment can have at most 5,000 characters; this one has 5,001."
    )
    assert comment("a\r\n" * 300).count("a") == 300
    assert refused(markup.render_comment, "a\n" * 301).message == (
        "A comment can have at most 300 lines; this one has 301."
    )


def test_a_comment_that_fails_to_render_shows_as_it_was_typed() -> None:
    def at_depth(frames: int) -> str:
        return at_depth(frames - 1) if frames else markup.render_comment("> *a* & b\nc")

    free_frames = sys.getrecursionlimit() - len(inspect.stack())
    found = {at_depth(free_frames - left) for left in range(15, 60)}
    assert found == {
        "<p>&gt; *a* &amp; b<br>\nc</p>",
        "<blockquote>\n<p><em>a</em> &amp; b<br>\nc</p>\n</blockquote>\n",
    }


# Articles


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('"Quotes" -- stay...', '<p>"Quotes" -- stay...</p>'),
        ("*[CIT]: Collagen\n\nCIT", '<p><abbr title="Collagen">CIT</abbr></p>'),
        ("Term\n:   Words", "<dl>\n<dt>Term</dt>\n<dd>Words</dd>\n</dl>"),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("Text\n{.lede}", '<p class="lede">Text</p>'),
        ("Text\n{.lede .evil onclick=x style=x}", '<p class="lede">Text</p>'),
        ("*ja*{lang=af dir=rtl}", '<p><em dir="rtl" lang="af">ja</em></p>'),
        ("*ja*{dir=up}", "<p><em>ja</em></p>"),
        ("1. a\n\n* b", "<ol>\n<li>a</li>\n</ol>\n<ul>\n<li>b</li>\n</ul>"),
        (
            '!!! warning "Take care"\n    *Text*',
            (
                '<div class="admonition warning">\n<p class="admonition-title">Take care</p>\n'
                "<p><em>Text</em></p>\n</div>"
            ),
        ),
        ("", ""),
    ],
)
def test_an_article_may_use_the_usual_extensions(source: str, html: str) -> None:
    assert article(source) == html


@pytest.mark.parametrize(
    "html",
    [
        (
            '<figure><img src="/media/a.jpg" alt="A" decoding="async">'
            "<figcaption>Words</figcaption></figure>"
        ),
        "<details><summary>More</summary>Text</details>",
        "<p>Press <kbd>Ctrl</kbd> for H<sub>2</sub>O and x<sup>2</sup></p>",
        '<p dir="rtl" lang="ar">مرحبا</p>',
    ],
)
def test_html_that_is_allowed_stays_as_the_author_wrote_it(html: str) -> None:
    assert article(html) == html


@pytest.mark.parametrize(
    "pasted",
    [
        "<script>alert(1)</script>",
        "<style>p{}</style>",
        '<iframe src="https://x.org"></iframe>',
        "<h1>Title</h1>",
    ],
)
def test_html_that_is_not_allowed_shows_as_text(pasted: str) -> None:
    html = article(f"Before\n\n{pasted}\n\nAfter")
    assert pasted in Inspector(html).text
    assert {tag for tag, _ in Inspector(html).tags} == {"p"}


def test_footnotes_are_numbered_as_they_are_read_and_link_both_ways() -> None:
    rendered = markup.render_article("One[^b] two[^a]\n\n[^a]: Note A\n[^b]: Note B")
    inspector = Inspector(rendered.html)
    assert inspector.values("href") == ["#fn:b", "#fn:a", "#fnref:b", "#fnref:a"]
    assert inspector.values("id") == ["fnref:b", "fnref:a", "fn:b", "fn:a"]
    assert rendered.text == "One two Note B Note A"


@pytest.mark.parametrize("marks", [("#", "##", "###"), ("##", "###", "####")])
def test_the_highest_heading_of_an_article_comes_below_the_title(marks: tuple[str, ...]) -> None:
    toc = markup.render_article("\n\n".join(f"{mark} Level" for mark in marks)).toc
    assert [heading.level for heading in toc] == [2, 3, 4]


def test_headings_have_ids_that_clash_with_nothing() -> None:
    source = "# Skin & *hair*[^1]\n\n## Comments\n\n## Comments\n\n## ?!\n\n## Main {#main}\n\n"
    rendered = markup.render_article(
        source + '<h2 id="reply-7">Raw</h2>\n\n<h2>No id</h2>\n\n## مرحبا\n\n[^1]: Note'
    )
    assert rendered.toc == (
        markup.Heading(2, "skin-hair", "Skin & hair"),
        markup.Heading(3, "article-comments", "Comments"),
        markup.Heading(3, "article-comments-2", "Comments"),
        markup.Heading(3, "section", "?!"),
        markup.Heading(3, "article-main", "Main"),
        markup.Heading(2, "article-reply-7", "Raw"),
        markup.Heading(3, "مرحبا", "مرحبا"),
    )
    assert article_faults(rendered.html) == []


def test_an_id_is_given_once_whatever_the_author_wrote() -> None:
    html = article('<p id="x">1</p><p id="x">2</p><p id="x-2">3</p><p id="x">4</p><p id=" ">5</p>')
    assert Inspector(html).values("id") == ["x", "x-2", "x-2-2", "x-3"]


def test_a_table_names_its_columns_and_rows_for_phones_and_screen_readers() -> None:
    source = (
        '| | Meso*therapy* | **Needling** & "co" |\n|---|:-:|--:|\n'
        "| Mechanism | Injects | Uses needles |"
    )
    assert article(source) == (
        '<div aria-label="Table: Mesotherapy, Needling &amp; &quot;co&quot;" class="table"'
        ' role="region" tabindex="0"><table>\n'
        "<thead>\n<tr>\n<td></td>\n"
        '<th class="center" scope="col">Meso<em>therapy</em></th>\n'
        '<th class="right" scope="col"><strong>Needling</strong> &amp; "co"</th>\n'
        "</tr>\n</thead>\n<tbody>\n<tr>\n"
        '<th scope="row">Mechanism</th>\n'
        '<td class="center" data-label="Mesotherapy">Injects</td>\n'
        '<td class="right" data-label="Needling &amp; &quot;co&quot;">Uses needles</td>\n'
        "</tr>\n</tbody>\n</table></div>"
    )


def test_a_table_whose_columns_all_have_names_has_no_row_headers() -> None:
    html = article("> Before\n>\n> a | b {.wide}\n> :-- | --\n> 1 | 2\n>\n> After")
    assert '<th class="left" scope="col">a</th>\n<th class="wide" scope="col">b</th>' in html
    assert '<td class="left" data-label="a">1</td>\n<td data-label="b">2</td>' in html
    assert re.search(
        r'<p>Before</p>\n<div aria-label="Table: a, b".*</div>\n<p>After</p>', html, re.S
    )


def test_a_table_without_any_header_is_still_named() -> None:
    assert '<div aria-label="Table" class="table"' in article("| | |\n|-|-|\n| a | b |")


@pytest.mark.parametrize(
    ("url", "rel"),
    [
        ("https://x.org/", ["noopener noreferrer"]),
        ("//x.org/", ["noopener noreferrer"]),
        ("/contact", []),
        ("#here", []),
        ("mailto:a@x.org", []),
        ("tel:+27123", []),
    ],
)
def test_links_to_other_sites_alone_are_marked(url: str, rel: list[str]) -> None:
    inspector = Inspector(article(f'[a]({url})\n\n<p><a href="{url}" rel="author">b</a></p>'))
    assert (inspector.values("href"), inspector.values("rel")) == ([url, url], rel * 2)


@pytest.mark.parametrize(
    ("picture", "html"),
    [
        (
            '![A face](/media/a.jpg "Title")',
            ('<p><img alt="A face" src="/media/a.jpg" title="Title" decoding="async"></p>'),
        ),
        (
            "![A <face>](https://x.org/a.jpg)",
            '<p><a href="https://x.org/a.jpg" rel="noopener noreferrer">Image: A &lt;face&gt;</a></p>',
        ),
        (
            "![](//x.org/a.jpg)",
            '<p><a href="//x.org/a.jpg" rel="noopener noreferrer">Image: //x.org/a.jpg</a></p>',
        ),
        ("[![A face](https://x.org/a.jpg)](/b)", '<p><a href="/b">Image: A face</a></p>'),
        ("![A face](data:image/png;base64,AAAA)", "<p>Image: A face</p>"),
        ("<p><img></p>", "<p>Image: without an address</p>"),
    ],
)
def test_a_picture_of_another_site_becomes_a_link_to_it(picture: str, html: str) -> None:
    assert article(picture) == html


def test_an_article_that_is_too_large_is_refused_with_its_size() -> None:
    assert markup.render_article("é " * 60_000).words == 60_000
    assert refused(markup.render_article, "é" * 100_001).message == (
        "An article can have at most 200,000 bytes; this one has 200,002."
    )


@pytest.mark.parametrize(
    ("nested", "line"),
    [
        ("* " * 600 + "a", 3),
        (">" * 3_000 + " a", 3),
        ("\n".join("    " * depth + "- a" for depth in range(120)), 122),
        ("<div>" * 2_000, None),
    ],
)
def test_an_article_nested_too_deeply_is_refused_with_its_line(
    nested: str, line: int | None
) -> None:
    error = refused(markup.render_article, f"# Title\n\n{nested}")
    assert error.line == line
    assert error.message == "Lists, quotes or HTML tags are nested too deeply in this text."


def test_an_article_that_breaks_the_parser_is_refused() -> None:
    error = refused(markup.render_article, "One[^2] two[^1]\n\n[^1]:\n[^2]: Words")
    assert error.message.startswith("This text can’t be read as Markdown (AttributeError).")


# Text


def test_plain_text_has_the_words_and_spaces_between_blocks() -> None:
    html = article(
        "# A &amp; B\n\nmicro*needling*\\\nline  \nend\n\n| a | b |\n|---|---|\n| c | d |"
    )
    assert markup.plain_text(html) == "A & B microneedling\\ line end a b c d"
    assert markup.plain_text("") == ""


@pytest.mark.parametrize(
    ("text", "chars", "cut"),
    [
        ("Seven words", 11, "Seven words"),
        ("Seven words", 10, "Seven…"),
        ("Seven, words", 9, "Seven…"),
        ("Seven words", 6, "Seven…"),
        ("A wooooooooooord", 10, "A woooooo…"),
        ("مرحباكبير", 5, "مرحب…"),
        ("Words", 1, "…"),
    ],
)
def test_an_excerpt_is_cut_at_a_word(text: str, chars: int, cut: str) -> None:
    assert markup.excerpt(text, chars) == cut
    assert len(cut) <= chars


# Pictures of this site, and what a text refers to

PICTURES = {
    "2026/my skin.jpg": Picture("/media/2026/my%20skin.jpg?v=1a2b", 1600, 900),
    "plan.svg": Picture("/media/plan.svg?v=3c4d"),
}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("![A](/media/2026/my%20skin.jpg)", 'alt="A" src="/media/2026/my%20skin.jpg?v=1a2b"'),
        ("![A](</media/2026/my skin.jpg>)", 'alt="A" src="/media/2026/my%20skin.jpg?v=1a2b"'),
        ("![A](../media/2026/my%20skin.jpg)", 'alt="A" src="/media/2026/my%20skin.jpg?v=1a2b"'),
        ("![A](/media/2026/my%20skin.jpg?v=old)", 'alt="A" src="/media/2026/my%20skin.jpg?v=1a2b"'),
        ("![A](/media/plan.svg#top)", 'alt="A" src="/media/plan.svg?v=3c4d#top"'),
        ("![A](/media/2026/none.jpg)", 'alt="A" src="/media/2026/none.jpg"'),
        ("![A](/media/../plan.svg)", 'alt="A" src="/media/../plan.svg"'),
        ("![A](plan.svg)", 'alt="A" src="plan.svg"'),
    ],
)
def test_a_picture_of_this_site_gets_its_lasting_address_and_its_size(
    typed: str, shown: str
) -> None:
    size = ' width="1600" height="900"' if "1a2b" in shown else ""
    html = markup.render_article(typed, PICTURES).html
    assert html == f'<p><img {shown} decoding="async"{size}></p>'


@pytest.mark.parametrize("own", ['width="300"', 'height="90"', 'height="9" width="30"'])
def test_a_size_that_was_typed_stays(own: str) -> None:
    html = markup.render_article(
        f'<img src="/media/2026/my skin.jpg" alt="A" {own}>', PICTURES
    ).html
    found = dict(re.findall(r'\b(width|height)="(\d+)"', html))
    assert found == dict(re.findall(r'(width|height)="(\d+)"', own))


def test_only_the_first_picture_is_fetched_at_once() -> None:
    html = article('![A](/media/a.jpg)\n\n<img src="/media/b.jpg" alt="B" loading="lazy">')
    assert html.count('loading="lazy"') == 1
    assert html.index("b.jpg") < html.index('loading="lazy"')
    alone = '<img src="/media/b.jpg" alt="B" loading="lazy">'
    assert "lazy" not in article(alone)


def test_pictures_beside_and_within_a_table_are_the_same_as_without_it() -> None:
    source = (
        "![A](/media/plan.svg)\n\n| B |\n|---|\n| ![](/media/plan.svg) |\n| ![C](/media/c.jpg) |\n"
    )
    rendered = markup.render_article(source, PICTURES)
    assert rendered.html.count('src="/media/plan.svg?v=3c4d"') == 2
    assert rendered.html.count('loading="lazy"') == 2
    assert rendered.survey == Survey(
        pictures=("/media/plan.svg", "/media/c.jpg"), undescribed=("/media/plan.svg",)
    )


def test_a_text_is_surveyed_as_it_was_typed() -> None:
    source = (
        "[a](/articles/a?b=1&c=2#d) [a](/articles/a?b=1&c=2#d) [up](../privacy) [x](https://x.org/)"
        " [y](//y.org) [m](mailto:a@b.example) [e]() ![](/media/a.jpg) ![B](b.jpg)\n\n"
        '<p><img src="c.jpg"> <img src="d.jpg" alt=""> <a id="here">Here</a></p>\n'
    )
    assert markup.render_article(source).survey == Survey(
        links=("/articles/a?b=1&c=2#d", "../privacy"),
        outward=("https://x.org/", "//y.org"),
        pictures=("/media/a.jpg", "b.jpg", "c.jpg", "d.jpg"),
        undescribed=("/media/a.jpg", "c.jpg"),
    )


def test_links_to_parts_of_the_text_that_are_not_there_are_found() -> None:
    source = (
        "## Sun & sea\n\n## Contact\n\n## Title\n\n"
        "[1](#sun-sea) [2](#article-title) [3](#comments) [4](#) [5](#title) [6](#nowhere)"
        " [7](#S%C3%BCn) [8][^1]\n\n[^1]: Note\n"
    )
    assert markup.render_article(source).survey.lost == ("#title", "#nowhere", "#S%C3%BCn")


@pytest.mark.parametrize(
    ("headings", "jumps", "tops"),
    [
        ("## A\n### B\n#### C\n## D", (), ()),
        ("## A\n#### B *b*\n##### C\n#### D", ("B b",), ()),
        ("### A\n### B", (), ()),
        ("### A\n## B", ("A",), ()),
        ("# A\n## B\n# C", (), ("A", "C")),
        ("# A\n### B", ("B",), ("A",)),
    ],
)
def test_headings_out_of_order_are_found(
    headings: str, jumps: tuple[str, ...], tops: tuple[str, ...]
) -> None:
    survey = markup.render_article(headings.replace("\n", "\n\n")).survey
    assert (survey.jumps, survey.tops) == (jumps, tops)
