"""Three stories in a real browser on a phone, each with scripts and without."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, wait_until
from tests.smtp_server import MailServer

ARTICLE = "/articles/mesotherapy-or-microneedling"
Open = Callable[[], Page]


def write_comment(page: Page, name: str, body: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Comment", exact=True).fill(body)


def set_up(page: Page, site: Site) -> None:
    page.goto(site.set_up_link)
    page.get_by_label("Your name").fill("Sandra de Beer")
    page.get_by_label("Email").fill("sandra@skin-clinic.example")
    page.get_by_label("Password").fill("a few words to remember")
    page.locator("form").get_by_role("button").click()
    expect(page).to_have_url(f"{site.address}/admin/")


def test_a_reader_reads_and_comments(site: Site, open_phone: Open, has_scripts: bool) -> None:
    page = open_phone()
    page.goto("/")
    page.get_by_role("link", name=re.compile("Mesotherapy or microneedling")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mesotherapy or microneedling")
    expect(page.get_by_text("Sandra de Beer").first).to_be_visible()
    cell = page.locator('td[data-label="Microneedling"]').first
    expect(cell).to_be_visible()
    assert (
        page.evaluate("document.documentElement.scrollWidth <= innerWidth") if has_scripts else True
    )

    page.get_by_label("Comment", exact=True).fill("I had it **last year**.")
    page.get_by_role("button", name="Post comment").click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.get_by_label("Comment", exact=True)).to_have_value("I had it **last year**.")
    expect(page.get_by_role("alert")).to_be_focused()

    page.get_by_label("Your name").fill("Nomsa K.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("strong", has_text="last year")).to_be_visible()
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_text(re.compile("waiting|waits", re.I)).first).to_be_visible()
    page.goto(ARTICLE)
    expect(page.get_by_text("Waiting for review")).to_be_visible()

    other = open_phone()
    other.goto(ARTICLE)
    expect(other.get_by_text("Nomsa K.")).to_have_count(0)


def test_the_author_reviews_undoes_and_replies(
    site: Site, open_phone: Open, has_scripts: bool
) -> None:
    for name, body in (("Nomsa", "Six weeks apart?"), ("Best Deals", "Buy at www.deals.example")):
        reader = open_phone()
        reader.goto(ARTICLE)
        write_comment(reader, name, body)
        reader.get_by_role("button", name="Post comment").click()
        reader.wait_for_url("**/comments/*")

    desk = open_phone()
    set_up(desk, site)
    desk.goto("/admin/comments")
    expect(desk.locator(".item")).to_have_count(2)
    expect(desk.get_by_text("1 link")).to_be_visible()
    press(desk, "Spam comment by Best Deals", "s", has_scripts)
    expect(desk.locator(".item")).to_have_count(1)
    press(desk, "Undo", "u", has_scripts)
    expect(desk.locator(".item")).to_have_count(2)

    # Nothing is reached by the tab key in another order than it is seen in.
    tops = desk.locator("#queue > :is(.bar, .item)").evaluate_all(
        "all => all.filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert len(tops) == 3
    bar = desk.locator(".bar").last
    desk.evaluate("scrollTo(0, 0)")
    expect(bar).not_to_be_in_viewport()
    assert edges(desk.locator(".item").last)[1] <= edges(bar)[0]
    desk.get_by_label("Select the comment by Nomsa").check()
    expect(bar).to_be_in_viewport(ratio=1)
    desk.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert edges(desk.locator(".item").last)[1] <= edges(bar)[0]
    bar.get_by_role("button", name="Approve").click()
    expect(desk.locator(".item")).to_have_count(1)
    desk.goto("/admin/comments?state=approved")
    desk.get_by_role("link", name=re.compile("^Reply")).click()
    desk.get_by_label("Your reply").fill("Yes, **six** weeks.")
    desk.get_by_role("button", name="Publish reply").click()
    expect(desk.get_by_text("Your reply is published")).to_be_visible()

    reader = open_phone()
    reader.goto(ARTICLE)
    answer = reader.locator("article.comment", has_text="Yes, six weeks.").last
    expect(answer.locator(".badge")).to_be_visible()
    expect(reader.get_by_text("www.deals.example")).to_have_count(0)

    desk.get_by_role("button", name="Sign out").click()
    desk.goto("/admin/comments")
    expect(desk).to_have_url(re.compile("/admin/sign-in"))


def edges(locator: Locator) -> tuple[float, float]:
    """Where something begins on the screen, and where it ends."""
    box = locator.bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]


def press(page: Page, button: str, key: str, has_scripts: bool) -> None:
    """Press a button, by its key where there are keys."""
    if has_scripts:
        page.locator(".item").first.focus()
        page.keyboard.press(key)
    else:
        page.get_by_role("button", name=button).click()


def test_a_visitors_enquiry_arrives_though_the_mail_server_was_away(
    site: Site, open_phone: Open, has_scripts: bool
) -> None:
    page = open_phone()
    page.goto(ARTICLE)
    page.get_by_role("link", name="Ask about this treatment").click()
    expect(page.get_by_text("Mesotherapy or microneedling: what sets them apart?")).to_be_visible()
    page.get_by_label("Your name").fill("Lerato")
    page.get_by_label(re.compile("^Email")).fill("lerato@reader.example")
    page.get_by_label("Message").fill("May I book for Tuesday?")
    page.get_by_label(re.compile("clinic may keep")).check()
    page.locator("form[action='/contact']").get_by_role("button").click()
    reference = page.get_by_text(re.compile(r"^[2-9A-Z]{4}-[2-9A-Z]{4}$")).inner_text()

    wait_until(lambda: mails(site)[0]["attempts"])
    assert mails(site)[0]["state"] == "queued"
    with MailServer(port=site.mail_port) as server:
        site.blog("mail", "retry", "--all")
        wait_until(lambda: server.received)
        message = server.received[0].message
    assert message["To"] == "hello@skin-clinic.example"
    assert message["Reply-To"] == "lerato@reader.example"
    assert reference in message["Subject"]
    text = message.get_body(("plain",))
    assert text is not None
    assert "what sets them apart?" in text.get_content()

    wait_until(lambda: mails(site)[0]["state"] == "sent")
    desk = open_phone()
    set_up(desk, site)
    # No person fills in the form within three seconds of touching it, and only a script can tell.
    desk.goto(f"/admin/enquiries?folder={'suspected' if has_scripts else 'new'}")
    expect(desk.get_by_text("delivered")).to_be_visible()
    if has_scripts:
        press(desk, "", "Enter", has_scripts)
    else:
        desk.get_by_role("link", name="Lerato", exact=True).click()
    expect(desk.get_by_text("was accepted by the mail server")).to_be_visible()
    expect(desk.get_by_text("was tried, and will be tried again")).to_be_visible()
    reply_and_close(site, desk, has_scripts)


def reply_and_close(site: Site, desk: Page, has_scripts: bool) -> None:
    """Answer the enquiry whose page is open, think again twice, then close it."""
    if has_scripts:
        desk.keyboard.press("r")
    else:
        desk.get_by_role("link", name="Reply to Lerato").click()
    desk.get_by_label("Your reply").fill("Yes, at ten.")
    desk.get_by_role("button", name="Send reply").click()
    expect(desk.get_by_text("goes out in a minute")).to_be_visible()
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_label("Your reply")).to_have_value("Yes, at ten.")
    desk.get_by_role("button", name="Send reply").click()
    expect(desk.get_by_text("goes out in a minute")).to_be_visible()
    with MailServer(port=site.mail_port) as server:
        site.blog("mail", "retry", str(mails(site)[0]["id"]))
        wait_until(lambda: server.received)
        message = server.received[0].message
    assert (message["To"], message["Reply-To"]) == (
        "lerato@reader.example",
        "hello@skin-clinic.example",
    )
    if has_scripts:
        desk.keyboard.press("c")
    else:
        desk.get_by_role("button", name="Close the enquiry of Lerato").click()
    expect(desk.get_by_text("1 enquiry closed.")).to_be_visible()
    if has_scripts:
        desk.keyboard.press("u")
    else:
        desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("Undone: 1 enquiry put back.")).to_be_visible()


def mails(site: Site) -> Any:
    return json.loads(site.blog("mail", "list", "--json"))
