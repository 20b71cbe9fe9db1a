"""A timer that is set, set again, and cancelled."""

import asyncio

from ucarpd.linux.alarm import Alarm


async def test_the_time_that_was_set_last_counts():
    began, alarm, rung = asyncio.get_running_loop().time(), Alarm(), []

    def ring(word):
        rung.append((word, alarm.at))
        alarm.set_at(began + 5, rung.append, "again")

    alarm.set(1, rung.append, "early")
    alarm.set(3, ring, "late")
    assert alarm.at == began + 3
    await asyncio.sleep(4)
    assert (rung, alarm.at) == ([("late", None)], began + 5)
    await asyncio.sleep(2)
    assert (rung[1:], alarm.at) == (["again"], None)
    alarm.set(1, rung.append, "never")
    alarm.cancel()
    await asyncio.sleep(2)
    assert (len(rung), alarm.at) == (2, None)
