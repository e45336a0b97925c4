"""A test that lacks something is skipped, or fails where all are wanted."""

import pytest

from tests import needs


@pytest.mark.parametrize(
    ("wants_all", "outcome"), [(True, pytest.fail.Exception), (False, pytest.skip.Exception)]
)
def test_what_is_lacking_is_said(
    monkeypatch: pytest.MonkeyPatch, wants_all: bool, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(needs, "REQUIRE_ALL", wants_all)
    with pytest.raises(outcome, match="apt-get install it"):
        needs.need(None, "It is needed: apt-get install it")
