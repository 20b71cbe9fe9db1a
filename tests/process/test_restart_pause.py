"""How long an engine that a defect has ended waits for its next start."""

from ucarpd.process.restart_pause import (
    FIRST_RESTART_PAUSE,
    LONGEST_RESTART_PAUSE,
    RESTART_FORGOTTEN_AFTER,
    RestartPause,
)


def test_each_failure_doubles_the_pause_up_to_a_limit():
    pause = RestartPause()
    waited = [pause.after(0.1) for _ in range(8)]
    assert waited[:3] == [FIRST_RESTART_PAUSE, 2 * FIRST_RESTART_PAUSE, 4 * FIRST_RESTART_PAUSE]
    assert waited[-2:] == [LONGEST_RESTART_PAUSE] * 2


def test_after_good_work_the_pause_is_short_again():
    pause = RestartPause()
    for _ in range(8):
        pause.after(0.1)
    assert pause.after(RESTART_FORGOTTEN_AFTER) == LONGEST_RESTART_PAUSE
    assert pause.after(RESTART_FORGOTTEN_AFTER + 1) == FIRST_RESTART_PAUSE
    assert pause.after(0.1) == 2 * FIRST_RESTART_PAUSE
