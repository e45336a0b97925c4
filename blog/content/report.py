"""Gathers what is wrong in one file of content/, so that an author hears of all of it at once.

Turns a place in the text into line and column, and quotes what was typed. Decides nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from blog.errors import ContentError, Problem


class Report:
    """The problems of one file; `index` is a place in `text`, counted in characters from 0."""

    def __init__(self, path: str, text: str = "") -> None:
        self.path = path
        self.text = text
        self.problems: list[Problem] = []

    def error(self, message: str, remedy: str, index: int | None = None) -> None:
        """Note what makes the file unusable."""
        self._note(message, remedy, index, is_warning=False)

    def warn(self, message: str, remedy: str, index: int | None = None) -> None:
        """Note what the author should look at again."""
        self._note(message, remedy, index, is_warning=True)

    def failure(self) -> ContentError:
        """Make the error that holds all that was noted, in the order of the lines."""
        return ContentError(*self._in_order())

    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings of a file that can be used.

        Raises: ContentError with every problem, where one of them is no warning.
        """
        if not all(problem.is_warning for problem in self.problems):
            raise self.failure()
        return self._in_order()

    def _note(self, message: str, remedy: str, index: int | None, *, is_warning: bool) -> None:
        line, column = (None, None) if index is None else place(self.text, index)
        self.problems.append(Problem(self.path, message, remedy, line, column, is_warning))

    def _in_order(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.problems, key=lambda each: (each.line or 0, each.column or 0)))


def place(text: str, index: int) -> tuple[int, int]:
    """Say in which line and column a character stands; both count from 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def near(word: str, known: Iterable[str]) -> str:
    """Find the known word that was probably meant, or nothing."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), 1, 0.7)), "")


def shown(text: str, max_chars: int = 40) -> str:
    """Quote what was typed, cut short where it is long."""
    words = " ".join(text.split())
    return f'"{words}"' if len(words) <= max_chars else f'"{words[: max_chars - 1]}…"'
