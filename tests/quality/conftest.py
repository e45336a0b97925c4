"""Every page of a site, and a browser that shows them as they were kept."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from blog import db
from tests.cast import Clock
from tests.quality.site import ADDRESS
from tests.quality.tour import Kept, Tour


@pytest.fixture(scope="session")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """A site of everything, seen from the first page to the last."""
    seen = Tour(tmp_path_factory.mktemp("everything"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "utc_now", Clock())
        seen.walk()
    with seen.app.app_context():
        db.close()
    return seen


class Window:
    """A window of a browser that shows kept pages, and listens to what they ask and say."""

    def __init__(self, context: BrowserContext, tour: Tour) -> None:
        self.page = context.new_page()
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._client = tour.app.test_client()
        self._shown: Kept | None = None
        context.route("**/*", self._answer)
        self.page.on("console", lambda message: self.complaints.append(message.text))

    def show(self, kept: Kept) -> Page:
        """Show a page under its own address."""
        self._shown = kept
        self.requested.clear()
        self.complaints.clear()
        self.page.goto(ADDRESS + kept.address)
        return self.page

    def _answer(self, route: Route) -> None:
        url = route.request.url
        self.requested.append(url)
        is_own = route.request.frame == self.page.main_frame
        if route.request.is_navigation_request() and is_own and self._shown:
            shown = self._shown
            route.fulfill(status=shown.status, headers=shown.headers, body=shown.body)
            return
        answer = self._client.get(url.removeprefix(ADDRESS), base_url=ADDRESS)
        headers = dict(answer.headers.items())
        route.fulfill(status=answer.status_code, headers=headers, body=answer.data)


OpenWindow = Callable[..., contextlib.AbstractContextManager[Window]]


@pytest.fixture(scope="session")
def open_window(browser: Browser, tour: Tour) -> OpenWindow:
    """Open windows: `with open_window(width=390, dark=True) as window:`."""

    @contextlib.contextmanager
    def opened(*, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Window]:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            # Or it would still be on its way to what has the focus.
            reduced_motion="reduce",
        )
        yield Window(context, tour)
        context.close()

    return opened
