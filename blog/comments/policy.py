"""The policy of comments: one row of steps, the same for every door a comment comes in by.

Pure: each step looks at what is known of a comment and gives reasons; the severest answer is
done. Nothing a stranger typed is ever believed here, so that a name or an address alone opens
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from blog import spam
from blog.comments import names
from blog.comments.rules import Hit
from blog.comments.weighing import Opinion
from blog.content import Commenting
from blog.spam import Answer, Reason, Step, Tone, counted

# Of pairs of words that two texts have in common.
MUCH_ALIKE = 0.5
MANY_IN_AN_HOUR = 5
LIKELY_SPAM = 0.9
_MAYBE_SPAM = 0.5


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What is known of who holds the token of a confirmed address."""

    published: int
    rejected_lately: int
    needed: int


@dataclass(frozen=True, kw_only=True)
class Case(spam.Submission):
    """All that is known of a comment when it arrives; numbers are of what came before it.

    `is_like_another` says that nearly the same words came of late, `published` how many comments of
    this browser appeared, `guarded` the names that are somebody else's, `rules` those
    that speak, `private` the kinds of private details in the text.
    """

    mode: Commenting
    name: str
    is_from_form: bool = True
    closed_because: str = ""
    guarded: Collection[str] = ()
    has_throwaway_address: bool = False
    rules: Collection[Hit] = ()
    private: Collection[str] = ()
    words: int = 0
    same: int = 0
    is_like_another: bool = False
    in_last_hour: int = 0
    published: int = 0
    trust: Trust | None = None
    opinion: Opinion | None = None


def closed(case: Case) -> Iterator[Reason]:
    """Take nothing where comments are closed."""
    if case.closed_because:
        yield Reason("closed", case.closed_because, Tone.BAD, Answer.REJECT)


def formless(case: Case) -> Iterator[Reason]:
    """Hold what nobody filled into a form that came from here."""
    if not case.is_from_form:
        yield Reason("formless", "sent by a program without a form", Tone.PLAIN, Answer.HOLD)


def name(case: Case) -> Iterator[Reason]:
    """Hold a name that is the author's or the clinic's, or looks like it."""
    words = names.unfit(case.name, case.guarded)
    if words:
        yield Reason("name", words, Tone.BAD, Answer.HOLD)


def rule(case: Case) -> Iterator[Reason]:
    """Do what the author's own rules say."""
    for hit in case.rules:
        yield ruled(hit)


def ruled(hit: Hit) -> Reason:
    """Say that a rule speaks."""
    if hit.answer is Answer.REJECT:
        words = f"This site takes no comment with “{hit.pattern}”."
    else:
        words = f"“{hit.pattern}”{f', {hit.note}' if hit.note else ''}"
    return Reason("rule", words, Tone.BAD, hit.answer)


def private_details(case: Case) -> Iterator[Reason]:
    """Hold what could reach or name its writer, so that she can be spared."""
    if case.private:
        articles = (f"an {kind}" if kind[0] in "aeiou" else f"a {kind}" for kind in case.private)
        yield Reason("private", f"shows {' and '.join(articles)}", Tone.BAD, Answer.HOLD)


def repetition(case: Case) -> Iterator[Reason]:
    """Hold what was said before in the same or nearly the same words."""
    if case.words < spam.REPEATED_FROM_WORDS:
        return
    if case.same:
        yield spam.repeated(case.same)
    elif case.is_like_another:
        words = "nearly the same words came before"
        yield Reason("repetition", words, Tone.BAD, Answer.HOLD)


def rate(case: Case) -> Iterator[Reason]:
    """Hold what comes from where much came just now."""
    if case.in_last_hour >= MANY_IN_AN_HOUR:
        words = f"{counted(case.in_last_hour, 'comment')} from the same place within an hour"
        yield Reason("rate", words, Tone.BAD, Answer.HOLD)


def address(case: Case) -> Iterator[Reason]:
    """Point out an address that is made to be thrown away; many honest readers use one."""
    if case.has_throwaway_address:
        yield spam.THROWAWAY


def model(case: Case) -> Iterator[Reason]:
    """Hold what is likely spam by what was decided here before."""
    if case.opinion:
        yield opinion(case.opinion)


def opinion(found: Opinion) -> Reason:
    """Say what is thought of a text; it is held or not, and never published or hidden for it."""
    percent = min(max(round(100 * found.probability), 1), 99)
    named = tuple((each.name, each.shown) for each in (*found.against, *found.in_favour))
    if found.probability < _MAYBE_SPAM:
        return Reason("model", f"looks like a reader (spam {percent} %)", named=named)
    likely = found.probability >= LIKELY_SPAM
    words = f"{'likely' if likely else 'maybe'} spam {percent} %"
    if found.against:
        words += f": {', '.join(each.shown for each in found.against)}"
    if found.in_favour:
        words += f"; {' and '.join(each.shown for each in found.in_favour)} speaks for a reader"
    if likely:
        return Reason("model", words, Tone.BAD, Answer.HOLD, named)
    return Reason("model", words, named=named)


def history(case: Case) -> Iterator[Reason]:
    """Say whether this browser is known."""
    if case.published:
        words = f"{counted(case.published, 'earlier comment')} published"
        yield Reason("history", words, Tone.GOOD)
    else:
        yield Reason("history", "first comment")


def mode(case: Case) -> Iterator[Reason]:
    """Publish at once where the site or the article does that."""
    if case.mode is Commenting.PRE:
        yield Reason("mode", "", answer=Answer.HOLD)
    elif case.mode is Commenting.TRUSTED:
        yield from _by_trust(case.trust)


def _by_trust(trust: Trust | None) -> Iterator[Reason]:
    if trust is None:
        words = "no confirmed email address"
    elif trust.rejected_lately:
        words = (
            f"confirmed address, but {counted(trust.rejected_lately, 'comment')} rejected lately"
        )
    elif trust.published < trust.needed:
        words = f"confirmed address, {trust.published} of {trust.needed} comments published"
    else:
        yield Reason("mode", "a reader you trust", Tone.GOOD)
        return
    yield Reason("mode", words, answer=Answer.HOLD)


STEPS: tuple[Step[Case], ...] = (
    closed,
    formless,
    *spam.STEPS,
    rule,
    name,
    private_details,
    repetition,
    rate,
    address,
    model,
    history,
    mode,
)


def judge(case: Case) -> spam.Verdict:
    """Ask every step."""
    return spam.judge(case, STEPS)
