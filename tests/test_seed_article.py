"""The first article's words are the clinic's: none may be lost, added or moved."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from blog import content

ROOT = Path(__file__).resolve().parent.parent / "content"
SITE = content.read_site(ROOT)

SENTENCES = """\
Two popular techniques in the world of skincare are mesotherapy and microneedling.
Though they may seem similar at first glance, these treatments differ significantly in their approach, application, and results.
Let's dive deeper into what sets them apart.
Understanding Mesotherapy
Mesotherapy is a minimally invasive procedure that involves the injection of a cocktail of vitamins, enzymes, hormones, and plant extracts into the mesodermal layer of the skin.
This treatment is designed to rejuvenate and tighten skin, as well as remove excess fat.
Key Benefits of Mesotherapy
Skin Rejuvenation: The nutrient-rich solution helps to rejuvenate the skin, making it appear more youthful and radiant.
Fat Reduction: It can aid in the reduction of fat in specific areas, helping to contour the body.
Hair Loss Treatment: Mesotherapy can also stimulate hair growth in individuals experiencing hair thinning or loss.
Customizable: The treatment can be tailored to the specific needs of the patient, addressing a variety of skin concerns.
Exploring Microneedling
Microneedling, also known as collagen induction therapy, involves the use of fine needles to create micro-injuries in the skin.
These micro-injuries trigger the body’s natural wound healing process, resulting in increased collagen and elastin production.
Key Benefits of Microneedling
Collagen Boost: The micro-injuries stimulate collagen and elastin production, leading to firmer, smoother skin.
Scar Reduction: Effective in reducing the appearance of scars, including acne scars.
Improved Texture: Enhances skin texture and reduces pore size.
Minimal Downtime: The procedure has minimal downtime, making it a convenient option for many patients.
Comparing Mesotherapy and Microneedling
While both treatments aim to improve skin health and appearance, they do so in different ways and are best suited for different concerns.
Mesotherapy Microneedling
Mechanism Involves injecting a nutrient-rich solution into the mesoderm.
Uses needles to create micro-injuries on the skin’s surface.
Primary Focus Focuses on delivering nutrients directly to the skin layers, addressing issues like aging, fat reduction, and hair loss.
Aims to boost the skin’s natural healing process to improve texture and reduce scars.
Customization Highly customizable with different solutions tailored to the patient's specific needs.
Customization is more about adjusting needle depth and treatment frequency.
Pain and Recovery Can be more painful due to injections, and recovery might involve some swelling and bruising.
Generally, less painful with quicker recovery time, though it can cause temporary redness and sensitivity.
Choosing the Right Treatment
The choice between mesotherapy and microneedling depends on the specific needs and goals of the patient.
For those looking to address multiple skin concerns with a tailored approach, mesotherapy might be the ideal choice.
On the other hand, for patients focused on improving skin texture, reducing scars, and stimulating collagen production, microneedling is often more appropriate.
Both mesotherapy and microneedling are valuable tools in a somatologist’s arsenal, offering unique benefits to enhance skin health and appearance.
Feel free to reach out if you have any questions or need further information on these treatments.
As always, your skin health is our top priority.
"""

ABOUT_THE_AUTHOR = """\
Sandra de Beer, a certified Somatologist with over 10 years of experience, specializes in advanced skincare treatments.
Passionate about helping clients achieve their skin goals, Sandra stays updated with the latest in skincare technology and techniques.
"""


def words(text: str) -> str:
    """Take the marks of Markdown away, and leave the words with one space between them."""
    return " ".join(re.sub(r"^#+ |^\d+\. |\*\*|\||---", " ", text, flags=re.MULTILINE).split())


def article() -> content.ArticleFile:
    path = "mesotherapy-or-microneedling"
    text = (ROOT / "articles" / f"{path}.md").read_text(encoding="utf-8")
    return content.parse_article(path, text, zone=SITE.zone)


def test_the_article_is_the_clinics_text_word_for_word() -> None:
    assert words(article().body) == " ".join(SENTENCES.split())


def test_the_author_is_described_in_the_clinics_words() -> None:
    text = (ROOT / "authors" / "sandra-de-beer.md").read_text(encoding="utf-8")
    author = content.parse_author("sandra-de-beer", text)
    assert (author.name, author.role) == ("Sandra de Beer", "Certified somatologist")
    assert words(author.body) == " ".join(ABOUT_THE_AUTHOR.split())


def test_the_article_has_headings_lists_and_one_table() -> None:
    body = article().body
    assert len(re.findall(r"^## \S", body, re.MULTILINE)) == 4
    assert len(re.findall(r"^### \S", body, re.MULTILINE)) == 2
    assert len(re.findall(r"^[1-4]\. \*\*[^*]+:\*\* ", body, re.MULTILINE)) == 8
    table = re.findall(r"^\|.*$", body, re.MULTILINE)
    assert table[0] == "|  | Mesotherapy | Microneedling |"
    rows = [line.split("|")[1].strip() for line in table[2:]]
    assert rows == ["Mechanism", "Primary Focus", "Customization", "Pain and Recovery"]


def test_the_summary_is_one_of_the_articles_own_sentences() -> None:
    assert article().summary in SENTENCES.splitlines()


def test_the_article_says_who_wrote_it_when_and_about_what() -> None:
    read = article()
    assert read.title == "Mesotherapy or microneedling: what sets them apart?"
    assert read.authors == ("sandra-de-beer",)
    assert read.topics == (content.Topic("Treatments compared", "treatments-compared"),)
    assert read.published_at is not None
    assert read.published_at.astimezone(SITE.zone).date().isoformat() == "2026-03-10"


def test_every_file_of_words_is_read_without_a_warning() -> None:
    parse: dict[content.Kind, Callable[[str, str], Any]] = {
        content.Kind.ARTICLE: partial(content.parse_article, zone=SITE.zone),
        content.Kind.AUTHOR: content.parse_author,
        content.Kind.PAGE: content.parse_page,
    }
    sources = content.list_files(ROOT)
    assert {source.kind for source in sources} == set(content.Kind)
    for source in sources:
        assert parse[source.kind](source.id, content.read_text(ROOT, source)).warnings == ()
    assert SITE.warnings == ()


def test_made_up_details_of_the_clinic_are_marked_as_placeholders() -> None:
    lines = (ROOT / "site.toml").read_text(encoding="utf-8").splitlines()
    details = [SITE.clinic_name, SITE.clinic_email, SITE.clinic_phone]
    for detail in [*details, SITE.clinic_address, SITE.clinic_hours, SITE.contact_consent]:
        index = next(number for number, line in enumerate(lines) if f'"{detail}"' in line)
        assert lines[index - 1].startswith("# Placeholder: ")
    assert SITE.clinic_email.endswith(".example")


def test_every_link_of_the_site_to_a_file_of_words_finds_it() -> None:
    files = {f"/{source.path}".removesuffix(".md") for source in content.list_files(ROOT)}
    paths = {link.url for link in (*SITE.navigation, *SITE.footer)}
    assert {"/authors/sandra-de-beer", "/contact", "/"} <= paths
    assert "/authors/sandra-de-beer" in files
    assert {"/pages/privacy", "/pages/comment-policy"} <= files


def test_the_manual_of_content_tells_of_every_field_of_an_article() -> None:
    manual = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = manual.partition("| Field |")[2].partition("\n## ")[0].split("\n| ")[1:]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row.partition(" | ")[0])}
    not_typed = {"id", "extra", "body", "body_line", "warnings"}
    known = {field.name.removesuffix("_at") for field in fields(content.ArticleFile)} - not_typed
    assert told - {"author"} == known - {"published"} | {"date"}


def test_the_example_in_the_manual_of_content_works() -> None:
    manual = (ROOT / "README.md").read_text(encoding="utf-8")
    example = manual.partition("```markdown\n")[2].partition("```")[0]
    assert content.parse_article("example", example, zone=SITE.zone).warnings == ()
