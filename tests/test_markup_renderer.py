"""The process that renders articles: its deadline, its faults, its end."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from blog import markup
from blog.errors import MarkupError
from blog.markup import renderer

SLOW_ARTICLE = "[" * 50_000


@pytest.fixture
def _renders() -> None:
    """Nothing is kept for other tests, since how a process ends is looked at."""


def refused(articles: markup.ArticleRenderer, source: str) -> MarkupError:
    with pytest.raises(MarkupError) as caught:
        articles.render(source)
    return caught.value


def child_of(articles: markup.ArticleRenderer) -> renderer._Child:
    """The one that works next."""
    child = articles._free.queue[-1]
    assert child is not None
    return child


def pid_of(articles: markup.ArticleRenderer) -> int:
    return child_of(articles)._process.pid


def is_gone(pid: int) -> bool:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def children_seconds() -> float:
    """How long the processes that have ended were at work, from their start."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_one_process_renders_article_after_article_and_ends() -> None:
    source = "# Ünïcödé\n\n![A](/a.jpg) [b](https://x.org)[^1]\n\n[^1]: Note \u2028 \ud800"
    pictures = {"a.jpg": markup.Picture("/media/a.jpg?v=1", 40, 30)}
    with markup.ArticleRenderer(pictures=pictures) as articles:
        rendered = articles.render(source)
        assert rendered == markup.render_article(source, pictures)
        assert 'src="/a.jpg"' in rendered.html
        assert 'width="40"' in articles.render("![A](/media/a.jpg)").html
        pid = pid_of(articles)
        error = refused(articles, "> " * 200 + "a")
        assert error.line == 1
        assert error.message.startswith("Lists, quotes or HTML tags are nested too deeply")
        os.kill(pid, signal.SIGINT)
        assert articles.render("*a*").html == "<p><em>a</em></p>"
        assert pid_of(articles) == pid
        assert not is_gone(pid)
    assert is_gone(pid)
    articles.close()


def test_an_article_that_takes_too_long_is_refused_and_the_next_one_is_not() -> None:
    with markup.ArticleRenderer(deadline_seconds=1) as articles:
        assert articles.render("*a*").words == 1
        pid = pid_of(articles)
        before = children_seconds()
        message = refused(articles, SLOW_ARTICLE).message
        assert message.startswith("This text takes longer than 1 seconds to render.")
        assert is_gone(pid)
        # Of its core's time it got no more, though others may keep us from seeing the end of it.
        assert children_seconds() - before < 4
        assert articles.render("*b*").text == "b"


def test_a_process_that_stops_reading_is_replaced() -> None:
    with markup.ArticleRenderer(deadline_seconds=0.3) as articles:
        articles.render("a")
        os.kill(pid_of(articles), signal.SIGSTOP)
        assert "longer than" in refused(articles, "é" * 100_000).message
        assert articles.render("b").text == "b"


def test_a_process_that_does_not_end_by_itself_is_ended() -> None:
    articles = markup.ArticleRenderer()
    articles.render("a")
    pid = pid_of(articles)
    os.kill(pid, signal.SIGSTOP)
    articles.close()
    assert is_gone(pid)


def test_a_process_that_dies_at_work_is_reported_and_replaced() -> None:
    with markup.ArticleRenderer() as articles:
        articles.render("a")
        killer = threading.Timer(0.2, os.kill, (pid_of(articles), signal.SIGKILL))
        killer.start()
        assert refused(articles, SLOW_ARTICLE).message.startswith("The renderer broke down")
        killer.join()
        assert articles.render("b").text == "b"


def test_a_process_that_died_between_two_articles_is_replaced_unnoticed() -> None:
    with markup.ArticleRenderer() as articles:
        articles.render("a")
        kill_and_wait(pid_of(articles))
        assert articles.render("b").text == "b"


def test_a_process_that_dies_before_it_reads_gives_no_answer_and_no_trouble() -> None:
    with markup.ArticleRenderer() as articles:
        articles.render("a")
        kill_and_wait(pid_of(articles))
        assert child_of(articles).ask("unread", 5) == b""


def test_threads_that_share_a_renderer_get_their_own_articles() -> None:
    with markup.ArticleRenderer() as articles:
        found: dict[int, str] = {}

        def render(number: int) -> None:
            found[number] = articles.render(f"Article {number}").text

        threads = [threading.Thread(target=render, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: f"Article {number}" for number in range(8)}


def test_several_processes_work_side_by_side_and_all_end() -> None:
    with markup.ArticleRenderer(deadline_seconds=2, processes=2) as articles:
        slow = threading.Thread(target=refused, args=(articles, SLOW_ARTICLE))
        slow.start()
        start = time.monotonic()
        while slow.is_alive():
            assert articles.render("*a*").text == "a"
        # The slow one held a process of its own, and was ended with it.
        assert time.monotonic() - start > 1
        both = [threading.Thread(target=articles.render, args=("b",)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        pids = {child._process.pid for child in articles._free.queue if child is not None}
    assert pids
    assert all(is_gone(pid) for pid in pids)


def test_an_article_after_another_starts_no_second_process() -> None:
    with markup.ArticleRenderer(processes=4) as articles:
        articles.render("a")
        articles.render("b")
        assert sum(child is not None for child in articles._free.queue) == 1


def test_the_process_starts_without_the_web_application() -> None:
    program = "import sys, blog.markup; print(sorted({'flask', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"
