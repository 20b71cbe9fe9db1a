"""When sending counts as failing."""

import pytest

from ucarpd.carp.send_errors import SendErrors


@pytest.mark.parametrize(
    ("attempts", "is_failing", "is_clean", "because"),
    [
        ("", False, True, "nothing was sent yet"),
        ("ee", False, False, "two errors are no reason"),
        ("eee", True, False, "three are"),
        ("eseses", True, False, "a success does not reset the count"),
        ("eesse", True, False, "nor do two"),
        ("eesssee", False, False, "three in a row do"),
        ("eeess", True, False, "two successes do not end it"),
        ("eeesse", True, False, "nor two and an error"),
        ("eeesss", False, True, "three in a row end it"),
        ("sssssee", False, False, "those before do not count"),
        ("eeesssee", False, False, "and it begins anew"),
    ],
)
def test_send_errors(attempts, is_failing, is_clean, because):
    errors = SendErrors()
    for attempt in attempts:
        errors.note(success=attempt == "s")
    assert (errors.is_failing, errors.is_clean) == (is_failing, is_clean), because
