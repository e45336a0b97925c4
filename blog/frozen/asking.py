"""Asks the application for its public answers, in this process and as nobody in particular."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import Flask
from werkzeug.test import TestResponse

from blog import config, urls
from blog.errors import Busy

# Below these is nothing that anybody could read as a file.
_OF_SERVER = rb"(/(?:admin|comments|privacy)/[^\s\"'<>\\]*)"
_LINK = re.compile(rb'(<a\b[^<>]*?) href="' + _OF_SERVER + b'"')
_JSON, _HTML = "application/json", "text/html"


@dataclass(frozen=True)
class Answer:
    """What is to be read at a path; `leads_on` says that it is one page of several."""

    path: str
    kind: str
    data: bytes
    leads_on: bool = False

    @property
    def file(self) -> str:
        """Name of the file that a host serves at the path.

        A path may be that of a page and of the folder of others, so a page has an ending that hosts
        leave out of addresses, and what is for programs is the index of its folder.
        """
        name = self.path.removeprefix("/")
        if self.kind == _JSON and not name.endswith(".json"):
            return f"{name}/index.json"
        if self.kind == _HTML and not name.endswith(".html"):
            return f"{name or 'index'}.html"
        return name


class Asker:
    """Asks one application; what is not there any more is passed over."""

    def __init__(self, app: Flask) -> None:
        frozen = config.frozen()
        self._client = app.test_client(use_cookies=False)
        self._url = config.current().site_url
        self._live = (frozen.live if frozen else "").encode()
        self._full = re.compile(re.escape(self._url.encode()) + _OF_SERVER)

    def ask(self, *paths: str) -> Iterator[Answer]:
        """Give what is at each of some paths."""
        for path in paths:
            answer = self._get(path)
            if answer:
                yield self._read(path, answer)

    def pages(self, path: str, name: str = "page") -> Iterator[Answer]:
        """Give every page of a list, each at the path that it has among files."""
        number, leads_on = 1, True
        while leads_on:
            answer = self._get(f"{path}?{name}={number}" if number > 1 else path)
            if answer is None:
                return
            page = self._read(path, answer)
            yield replace(page, path=urls.paged(path, number, name))
            number, leads_on = number + 1, page.leads_on

    def missing(self) -> Answer:
        """Give the page that says that nothing is there."""
        path = "/404.html"
        return self._read(path, self._client.get(path, base_url=self._url))

    def _get(self, path: str) -> TestResponse | None:
        answer = self._client.get(path, base_url=self._url)
        if answer.status_code in (404, 410):
            return None
        if answer.status_code != 200:
            raise Busy(f"{path} can’t be exported: the site answers {answer.status}.")
        return answer

    def _read(self, path: str, answer: TestResponse) -> Answer:
        data = self._led_on(answer.get_data())
        in_head = b'<link rel="next" ' in data if answer.mimetype == _HTML else False
        leads_on = in_head or 'rel="next"' in answer.headers.get("Link", "")
        return Answer(path, str(answer.mimetype), data, leads_on)

    def _led_on(self, data: bytes) -> bytes:
        """Lead links that somebody wrote to what a server alone answers there, or nowhere."""
        if not self._live:
            return _LINK.sub(rb"\1", data)
        data = _LINK.sub(lambda to: to[1] + b' href="' + self._live + to[2] + b'"', data)
        return self._full.sub(lambda found: self._live + found[1], data)
