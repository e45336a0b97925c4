"""The measurements measure: forms are read, the configuration is the document's, bounds are told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import load, machine, report, servers
from bench.machine import ROOT, CantMeasure
from bench.report import Bound, Row, Table
from bench.stage import Stage

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
        (Row("a", bound=Bound(8), note="not there yet"), ""),
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
