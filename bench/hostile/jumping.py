"""`blog` with a clock that is as many seconds from the true time as a file says at each moment.

`python -m bench.hostile.jumping FILE serve …`. All of the product takes the time from one of two
functions; libfaketime would break its short sleeps.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from blog import db

_true_now, _true_time = db.utc_now, time.time


def main(path: Path) -> None:
    """Run a command under the clock of a file."""

    def ahead() -> float:
        return float(path.read_text())

    def now() -> datetime:
        return _true_now() + timedelta(seconds=ahead())

    db.utc_now = now
    time.time = lambda: _true_time() + ahead()
    # Not sooner, since some of it takes the function for a default.
    from blog import cli

    cli.main()


if __name__ == "__main__":
    main(Path(sys.argv.pop(1)))
