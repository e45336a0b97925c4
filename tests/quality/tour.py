"""A tour of every page there is, each kept as a browser gets it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
from flask import Flask, template_rendered
from sqlalchemy import text
from werkzeug.test import TestResponse

from blog import comments, config, create_app, db, outbox, tokens, urls, webhooks
from blog.admin import sorts
from blog.admin.entrance import SET_UP
from blog.api.surface import OPERATIONS, api
from blog.comments import following, notices
from blog.config import Frozen
from blog.privacy import requests
from blog.staff import letters, passwords
from tests.cast import CLOCK, Person, Visitor, csrf_token, fields, mailed_link
from tests.quality import site, words
from tests.quality.site import ARTICLE

SANDRA = Person("Sandra de Beer", "sandra@clinic.example", "a few words to remember")
FOREIGN = {"Origin": "https://evil.example"}
COMMENTS = f"/articles/{ARTICLE}/comments"
# What answers nothing here: our own failure, and parts of a sitemap of more than 50,000 pages.
NO_PAGES = {"/fails", "/sitemap-<number>.xml"}
# What pages of other sites are made of; tests/browser/test_embedding.py looks at one.
PIECES = {"/embed/<any(comments, contact):name>.js", "/embed/articles/<article_id>/comments.html"}
FED = ["", "/topics/daily-care", "/authors/sandra-de-beer", COMMENTS]


@dataclass(frozen=True)
class Kept:
    """One page as it was answered."""

    name: str
    address: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_sandboxed(self) -> bool:
        """Whether no script may run on it."""
        return "sandbox" in self.headers.get("Content-Security-Policy", "")


class Tour:
    """Walks through a site and keeps the pages, what they were made of and the routes it took."""

    def __init__(self, folder: Path) -> None:
        self.content = folder / "content"
        self.app = site.make_empty(folder)
        self.kept: dict[str, Kept] = {}
        self.routes: set[str] = set()
        self.templates: set[str] = set()

    def walk(self) -> None:
        template_rendered.connect(self._note_template, self.app)
        author = self._see_the_empty_site()
        with self.app.app_context():
            site.fill(self.content)
        self._read()
        self._look_up()
        self._freeze()
        self._write()
        self._go_wrong()
        self._run_the_desk(author)
        self._decide_by_mail()
        self._decide(author)
        self._trust_and_stop(author, self._become_known())
        self._change_and_end()
        self._ask_for_data()
        self._look_after_accounts(author)
        template_rendered.disconnect(self._note_template, self.app)

    def _note_template(self, _app: Flask, template: object, **_: object) -> None:
        self.templates.add(str(getattr(template, "name", "")))

    def keep(self, name: str, answer: TestResponse, status: int = 200) -> str:
        """Keep a page under a name of its own, or only its route where it is none.

        Returns: its text.
        """
        assert answer.status_code == status, f"{name}: {answer.status_code}, not {status}"
        assert name not in self.kept
        self.routes |= set(self._route(answer))
        if answer.mimetype == "text/html" and not answer.location:
            address = answer.request.full_path.rstrip("?")
            headers = dict(answer.headers.items())
            self.kept[name] = Kept(name, address, status, headers, answer.data)
        return answer.text if answer.content_type.startswith("text/") else ""

    def _route(self, answer: TestResponse) -> Iterator[str]:
        """Name the route that answered a GET as it should."""
        request = answer.request
        if request.method == "GET" and answer.status_code < 400:
            found, _ = self.app.url_map.bind("localhost").match(request.path, return_rule=True)
            yield found.rule

    def visitor(self, number: int = 1) -> Visitor:
        return Visitor(self.app, address=f"192.0.2.{number}")

    def _see_the_empty_site(self) -> Visitor:
        reader, author = self.visitor(), self.visitor()
        self.keep("home without articles", reader.get("/"))
        self.keep("archive without articles", reader.get("/archive"))
        self.keep("topics without articles", reader.get("/topics"))
        self.keep("search without articles", reader.get("/search?q=skin"))
        self.keep("desk without accounts", reader.get("/admin/"))
        with self.app.app_context():
            token = tokens.issue(config.current().secret_key, SET_UP, "", now=CLOCK)
        door = f"/admin/set-up?token={token}"
        form = {"csrf_token": csrf_token(self.keep("set-up", author.get(door)))}
        typed = {"name": SANDRA.name, "email": SANDRA.email, "password": "short"}
        self.keep("set-up with errors", author.post(door, form | typed), 422)
        author.post(door, form | typed | {"password": SANDRA.password})
        for name in ("", "comments", "enquiries", "articles", "mail", "journal"):
            self.keep(f"empty desk: {name or 'start'}", author.get(f"/admin/{name}"))
        return author

    def _read(self) -> None:
        reader = self.visitor()
        self.keep("home", reader.get("/"))
        self.keep("last page of articles", reader.get("/?page=2"))
        self.keep("article", reader.get(f"/articles/{ARTICLE}"))
        self.keep("article, newest first", reader.get(f"/articles/{ARTICLE}?order=newest"))
        self.keep("article, closed", reader.get("/articles/everything"))
        self.keep("article without comments", reader.get("/articles/short-2"))
        busy = reader.get(f"/articles/{site.BUSY}")
        replies = re.search(
            r'href="([^"]*/replies)"', self.keep("article with a long thread", busy)
        )
        assert replies
        self.keep("last page of a thread", reader.get(f"/articles/{site.BUSY}?comments=2"))
        self.keep("replies", reader.get(replies[1]))
        self.keep("last page of replies", reader.get(f"{replies[1]}?page=2"))
        self.keep("article as Markdown", reader.get(f"/articles/{ARTICLE}.md"))
        self.keep("topic", reader.get("/topics/daily-care"))
        self.keep("last page of a topic", reader.get("/topics/daily-care?page=2"))
        self.keep("topics", reader.get("/topics"))
        self.keep("archive", reader.get("/archive"))
        self.keep("archive of a year", reader.get("/archive/2025"))
        self.keep("last page of a year", reader.get("/archive/2025?page=2"))
        self.keep("author", reader.get("/authors/sandra-de-beer"))
        self.keep("page", reader.get("/privacy"))
        self.keep("comment policy", reader.get("/comment-policy"))
        self.keep("media", reader.get("/media/cover.png"))
        feeds = [f"{path}/feed.xml" for path in FED]
        for path in [*feeds, "/sitemap.xml", "/robots.txt", "/llms.txt"]:
            self.keep(path, reader.get(path))
        style = re.search(r'href="(/static/[^"]*)"', reader.get("/").text)
        assert style
        self.keep("static", reader.get(style[1]))
        self.keep("reference for developers", reader.get("/api/v1/reference"))
        self.keep("alive", reader.get("/livez"))
        self.keep("ready", reader.get("/readyz"))

    def _look_up(self) -> None:
        reader = self.visitor()
        self.keep("search", reader.get("/search"))
        self.keep("search with results", reader.get("/search?q=microneedling"))
        self.keep("search in vain", reader.get("/search?q=unobtainium"))
        self.keep("search for too much", reader.get(f"/search?q={'x' * 999}"), 400)

    def _freeze(self) -> None:
        """See those pages that are others where they are files."""
        made = Frozen(url=site.ADDRESS, live="https://talk.example")
        frozen = create_app(site.environ(self.content.parent), frozen=made)
        template_rendered.connect(self._note_template, frozen)
        for path in (f"/articles/{ARTICLE}", "/contact", "/search"):
            self.keep(f"file of {path}", Visitor(frozen).get(path))
        with frozen.app_context():
            db.close()

    def _write(self) -> None:
        reader = self.visitor(2)
        self.keep("comment token", reader.get(f"{COMMENTS}/token"))
        self.keep("reply form", reader.get(f"{COMMENTS}/new?parent=1"))
        self.keep("comment with errors", reader.comment("", name=""), 422)
        self.keep("comment preview", reader.comment("I *liked* it.", preview="1"))
        waiting = reader.comment(words.WAITING[0][1], name=words.WAITING[0][0])
        self.keep("comment waiting", reader.get(str(waiting.location)))
        self.keep("article with a waiting comment", reader.get(f"/articles/{ARTICLE}"))
        report = f"{COMMENTS}/2/report"
        form = fields(self.keep("report", reader.get(report)), report) | {"reason": "wrong"}
        self.keep("report with errors", reader.post(report, form | {"reason": ""}), 422)
        sent = reader.post(report, form | {"details": "Ask a doctor about the pain, please."})
        self.keep("report taken", reader.get(str(sent.location)))
        for number, (name, body) in enumerate(words.WAITING[1:], start=3):
            assert self.visitor(number).comment(body, name=name, parent="1").status_code == 303
        self.keep("contact token", reader.get("/contact/token"))
        self.keep("contact", reader.get("/contact"))
        self.keep("contact about an article", reader.get(f"/contact?about={ARTICLE}"))
        self.keep("contact with errors", reader.enquire("", name="", consent=""), 422)
        for number in range(2):
            thanks = reader.enquire(f"May I book for day {number}?", phone="+27 11 555 0100")
        self.keep("thanks", reader.get(str(thanks.location)))
        self.keep("contact, look again", reader.enquire("I take Roaccutane."), 422)
        mistyped = reader.enquire("Where are you?", email="lerato@gmial.com", phone="055 555 5555")
        doubted = str(mistyped.location)
        self.keep("thanks with a doubt", reader.get(doubted))
        form = fields(reader.get(doubted).text, doubted) | {"phone": "5"}
        self.keep("thanks with errors", reader.post(doubted, form), 422)
        assert self.visitor(5).enquire("Buy now", note="trapped").status_code == 303

    def _become_known(self) -> Visitor:
        """Confirm an address, as far as a first comment leads."""
        reader, trust = self.visitor(9), "/comments/trust"
        self.keep("nobody known", reader.get(trust))
        self.keep("link that isn't whole", reader.get("/comments/confirmation?token=x"), 404)
        sent = reader.comment("Lovely.", email=words.ADDRESS, slug=site.TRUSTING).location
        page = self.keep("offer to confirm", reader.get(sent))
        asked = reader.post(f"{sent}/confirmation", fields(page, f"{sent}/confirmation"))
        self.keep("mail on its way", reader.get(str(asked.location)))
        with self.app.app_context():
            mail = outbox.last_of_kind("confirm-address", words.ADDRESS)
            assert mail
            link = re.search(r"(/comments/confirmation\?token=\S+)", mail.text)
        assert link
        form = fields(self.keep("confirmation", reader.get(link[1])), "/comments/confirmation")
        assert reader.post("/comments/confirmation", form).location == trust
        self.keep("link used", self.visitor().get(link[1]), 410)
        self.keep("known reader", reader.get(trust))
        self.keep("known reader waiting", reader.get(sent))
        return reader

    def _trust_and_stop(self, author: Visitor, known: Visitor) -> None:
        known.comment("Thanks again.", slug=site.TRUSTING)
        found = re.search(r"/admin/comments/(\d+)/approval", author.get("/admin/comments").text)
        assert found
        page = f"/admin/comments/{found[1]}"
        self.keep("comment of a trusted reader", author.get(page))
        assert author.press(page, f"{page}/trust/end").status_code == 303
        self.keep("reader no more trusted", author.get(page))

    def _change_and_end(self) -> None:
        """Change a comment of one's own, end the mails it leads to, and come back too late."""
        reader = self.visitor(11)
        sent = str(reader.comment("Is it sore?", email=words.ADDRESS).location)
        edit, withdrawal = f"{sent}/edit", f"{sent}/withdrawal"
        self.keep("edit token", reader.get(f"{edit}/token"))
        form = fields(self.keep("edit", reader.get(edit)), edit)
        self.keep("edit with errors", reader.post(edit, form | {"body": ""}), 422)
        self.keep("withdrawal", reader.get(withdrawal))
        with self.app.app_context():
            comment = comments.by_id(int(sent.rpartition("/")[2]))
            assert comment
            ending = following.stop_path(comment, now=CLOCK)
        self.keep("mails about replies", reader.get(ending))
        self.keep("no mails any more", reader.get("/comments/never"))
        db.utc_now.move(minutes=16)  # type: ignore[attr-defined]  # the clock of the tour
        self.keep("edit too late", reader.get(edit), 403)

    def _ask_for_data(self) -> None:
        """Ask for what is kept under an address, look at it, take it along and erase it."""
        reader, ask = self.visitor(13), urls.ASK_FOR_DATA
        form = fields(self.keep("ask for data", reader.get(ask)), ask)
        self.keep("ask for data with errors", reader.post(ask, form), 422)
        sent = reader.post(ask, form | {"email": words.ADDRESS})
        self.keep("asked for data", reader.get(str(sent.location)))
        with self.app.app_context():
            assert requests.answer(db.utc_now()) == 1
            link = mailed_link(words.ADDRESS, kind=requests.MAIL)
        form = fields(self.keep("data", reader.get(link)), urls.DATA_FILE)
        self.keep("data, unsure", reader.post(urls.DATA_ERASURE, form), 422)
        # A file with a style of its own, which is opened without this site’s headers.
        assert reader.post(urls.DATA_FILE, form | {"kind": "html"}).status_code == 200
        erased = reader.post(urls.DATA_ERASURE, form | {"sure": "yes"})
        self.keep("receipt", reader.get(str(erased.location)))
        self.keep("link to data that ended", reader.get(link), 410)

    def _go_wrong(self) -> None:
        reader, hasty = self.visitor(6), self.visitor(7)
        self.keep("400", reader.get("/?q=%FF"), 400)
        self.keep("401", reader.post("/admin/comments/1/reply", {"body": "Kept"}), 401)
        self.keep("403", reader.post("/contact", {"name": "Eve"}, headers=FOREIGN), 403)
        self.keep("404", reader.get("/nothing/here"), 404)
        self.keep("405", reader.post("/", {"message": "Who takes this?"}), 405)
        self.keep("413", reader.post("/contact", {"message": "x" * 300_000}), 413)
        for _ in range(11):
            refused = hasty.post("/contact", {"name": "Lerato", "message": "Please"})
        self.keep("429", refused, 429)
        self.keep("500", reader.get("/fails"), 500)

    def _run_the_desk(self, author: Visitor) -> None:
        other = self.visitor(8)
        self.keep("sign-in", other.get("/admin/sign-in"))
        self.keep("sign-in refused", other.sign_in(SANDRA, "wrong, wrong, wrong"), 422)
        assert other.sign_in(SANDRA).status_code == 303
        with self.app.app_context():
            notices.tell(db.utc_now())
            site.lose_mail()
        self.keep("start", author.get("/admin/"))
        self.keep("articles", author.get("/admin/articles"))
        self._preview(author)
        self.keep("account", author.get("/admin/account"))
        self._answer(author)
        for state in ("all", "queued", "failed", "sent"):
            self.keep(f"mail: {state}", author.get(f"/admin/mail?state={state}"))
        self.keep("previews of mails", author.get("/admin/mail/previews"))
        for name in sorts.OF_TEMPLATES:
            path = f"/admin/mail/previews/{name}"
            self.keep(f"preview of {name}", author.get(path))
            self.keep(f"{name}, as a mail", author.get(f"{path}/html"))

    def _answer(self, author: Visitor) -> None:
        """Go through the inbox, note, reply, and be late once."""
        inbox = "/admin/enquiries"
        for folder in ("new", "suspected", "all", "waiting"):
            page = self.keep(f"enquiries: {folder}", author.get(f"{inbox}?folder={folder}"))
            if folder == "all":
                references = re.findall(rf'href="({inbox}/[^"?]+)[?][^"]*"[^>]*data-key="o"', page)
        self.keep("enquiries, narrowed", author.get(f"{inbox}?q=unobtainium&whose=me"))
        self.keep("export of enquiries", author.get(f"{inbox}/export?folder=all"))
        for number, path in enumerate(references):
            self.keep(f"enquiry {number}", author.get(path))
        path, reply = references[0], f"{references[0]}/reply"
        seen = re.findall(r'name="seen" value="([^"]+)"', author.get(f"{inbox}?folder=all").text)
        form = fields(self.keep("reply to an enquiry", author.get(reply)), reply)
        self.keep("reply to an enquiry, with errors", author.post(reply, form), 422)
        author.press(path, f"{path}/notes", details="Rang on Tuesday; nobody picked up.")
        self.keep("note with errors", author.press(path, f"{path}/notes"), 422)
        author.press(path, f"{path}/closure")
        form["message"] = "Yes, at ten."
        page = self.keep("reply to an enquiry, too late", author.post(reply, form), 409)
        late = {"csrf_token": form["csrf_token"], "seen": seen}
        self.keep("enquiries, decided meanwhile", author.post(f"{path}/answer", late), 409)
        author.post(reply, fields(page, reply) | {"message": form["message"]})
        self.keep("enquiry with a history", author.get(path))

    def _preview(self, author: Visitor) -> None:
        """See an article that was taken away from readers."""
        change = "UPDATE article SET status = '{}' WHERE id = 'short-2'"
        path, reader = "/admin/articles/short-2/previews", self.visitor(9)
        self.keep("previews of what is published", author.get(path))
        self._say(change.format("draft"))
        form = fields(self.keep("no previews", author.get(path)), path)
        author.post(path, form)
        link = re.search(r"/preview/[\w.-]+", self.keep("previews", author.get(path)))
        assert link
        self.keep("preview of a draft", reader.get(link[0]))
        self.keep("preview that has ended", reader.get(f"{link[0]}x"), 404)
        self._say(change.format("published"))

    def _say(self, statement: str) -> None:
        with self.app.app_context(), db.writing():
            db.session.execute(text(statement))

    def _decide_by_mail(self) -> None:
        """Follow the link of a mail, decide, and take it back."""
        with self.app.app_context():
            mail = outbox.last_of_kind(notices.MAIL, SANDRA.email)
            assert mail
            link = re.search(r"(/admin/decision\?token=\S+)", mail.text)
        assert link
        visitor = self.visitor(10)
        for name, kept in (
            ("comment of a mail", "approve"),
            ("comment of a mail, decided", "undo"),
            ("comment of a mail, taken back", ""),
        ):
            page = self.keep(name, visitor.get(link[1]))
            forms = page.split("</form>")
            for form in (each for each in forms if kept and f'value="{kept}"' in each):
                visitor.post("/admin/decision", fields(f"{form}</form>", "/admin/decision"))
        self.keep("link of a mail that isn't whole", visitor.get(link[1][:-1]), 404)

    def _decide(self, author: Visitor) -> None:
        review = "/admin/comments"
        page = self.keep("review", author.get(review))
        waiting = re.findall(rf'{review}/(\d+)/approval"', page)
        assert len(waiting) == len(words.WAITING)
        self.keep("comment of the desk", author.get(f"{review}/1"))
        self.keep(
            "review, narrowed", author.get(f"{review}?q=retinol&reason=links&since=2026-01-01")
        )
        self.keep("review, narrowed to nothing", author.get(f"{review}?q=unobtainium"))
        self.keep("all that match", author.get(f"{review}/all"))
        self.keep("nothing matches", author.get(f"{review}/all?q=unobtainium"))
        self.keep("what else came", author.get(f"{review}/{waiting[0]}/others"))
        seen = re.findall(r'name="seen" value="([^"]+)"', page)
        self.keep("reply", author.get(f"{review}/1/reply"))
        self.keep("reply too early", author.get(f"{review}/{waiting[0]}/reply"))
        self.keep("reply with errors", author.press(f"{review}/1/reply", f"{review}/1/reply"), 422)
        for number, noun in zip(waiting, ("approval", "rejection", "spam"), strict=True):
            done = author.press(review, f"{review}/{number}/{noun}")
        late = {"seen": seen, "csrf_token": csrf_token(page), "id": waiting, "verb": "spam"}
        self.keep("review, decided meanwhile", author.post("/admin/decisions", late), 409)
        self.keep("review with nothing left", author.get(str(done.location)))
        author.press(review, f"{review}/1/pin", state="approved")
        for state in ("reported", "approved", "rejected", "spam"):
            self.keep(f"review: {state}", author.get(f"{review}?state={state}"))
        self.keep("journal", author.get("/admin/journal"))
        rule = {"kind": "word", "pattern": "casino*", "answer": "hold", "note": "Asked for by Mia"}
        filled = author.form("/admin/rules", "/admin/rules") | rule
        self.keep("rules: tried", author.post("/admin/rules", filled))
        self.keep("rules: wrong", author.post("/admin/rules", filled | {"days": "soon"}), 422)
        author.post("/admin/rules", filled | {"make": "yes", "days": "30"})
        self.keep("rules", author.get("/admin/rules"))

    def _look_after_accounts(self, author: Visitor) -> None:
        other, forgotten = self.visitor(12), "/admin/forgotten"
        typed = other.form(forgotten, forgotten) | {"email": SANDRA.email}
        self.keep("forgotten password", other.get(forgotten))
        self.keep("forgotten password, asked", other.post(forgotten, typed))
        self.keep("forgotten password, wrong", other.post(forgotten, typed | {"email": "x"}), 422)
        with self.app.app_context():
            passwords.answer_requests(db.utc_now())
            link = mailed_link(SANDRA, kind=letters.PASSWORD_MAIL)
        self.keep("a new password", other.get(link))
        self.keep("a link that has ended", other.get(link[:-1]), 410)
        for what in ("name", "address", "password"):
            self.keep(f"account: {what}", author.get(f"/admin/account/{what}"))
        path = "/admin/account/address"
        own = {"email": "sandra@new.example", "present": SANDRA.password}
        author.post(path, author.form(path, path) | own)
        path = "/admin/people/new"
        self.keep("invite somebody", author.get(path))
        own = {"name": "Mia Botha", "email": "mia@clinic.example"}
        author.post(path, author.form(path, path) | own | {"role": "moderator"})
        with self.app.app_context():
            links = mailed_link("sandra@new.example"), mailed_link("mia@clinic.example")
        self.keep("confirm an address", other.get(links[0]))
        self.keep("invitation", other.get(links[1]))
        people = self.keep("people", author.get("/admin/people"))
        for number in re.findall(r'href="/admin/people/(\d+)"', people):
            self.keep(f"person {number}", author.get(f"/admin/people/{number}"))
        self._let_a_program_in(author)
        self._tell_programs(author)
        self._sign_in_by_two_steps(author, other)

    def _let_a_program_in(self, author: Visitor) -> None:
        path = "/admin/account/tokens"
        new = f"{path}/new"
        self.keep("API tokens: none", author.get(path))
        self.keep("API tokens: a new one", author.get(new))
        typed = author.form(new, new) | {"label": "Phone of the front desk", "lives_days": "90"}
        self.keep("API tokens: wrong", author.post(new, typed), 422)
        typed |= {"scopes": "comments:moderate", "present": SANDRA.password}
        self.keep("API tokens: made", author.post(new, typed))
        listed = self.keep("API tokens", author.get(path))
        (end,) = re.findall(rf'href="({path}/\d+/end)"', listed)
        self.keep("API tokens: end one", author.get(end))

    def _tell_programs(self, author: Visitor) -> None:
        path = "/admin/webhooks"
        new = f"{path}/new"
        self.keep("webhooks: none", author.get(path))
        self.keep("webhooks: a new one", author.get(new))
        typed = author.form(new, new) | {"label": "Our web site", "url": "https://127.0.0.1/hook"}
        self.keep("webhooks: wrong", author.post(new, typed), 422)
        typed |= {"url": "https://build.example.org/hooks/journal", "events": "article.published"}
        self.keep("webhooks: made", author.post(new, typed))
        one = f"{path}/1"
        self.keep("webhook: nothing sent", author.get(one))
        author.press(one, f"{one}/tests")
        author.press(one, f"{one}/paused")
        self.keep("webhook: paused", author.get(one))
        for name in ("edit", "secret", "removal"):
            self.keep(f"webhook: {name}", author.get(f"{one}/{name}"))
        with self.app.app_context(), db.writing():
            hook = webhooks.by_id(1)
            assert hook
            hook.turn_on(by=None, now=db.utc_now())
            (row,) = webhooks.recent(hook)
            row.attempts, row.status = 3, 503
            row.answer = "<h1>Service unavailable</h1> " + "come-again-" * 30
            hook.failing_since = db.utc_now()
        self.keep("webhook: failing", author.get(one))
        self.keep("webhooks", author.get(path))

    def _sign_in_by_two_steps(self, author: Visitor, other: Visitor) -> None:
        path = "/admin/account/second-factor"
        page = self.keep("second step", author.get(path))
        secret = re.search(r'class="what">([^<]+)<', page)
        assert secret
        typed = fields(page, path) | {"code": "000000", "present": SANDRA.password}
        self.keep("second step, wrong code", author.post(path, typed), 422)
        typed["code"] = pyotp.TOTP(secret[1].replace(" ", "")).at(db.utc_now())
        self.keep("recovery codes", author.post(path, typed))
        self.keep("account with a second step", author.get("/admin/account"))
        self.keep("new recovery codes", author.get(f"{path}/codes"))
        assert other.sign_in(SANDRA).status_code == 303
        self.keep("sign-in, second step", other.get("/admin/sign-in/code"))
        end = f"{path}/end"
        self.keep("second step off", author.get(end))
        author.post(end, author.form(end, end) | {"present": SANDRA.password})


def unvisited(tour: Tour) -> list[str]:
    """The routes that answer GET, and the templates of pages, that a tour has left out."""
    # What programs read has no looks; tests/test_openapi.py goes through it.
    programs = {f"{api.name}.{each.view.__name__}" for each in OPERATIONS} | {"api.show_document"}
    rules = [rule for rule in tour.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    names = tour.app.jinja_env.list_templates(extensions=["html"])
    pages = {name for name in names if not re.search(r"(^|/)_|^mail/|(^|/)base\.html$", name)}
    shown = {rule.rule for rule in rules if rule.endpoint not in programs}
    left_out = shown - tour.routes - NO_PAGES - PIECES
    return sorted(left_out | (pages - tour.templates))
