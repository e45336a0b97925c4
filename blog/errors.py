"""The tree of our errors.

    BlogError                 anything this product raises on purpose
    ├── SettingError          a setting that can't be used; stops the start
    ├── DatabaseUnready       the database can't be opened or isn't migrated
    ├── ContentError          a file in content/ that can't be used, with line, column and remedy
    ├── MarkupError           a text that can't be rendered within its limits
    ├── FileError             a file from elsewhere that can't be used, with its line
    ├── MailError             a message that can't be built or handed over
    ├── BadRequest            bytes that are no request of ours
    ├── BadParameter          a parameter of a program's request, with what is allowed
    ├── BadHeader             a header of a program's request, with what is allowed
    ├── WrongType             a body of a type that isn't taken here
    ├── Unauthorized          nothing tells who asks
    ├── Forbidden             the actor may not do this
    ├── NotFound              nothing here by that name
    ├── Gone                  something that was here and was removed
    ├── Conflict              somebody else was there before
    ├── Stale                 what was to be changed isn't what was read
    ├── Unconditional         a change that doesn't say of what
    ├── Invalid               fields that are wrong, each with its sentence
    ├── KeyReused             a key that something else was sent under
    ├── TooMany               a limit is reached, with seconds to wait
    └── Busy                  no room at this moment; the same request will do later

Every message is a whole sentence for a person. Surfaces render the tree in one place,
as a page or as problem details (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class BlogError(Exception):
    """Anything this product raises on purpose.

    `status` is the HTTP status a surface answers with, `code` the name a program reads, `header`
    the header of a request that it is about, if it is.
    """

    status = 500
    code = "error"
    header = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingError(BlogError):
    """A setting that can't be used; names key, value and what is wanted."""

    code = "setting"


class DatabaseUnready(BlogError):
    """The database can't be opened or isn't migrated; the message says what to run."""

    status = 503
    code = "database-unready"


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file of content/: where, what, and what to do about it.

    Units: `line` and `column` count from 1; None where the whole file is meant.
    """

    path: str
    message: str
    remedy: str
    line: int | None = None
    column: int | None = None
    is_warning: bool = False

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.message} {self.remedy}"


class ContentError(BlogError):
    """A file in content/ that can't be used; `problems` holds at least one that is no warning."""

    code = "content"

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class MarkupError(BlogError):
    """A text that can't be rendered within its limits.

    Units: `line` counts from 1 in the text given; None where no line is to blame.
    """

    status = 422
    code = "markup"

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class FileError(BlogError):
    """A file from elsewhere that can't be used; the message names it.

    Units: `line` counts from 1; None where the whole file is meant.
    """

    code = "file"

    def __init__(self, path: str, reason: str, *, line: int | None = None) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.line = line


class MailError(BlogError):
    """A message that can't be built or handed over."""

    code = "mail"


class BadRequest(BlogError):
    """Bytes that are no request of ours."""

    status = 400
    code = "bad-request"

    def __init__(self, message: str, *, code: str = "bad-request") -> None:
        super().__init__(message)
        self.code = code


class BadParameter(BlogError):
    """A parameter that isn't known, or whose value isn't; `allowed` lists what there is."""

    status = 400
    code = "bad-parameter"

    def __init__(self, name: str, detail: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.name = name
        self.allowed = allowed


class BadHeader(BlogError):
    """A header that can't be read; `allowed` tells what there is."""

    status = 400
    code = "bad-header"

    def __init__(self, name: str, detail: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.header = name
        self.allowed = allowed


class WrongType(BlogError):
    """A body of a type that isn't taken here; `allowed` tells which is."""

    status = 415
    code = "unsupported-media-type"
    header = "Content-Type"

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = allowed


class Unauthorized(BlogError):
    """Nothing that came along tells who asks."""

    status = 401
    code = "unauthorized"
    header = "Authorization"


class Forbidden(BlogError):
    """The actor may not do this."""

    status = 403
    code = "forbidden"


class NotFound(BlogError):
    """Nothing here by that name."""

    status = 404
    code = "not-found"


class Gone(BlogError):
    """Something that was here and was removed."""

    status = 410
    code = "gone"


class Conflict(BlogError):
    """It can’t be done as things stand; the message says why."""

    status = 409
    code = "conflict"


class Stale(BlogError):
    """What was to be changed isn't what was read any more."""

    status = 412
    code = "stale"
    header = "If-Match"


class Unconditional(BlogError):
    """A change that doesn't say of which version."""

    status = 428
    code = "unconditional"
    header = "If-Match"


class Invalid(BlogError):
    """Fields that are wrong: `fields` maps a field's name to its sentence.

    `allowed` lists by field what there is instead, where that can be listed.
    """

    status = 422
    code = "invalid"

    def __init__(
        self,
        fields: dict[str, str],
        *,
        code: str = "invalid",
        allowed: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = fields
        self.code = code
        self.allowed = allowed or {}


class KeyReused(BlogError):
    """A key that something else was sent under."""

    status = 422
    code = "key-reused"
    header = "Idempotency-Key"


class TooMany(BlogError):
    """A limit is reached; the same will be taken after `retry_after_seconds`."""

    status = 429
    code = "too-many"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Busy(BlogError):
    """No room at this moment; the same request will do after `retry_after_seconds`."""

    status = 503
    code = "busy"

    def __init__(self, message: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
