"""The measurements measure: forms are read, the configuration is the document's, bounds are told."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench import load, machine, report, servers, site, speed
from bench.__main__ import main
from bench.hostile import headers, injection, mail_faults, payloads, posting, slow_clients, spam
from bench.hostile import part as hostile
from bench.machine import ROOT, CantMeasure
from bench.report import Bound, Row, Table
from bench.site import SAMPLE, THREAD, Size
from bench.stage import Stage
from blog import articles, db
from blog.articles import Article, sync
from blog.comments import Comment, CommentState
from blog.config import SmtpServer
from blog.outbox import Outcome, OutgoingMail, SmtpTransport
from tests.cast import ARTICLE, CLOCK, Clock, Visitor
from tests.smtp_server import HOST, Received, client_context

OPERATING = """\
# Operating

```nginx
proxy_set_header Host $host;
```

```nginx
proxy_cache_path /var/cache/nginx/blog keys_zone=blog:10m;

server {
    listen 80;
    return 301 https://$host$request_uri;
}

server {
    listen 443 ssl;
    ssl_certificate /etc/ssl/blog.pem;
    server_name journal.example.org;
    location / {
        proxy_cache blog;
        proxy_pass http://127.0.0.1:8000;
    }
}
```
"""


def test_the_configuration_of_the_document_gets_ports_and_folders_alone(tmp_path: Path) -> None:
    block = servers.nginx_block(OPERATING)
    assert block
    assert (
        servers.adapted(block, tmp_path, 8111, 8222)
        == f"""\
proxy_cache_path {tmp_path}/cache keys_zone=blog:10m;

