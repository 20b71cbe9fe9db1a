"""The runs of scripts as the operator sees them."""

import asyncio

import pytest
from script_place import Log

from ucarpd.scripts.runner import Hook, HookRunner
from ucarpd.scripts.runs import Runs


def runs_of(place, *hooks):
    """Run them one after the other, and return the notes."""
    runs = Runs()

    async def scenario():
        runner = HookRunner(Log(), runs)
        for hook in hooks:
            done = asyncio.get_running_loop().create_future()
            runner.request(hook, done.set_result)
            await asyncio.wait_for(done, 30)

    asyncio.run(scenario())
    return runs


@pytest.mark.parametrize(
    ("body", "how", "word", "result"),
    [
        ("exit 0", {}, "ok", "ok"),
        ("exit 3", {}, "failed", "exit status 3"),
        ("kill -KILL $$", {}, "failed", "exit status 137"),
        ("exec sleep 60", {"timeout": 0.1}, "timed_out", "timed out after 0.1 s"),
        ("", {"head": "#!/no/interpreter"}, "not_run", "cannot be run: the interpreter "),
        ("", {"mode": 0o644}, "not_run", "cannot be run: it is not executable "),
    ],
)
def test_the_result_of_a_run(*, place, body, how, word, result):
    runs = runs_of(place, place.hook(body, **how))
    assert runs.latest.target == "up"
    assert runs.latest.duration >= 0
    assert runs.latest.result.startswith(result)
    assert runs.counts == {("up", word): 1}


def test_a_failure_that_is_excused_is_none(place):
    hook = place.hook("exit 1", "down")
    excused = Hook("down", hook.script, (), {}, 20.0, is_excused=lambda: True)
    runs = runs_of(place, hook, excused, excused)
    assert runs.latest.result == "ok"
    assert runs.counts == {("down", "failed"): 1, ("down", "ok"): 2}


def test_a_run_knows_whether_an_earlier_one_for_its_purpose_has_succeeded(place):
    good, bad = (place.hook("exit $STATUS", STATUS=status) for status in "01")
    down = place.hook("exit 0", "down")
    for hooks, expected in (
        ([bad], False),
        ([bad, bad], False),
        ([good, bad], True),
        ([good, bad, bad], True),
        ([good, down, bad], False),
    ):
        assert runs_of(place, *hooks).latest.has_succeeded is expected, hooks


def test_what_is_no_script_is_no_run(place):
    runs = runs_of(place, Hook("down", None, (), {}, 20.0))
    assert (runs.latest, runs.counts) == (None, {})
