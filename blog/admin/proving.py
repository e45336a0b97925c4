"""Who somebody proves to be, with the brake on guessing before every look at a password.

A browser in which somebody has signed in before has a brake of its own for her account, so that
strangers who guess don't keep her out.
"""

from __future__ import annotations

from datetime import timedelta

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from blog import accounts, config, db, limits, tokens
from blog.accounts import User
from blog.forms.staff import PresentPasswordForm

# What a signed note is for, and its name in the cookie: the password was right, the code is due.
HALF = "second-factor"
_DEVICE = "device"
_DEVICE_KNOWN = timedelta(days=180)


def known(email: str, password: str) -> str | None:
    """Return a note of whose password it is; an attempt counts as failed until it was right.

    Raises: TooMany while the brake holds.
    """
    account, now = _braked(accounts.normal_email(email)), db.utc_now()
    with db.writing():
        accounts.count_attempt(account=account, address=limits.client(), now=now)
    found = accounts.verify(email, password)
    if found is None:
        return None
    note = note_for(found)
    with db.writing():
        accounts.forgive(account, limits.client())
    return note


def is_proven(form: PresentPasswordForm, email: str) -> bool:
    """Tell whether a form was sent whole, with the password of who has this address."""
    if not form.validate_on_submit():
        return False
    if known(email, form.present.data) is None:
        form.present.errors = ["This is not your present password."]
        return False
    return True


def _braked(email: str) -> str:
    """Name what is slowed down: an account, or an account in a browser that is known."""
    if not is_browser_known(email):
        return _account(email)
    return tokens.keyed_hash(config.current().secret_key, _DEVICE, _device_cookie())


def is_browser_known(email: str) -> bool:
    """Tell whether somebody has signed in in this browser before, half a year ago at most."""
    key, cookie = config.current().secret_key, _device_cookie()
    device = tokens.read(key, _DEVICE, cookie, now=db.utc_now(), max_age=_DEVICE_KNOWN)
    return device is not None and device.subject.startswith(f"{_account(email)}.")


def _device_cookie() -> str:
    return request.cookies.get(config.current().cookie(config.DEVICE_COOKIE), "")


def _account(email: str) -> str:
    return tokens.keyed_hash(config.current().secret_key, "account", email)


def know_browser(response: AnyResponse, email: str) -> None:
    """Let this browser be known as one in which somebody has signed in."""
    settings = config.current()
    response.set_cookie(
        settings.cookie(config.DEVICE_COOKIE),
        device_note(email),
        max_age=_DEVICE_KNOWN,
        secure=settings.is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def device_note(email: str) -> str:
    """Make the signed note by which a browser of somebody's is known."""
    subject = f"{_account(email)}.{tokens.random_token()}"
    return tokens.issue(config.current().secret_key, _DEVICE, subject, now=db.utc_now())


def owner(note: str) -> User | None:
    """Return whose password was right, as long as it is hers and she may sign in."""
    who = accounts.by_id(int(note.partition(".")[0]))
    return who if who and who.is_active and note_for(who) == note else None


def note_for(who: User) -> str:
    """Say whose password was right, in words that end with this password."""
    key = config.current().secret_key
    return f"{who.id}.{tokens.keyed_hash(key, HALF, who.password_hash)}"
