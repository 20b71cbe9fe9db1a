"""The deadlines of many engines on one timer of the event loop, in virtual time."""

import asyncio

import pytest

from ucarpd.engine import Timer


class Bench:
    """A timer whose deadlines note their name and the time in `calls`, and wake-ups in `wake_ups`."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.timer = Timer()
        self.calls = []
        self.wake_ups = 0
        ring = self.timer._ring

        def count():
            self.wake_ups += 1
            ring()

        self.timer._ring = count

    def deadline(self, name, then=lambda: None):
        def call():
            self.calls.append((name, round(self.loop.time() - self.began, 6)))
            then()

        return self.timer.deadline(call)

    def at(self, seconds):
        return self.began + seconds


async def test_each_deadline_is_called_once_at_its_time():
    bench = Bench()
    for name, seconds in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        bench.deadline(name).set(bench.at(seconds))
    await asyncio.sleep(10.0)
    assert bench.calls == [("a", 1.0), ("b", 2.0), ("c", 3.0)]


async def test_equal_deadlines_share_a_wake_up():
    bench = Bench()
    for name in "abc":
        bench.deadline(name).set(bench.at(1.0))
    await asyncio.sleep(2.0)
    assert bench.calls == [("a", 1.0), ("b", 1.0), ("c", 1.0)]
    assert bench.wake_ups == 1


async def test_a_deadline_that_is_moved_is_called_at_the_last_time_only():
    bench = Bench()
    later, sooner, cancelled = map(bench.deadline, ("later", "sooner", "cancelled"))
    later.set(bench.at(1.0))
    later.set(bench.at(3.0))
    sooner.set(bench.at(5.0))
    sooner.set(bench.at(2.0))
    cancelled.set(bench.at(1.5))
    cancelled.set(None)
    await asyncio.sleep(10.0)
    assert bench.calls == [("sooner", 2.0), ("later", 3.0)]


async def test_a_deadline_that_moves_back_and_forth_is_called_once():
    bench = Bench()
    deadline = bench.deadline("a")
    for seconds in (4.0, 2.0, 3.0, 2.0, 6.0, 5.0):
        deadline.set(bench.at(seconds))
    await asyncio.sleep(4.5)
    # That for 4.0 is gone; that for 6.0 goes at its time.
    assert [at for at, _, _ in bench.timer._queue] == [bench.at(5.0), bench.at(6.0)]
    await asyncio.sleep(5.0)
    assert bench.calls == [("a", 5.0)]


@pytest.mark.parametrize(
    ("first", "second", "is_moved"), [(2.4, 9.0, False), (2.6, 9.0, True), (2.6, 1.05, False)]
)
async def test_a_wake_up_is_moved_only_if_that_saves_one(first, second, is_moved):
    bench = Bench()
    one, other = map(bench.deadline, ("one", "other"))
    one.set(bench.at(1.0))
    other.set(bench.at(second))
    before = bench.timer._handle
    one.set(bench.at(first))
    assert (bench.timer._handle is not before) == is_moved


@pytest.mark.parametrize(("count", "slots"), [(1, 1), (50, 1), (50, 10)])
async def test_backups_that_hear_advertisements_cost_no_wake_up(count, slots):
    bench = Bench()
    deadlines = [bench.deadline(str(number)) for number in range(count)]
    for _ in range(30):
        for slot in range(slots):
            for deadline in deadlines[slot::slots]:
                deadline.set(bench.loop.time() + 2.4)
            await asyncio.sleep(1.0 / slots)
    assert bench.calls == []
    assert bench.wake_ups == 0
    await asyncio.sleep(5.0)
    assert len(bench.calls) == count


async def test_a_wake_up_is_not_followed_by_one_for_a_deadline_that_was_moved():
    bench = Bench()
    bench.deadline("first").set(bench.at(1.0))
    moved = bench.deadline("moved")
    moved.set(bench.at(1.2))
    moved.set(bench.at(2.0))
    await asyncio.sleep(5.0)
    assert bench.calls == [("first", 1.0), ("moved", 2.0)]
    assert bench.wake_ups == 2


async def test_a_deadline_that_is_brought_forward_again_and_again_has_one_entry_left():
    bench = Bench()
    deadline = bench.deadline("a", lambda: deadline.set(bench.loop.time() + 1.0))
    deadline.set(bench.at(1.0))
    for _ in range(20):
        await asyncio.sleep(1.25)
        deadline.set(bench.loop.time() + 0.125)
    await asyncio.sleep(1.0)
    assert len(bench.timer._queue) == 1


async def test_a_deadline_may_set_itself_and_others_again():
    bench = Bench()
    other = bench.deadline("other")

    def again():
        if bench.loop.time() < bench.at(2.5):
            deadline.set(bench.loop.time() + 1.0)
            other.set(bench.loop.time())

    deadline = bench.deadline("own", again)
    deadline.set(bench.at(1.0))
    await asyncio.sleep(10.0)
    assert bench.calls == [
        *(("own", 1.0), ("other", 1.0), ("own", 2.0), ("other", 2.0), ("own", 3.0)),
    ]


@pytest.mark.parametrize("seconds", [1.0, 2.0])
async def test_a_deadline_that_sets_itself_again_leaves_the_next_one_its_place(seconds):
    bench = Bench()
    first = bench.deadline("first", lambda: first.set(bench.loop.time() + seconds))
    first.set(bench.at(1.0))
    bench.deadline("next").set(bench.at(1.25))
    await asyncio.sleep(3.5)
    again = [("first", 1.0 + each * seconds) for each in range(1, int(2.0 / seconds) + 1)]
    assert bench.calls == [("first", 1.0), ("next", 1.25), *again]


async def test_a_late_wake_up_calls_all_that_is_due_by_then():
    bench = Bench()
    for name, seconds in (("a", 1.0), ("b", 1.5)):
        bench.deadline(name).set(bench.at(seconds))
    bench.loop.call_at(bench.at(0.9), bench.loop.jump, 1.0)
    await asyncio.sleep(5.0)
    assert (bench.calls, bench.wake_ups) == ([("a", 1.9), ("b", 1.9)], 1)


async def test_what_falls_due_meanwhile_waits_for_the_sockets():
    bench = Bench()
    order = []

    def work():
        bench.loop.jump(1.0)
        bench.loop.call_soon(order.append, "the loop's turn")

    bench.deadline("slow", work).set(bench.at(1.0))
    bench.deadline("late", lambda: order.append("late")).set(bench.at(1.5))
    await asyncio.sleep(5.0)
    assert order == ["the loop's turn", "late"]


async def test_a_deadline_that_stays_in_the_past_lets_the_loop_have_its_turn():
    """A defect: its cause may end with the next event, and other virtual hosts must go on."""
    bench = Bench()
    turns = []

    def again():
        if len(bench.calls) < 4:
            bench.loop.call_soon(lambda: turns.append(len(bench.calls)))
            past.set(bench.at(0.5))

    past = bench.deadline("past", again)
    past.set(bench.at(1.0))
    bench.deadline("other").set(bench.at(1.0))
    await asyncio.sleep(5.0)
    assert turns == [2, 3]
    assert bench.calls == [("past", 1.0), ("other", 1.0), *[("past", 1.0)] * 2]


async def test_a_defect_in_one_call_stops_no_other():
    bench = Bench()
    caught = []
    bench.loop.set_exception_handler(lambda _loop, context: caught.append(context))

    def fail():
        raise ZeroDivisionError

    bench.deadline("a", fail).set(bench.at(1.0))
    bench.deadline("b").set(bench.at(1.0))
    bench.deadline("c").set(bench.at(2.0))
    await asyncio.sleep(5.0)
    assert bench.calls == [("a", 1.0), ("b", 1.0), ("c", 2.0)]
    (defect,) = caught
    assert isinstance(defect["exception"], ZeroDivisionError)
    assert "count" in defect["message"], "the callback, which is not cancelled by then"


@pytest.mark.parametrize("seconds", [0.1, 0.7, 1.1, 3.3])
async def test_a_loop_that_calls_a_tick_too_early_does_not_turn_in_vain(seconds):
    bench = Bench()
    bench.deadline("a").set(bench.at(seconds))
    bench.loop.call_at(bench.at(seconds) - 5e-10, lambda: None)
    await asyncio.sleep(5.0)
    assert (len(bench.calls), bench.wake_ups) == (1, 1)