server {{
    listen 127.0.0.1:8111;
    server_name journal.example.org;
    location / {{
        proxy_cache blog;
        proxy_pass http://127.0.0.1:8222;
    }}
}}
"""
    )


def test_the_shipped_configuration_leads_to_the_measured_site(tmp_path: Path) -> None:
    block = servers.nginx_block(servers.OPERATING.read_text(encoding="utf-8"))
    assert block
    found = servers.adapted(block, tmp_path, 8111, 8222)
    assert "server 127.0.0.1:8222" in found
    assert re.findall(r"^ *listen .*$", found, re.M) == ["    listen 127.0.0.1:8111;"]
    assert f"proxy_cache_path {tmp_path}/cache " in found
    assert "8000" not in found


def test_a_document_without_a_server_has_no_configuration() -> None:
    assert servers.nginx_block("```nginx\nproxy_set_header Host $host;\n```\n") is None


def test_a_form_is_read_with_what_it_carries_and_no_other() -> None:
    page = (
        '<form action="/search"><input name="q"></form>'
        '<form action="/contact"><input type="hidden" name="form_token" value="a&amp;b">'
        '<input name="name"><input type="checkbox" name="consent" value="y"><input type="submit">'
        "</form>"
    )
    assert load.form_fields(page, "/contact") == {"form_token": "a&b", "name": ""}
    with pytest.raises(CantMeasure, match="no form that leads to /elsewhere"):
        load.form_fields(page, "/elsewhere")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("a", 8.0, "ms", bound=Bound(8)), "met"),
        (Row("a", 8.1, "ms", bound=Bound(8)), "not met"),
        (Row("a", 149, bound=Bound(150, is_floor=True)), "not met"),
        (Row("a", 900, ratio=0.5, bound=Bound(0.5, is_floor=True, of_ratio=True)), "met"),
        (Row("a", 900, ratio=1.4, bound=Bound(1.3, of_ratio=True)), "not met"),
        (Row("a", 900), ""),
        (Row("a", bound=Bound(8), note="left out"), "not met"),
    ],
)
def test_a_bound_is_met_or_not(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (44_123.4, "44,123"),
        (100, "100"),
        (13.84, "13.8"),
        (10, "10"),
        (0.6, "0.6"),
        (4.312, "4.31"),
    ],
)
def test_a_figure_has_as_many_digits_as_mean_something(value: float, shown: str) -> None:
    assert report.number(value) == shown


def test_the_page_holds_machine_table_and_commands() -> None:
    table = Table(
        "Reading", "nginx", [Row("home", 480, "a second", 0.5, Bound(150, is_floor=True))]
    )
    page = report.written(
        [table], machine=[("memory", "24 GB")], commands=["wrk"], date="today", is_quick=True
    )
    assert "| home | 480 a second | 0.50 | at least 150 | met |  |" in page
    assert "- date: today\n- memory: 24 GB" in page
    assert "A short run" in page
    assert page.endswith("```sh\nwrk\n```\n")


def test_a_command_is_noted_once_and_without_what_is_this_machines() -> None:
    here = Stage(Path("/somewhere/run-1"), 0, 1, closing=None)  # type: ignore[arg-type]  # nothing is started
    for port in ("8111", "8222"):
        command = [str(ROOT / ".venv/bin/blog"), "serve", "a b"]
        here.note(command, {"BLOG_INSTANCE_DIR": "/somewhere/run-1/site", "PORT": port})
    assert here.commands == ["BLOG_INSTANCE_DIR=$FOLDER/site PORT=$PORT .venv/bin/blog serve 'a b'"]


def test_what_is_missing_is_named_with_the_way_to_get_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench"],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )
    wanted = "The measurements need nginx and wrk and util-linux; on Debian: apt-get install nginx wrk util-linux\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)


def test_a_process_is_weighed_with_its_family() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        pids = machine.family(os.getpid())
        assert child.pid in pids
        assert machine.memory_mb(pids) > machine.memory_mb([child.pid]) > 0
        assert machine.cpu_seconds(os.getpid()) > machine.cpu_seconds(child.pid)
    finally:
        child.kill()
        child.wait()


def test_the_results_name_no_path_of_a_machine() -> None:
    results = (ROOT / "bench" / "results.md").read_text()
    assert not re.search(r"(?<![\w.$-])/(home|root|srv|tmp|usr|work)/", results)


def test_a_sample_has_as_many_of_each_grid_or_all_there_is() -> None:
    chosen = payloads.sample(40)
    assert [len(set(chosen) & set(grid)) for grid in payloads._GRIDS] == [10] * 4
    shares = [len(set(payloads.sample(2_000)) & set(grid)) for grid in payloads._GRIDS]
    assert shares == [529, 529, 528, len(payloads._GRIDS[3])]


def test_a_public_set_of_spam_is_read_and_anything_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    rows = [f'{number},"So good &amp; cheap, {number}",{number % 2}' for number in range(201)]
    file.write_text("\n".join(["ID,CONTENT,CLASS", *rows]), "utf-8-sig")
    assert spam._read(file)[:2] == [("So good & cheap, 0", False), ("So good & cheap, 1", True)]
    for text, words in (
        ("\n".join(["ID,CONTENT,CLASS", *rows[:200]]), "200 are learnt"),
        ("ID\n1", "no columns"),
    ):
        file.write_text(text)
        with pytest.raises(CantMeasure, match=words):
            spam._read(file)
    with pytest.raises(CantMeasure, match="No such file"):
        spam._read(tmp_path / "none.csv")


def test_a_measurement_is_run_alone_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(set(hostile.NAMES)) == len(hostile.NAMES)
    with pytest.raises(SystemExit) as ended:
        main(["hostile", "--only", "disk", "nothing"])
    assert ended.value.code == 2
    assert "invalid choice: 'nothing'" in capsys.readouterr().err


# Mail under attack

HONEST = b"""\
From: blog@journal.example\r
To: front-desk@clinic.example\r
Reply-To: nomsa@reader.example\r
Subject: Enquiry\r
\r
Words
"""


def mail_with(raw: bytes, recipient: str = "front-desk@clinic.example") -> Received:
    return Received("blog@journal.example", [recipient], raw)


def test_sixty_tricks_differ() -> None:
    tricks = [tuple(trick.items()) for trick in injection.variants()]
    assert (len(tricks), len(set(tricks))) == (60, 60)
    assert Counter(name for ((name, _),) in tricks).keys() == {"name", "email", "phone", "topic"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"Subject:", b"Bcc: thief@evil.example\r\nSubject:", "Bcc besides"),
        (b"Subject:", b"Subject: Other\r\nSubject:", "Subject besides"),
        (b"Enquiry", b"Enquiry\nBcc: thief@evil.example", "a bare control character"),
        (b"From: b", b"From: The Clinic b", "another From"),
        (b"To: f", b"To: thief@evil.example, f", "another To"),
        (b"nomsa@", b"thief@evil.example, nomsa@", "Reply-To others"),
        (b"nomsa@reader.example", b"The Clinic <nomsa@reader.example>", "Reply-To others"),
    ],
)
def test_a_mail_that_was_tampered_with_is_told_from_an_honest_one(
    old: bytes, new: bytes, fault: str
) -> None:
    honest = mail_with(HONEST)
    assert injection.faults(mail_with(HONEST.replace(b"Enquiry", b"Another")), honest) == []
    assert fault in injection.faults(mail_with(HONEST.replace(old, new, 1)), honest)
    strange = mail_with(HONEST, "thief@evil.example")
    assert injection.faults(strange, honest) == ["another envelope"]


@pytest.mark.parametrize("fault", mail_faults.FAULTS, ids=lambda fault: fault.name)
def test_every_second_time_the_server_stumbles_over_the_fault(
    fault: mail_faults.Fault,
) -> None:
    mail = OutgoingMail(
        message_id="<7@journal.example>",
        sender="blog@journal.example",
        recipient="front-desk@clinic.example",
        subject="A mail",
        text="Words",
        html="<p>Words</p>",
        created_at=db.utc_now(),
    )
    with mail_faults.FaultyServer() as server:
        url = SmtpServer(HOST, server.port, tls="starttls")
        transport = SmtpTransport(url, deadline_seconds=0.3, context=client_context())
        server.stumble_over(fault)
        with transport.session() as session:
            first = session.send(mail).outcome
        server.stumble_over(None)
        with replace(transport, deadline_seconds=20).session() as session:
            second = session.send(mail).outcome
        assert second == Outcome.ACCEPTED
    assert first != Outcome.ACCEPTED
    assert server.met[fault.name] > 0 or fault is mail_faults.REFUSES


# Sites of any size

SIZE = Size(articles=50, comments=1_000)


@pytest.fixture
def grown(
    tmp_path: Path, clock: Clock, make_app: Callable[..., Flask], environ: dict[str, str]
) -> Flask:
    """A site of fifty articles and a thousand comments."""
    folder = tmp_path / "grown"
    site.write_content(folder, SIZE, seed=1)
    app = make_app(content_dir=str(folder))
    with app.app_context():
        sync.run(folder, now=clock())
        assert articles.problems() == []
    site.insert_comments(environ, SIZE, seed=1)
    return app


def words_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_seed_makes_one_site_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        site.write_content(tmp_path / name, Size(5, 0), seed=seed)
    first, second, third = (words_of(tmp_path / name) for name in "abc")
    assert first == second
    assert first.keys() == third.keys()
    assert first[f"articles/{THREAD}.md"] != third[f"articles/{THREAD}.md"]
    rows = [list(site.comment_rows(Size(5, 300), seed=seed, first=1)) for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_a_large_site_has_what_a_real_one_has(grown: Flask) -> None:
    with grown.app_context():
        everything = set(db.session.execute(select(Article.id)).scalars())
        public = db.session.execute(select(Article.id).where(articles.is_public(CLOCK))).scalars()
        # A draft, one that is scheduled and one that has expired.
        assert everything - set(public) == {site.article_id(number) for number in (10, 20, 30)}
        assert len(everything) == 50
        per_article = Counter(db.session.execute(select(Comment.article_id)).scalars())
        states = Counter(db.session.execute(select(Comment.state)).scalars())
        replies = db.session.execute(select(func.count(Comment.parent_id))).scalar_one()
    assert (per_article[THREAD], per_article[SAMPLE], per_article.total()) == (10, 20, 1_000)
    assert per_article[site.article_id(3)] > 3 * per_article[site.article_id(49)]
    assert set(states) == {state.value for state in site._STATES}
    assert 300 < replies < 450


def test_every_reply_answers_a_published_comment_of_its_article() -> None:
    rows = {row["id"]: row for row in site.comment_rows(SIZE, seed=1, first=5)}
    for row in rows.values():
        if row["parent_id"] is not None:
            parent = rows[row["parent_id"]]
            assert parent["article_id"] == row["article_id"]
            assert parent["state"] == CommentState.APPROVED
            assert row["root_id"] == (parent["root_id"] or parent["id"])


def test_the_pages_of_a_large_site_are_served_and_take_comments(grown: Flask) -> None:
    visitor = Visitor(grown)
    page = visitor.get(f"/articles/{SAMPLE}").text
    assert page.count('id="comment-') == 20
    answer = visitor.comment("One more question.", slug=SAMPLE)
    assert answer.status_code == 303
    assert visitor.get(answer.location).status_code == 200


def test_a_site_is_made_at_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "small"
    code = main(["site", "--folder", str(folder), "--articles", "3", "--comments", "30"])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    assert "30 of 30 comments" in said.out
    assert f"BLOG_CONTENT_DIR={folder}/site-content blog serve" in said.out
    assert (folder / "site" / "blog.db").exists()


def test_a_site_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["site"])
    assert ended.value.code == 2
    assert "site needs --folder" in capsys.readouterr().err


# The load


def test_forms_that_are_sent_are_stored_and_pages_read(
    tmp_path: Path, content_dir: Path, sqlite_template: Path
) -> None:
    page, action = f"/articles/{ARTICLE}", f"/articles/{ARTICLE}/comments"
    with contextlib.ExitStack() as closing:
        blog = servers.blog(
            Stage(tmp_path, *machine.cores(), closing), "site", content_dir, BLOG_WORKERS="1"
        )
        database = tmp_path / "site" / "blog.db"
        database.parent.mkdir()
        shutil.copy(sqlite_template, database)
        assert 0 < blog.serve(core=None) < 60
        assert len(blog.web_processes()) == 1
        rate = load.send_all(blog.port, page, action, speed.comment_form, count=20)
        alone = list(load.send_alone(blog.port, page, action, speed.comment_form, count=3))
        enquiry = list(
            load.send_alone(blog.port, "/contact", "/contact", speed.enquiry_form, count=3)
        )
        cuts = list(posting.cut(blog, count=6))
        load.read_all(blog.port, ["/", page], count=20)
        assert headers.kept(blog.port) == []
        assert headers.changed(blog.port, {"X-Forwarded-Host": "evil.example"}) == []
        for kind in slow_clients.KINDS:
            with slow_clients.Crowd(blog.port, kind, 5) as crowd:
                assert crowd.is_full.wait(20)
                load.read_all(blog.port, [page], count=16)
                assert len(crowd.clients) == 5
        with pytest.raises(CantMeasure, match="404"):
            load.read_all(blog.port, ["/no-such-page"], count=1)
        with pytest.raises(CantMeasure, match="no form that leads to /nowhere"):
            list(load.send_alone(blog.port, page, "/nowhere", speed.comment_form, count=1))
        with contextlib.closing(sqlite3.connect(database)) as connection:
            (stored,) = connection.execute("SELECT count(*) FROM comment").fetchone()
        with pytest.raises(CantMeasure, match="no comment 999"):
            blog.command("comments", "approve", "999")
    assert stored == 29 - rate.refused
    assert [(row.value, row.verdict) for row in cuts] == [(0, "met")]
    assert rate.per_second > 0
    assert load.p50_ms([*alone, *enquiry]) > 0
