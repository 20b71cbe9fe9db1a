"""What scripts/bench makes of the figures: statistics, tables, the picture, the order of the runs."""

import math
from xml.etree import ElementTree

import pytest
from benchmarks import __main__ as command
from benchmarks import plot, records, report
from benchmarks.figures import percentile, ratio, summarize
from benchmarks.observer import Change, overlap
from benchmarks.prober import Reply, outage
from benchmarks.records import Record, Results


def record(daemon, *, measure="failover", case=0, error="", **values):
    return Record(measure, case, daemon, at=0.0, took=1.0, load=0.1, values=values, error=error)


RESULTS = Results(
    {"kernel": "6.1"},
    [
        record("ucarpd", reply=1000.0),
        record("ucarp", reply=4000.0),
        record("ucarpd", reply=1002.0),
        record("ucarp", reply=None),
        record("keepalived", error="b did not answer"),
    ],
)


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fraction", "value"), [(0, 1), (0.5, 10), (0.95, 19), (0.951, 20), (1, 20)]
)
def test_percentiles_are_values_that_occurred(fraction, value):
    assert percentile(list(range(1, 21)), fraction) == value


def test_a_summary_counts_what_never_came():
    assert summarize([3.0, None, 1.0, 2.0, 10.0]) == (4, 1, 2.5, 10.0, 1.0, 10.0)


def test_a_summary_of_nothing():
    summary = summarize([None])
    assert (summary.runs, summary.missing) == (0, 1)
    assert math.isnan(summary.median)


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [(8.0, 2.0, 4.0), (0.0, 2.0, 0.0), (1.0, 0.0, None), (-1.0, 2.0, None), (math.nan, 1.0, None)],
)
def test_ratios_are_given_where_they_say_something(value, reference, expected):
    assert ratio(value, reference) == expected


def test_what_a_client_missed():
    replies = [Reply(1, 0.0, 0.001, "a"), Reply(2, 0.002, 0.003, "a"), Reply(6, 0.010, 0.013, "b")]
    lost, silence = outage(replies)
    assert lost == 3
    assert silence == pytest.approx(0.010)


def test_how_long_two_hosts_had_the_address():
    steps = [(1.0, "a", True), (3.0, "b", True), (5.0, "a", False), (8.0, "a", True)]
    changes = [Change(at, host, "10.0.0.1", present) for at, host, present in steps]
    assert overlap(changes, 0.0, 6.0) == 2.0
    assert overlap(changes, 4.0, 10.0) == 3.0
    assert overlap(changes[:2], 0.0, 3.5) == 0.5


# -- tables and the picture ------------------------------------------------------------------------


def test_a_table():
    lines = report.markdown(RESULTS, command.MEASURES).splitlines()
    assert "| kernel | 6.1 |" in lines
    assert "### failover" in lines
    title = "| cut → client answered | ucarpd | 1001 | 1002 | 1000 .. 1002 | 1 | 2 |"
    assert title in lines
    assert "|  | ucarp | 4000 | 4000 | 4000 .. 4000 | 4 | 1, and 1 never |" in lines
    assert "* keepalived: b did not answer" in lines


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1234, "0.123"), (1.234, "1.23"), (-12.34, "-12.3"), (2853.7, "2854")],
)
def test_figures_have_the_digits_that_matter(value, text):
    assert report.number(value) == text


def test_files_are_merged(tmp_path):
    RESULTS.save(tmp_path / "a.json")
    Results({"kernel": "6.12"}, [record("ucarp", reply=1.0)]).save(tmp_path / "b.json")
    assert records.load(tmp_path / "a.json") == RESULTS
    merged = report.merge([tmp_path / "a.json", tmp_path / "b.json"])
    assert merged.facts == {"kernel": "6.1; 6.12"}
    assert len(merged.records) == 6


def test_the_picture_has_a_bar_for_each_daemon_that_was_measured():
    picture = ElementTree.fromstring(plot.svg(RESULTS))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "The master dies" in texts
    assert "1.00 s" in texts
    assert "4.00 s" in texts
    assert "keepalived" not in texts


def test_a_picture_of_nothing():
    ElementTree.fromstring(plot.svg(Results({})))


# -- the command line ------------------------------------------------------------------------------


def steps(*arguments):
    return [
        (step.measure.name, step.case, step.daemon.name, step.round)
        for step in command.plan(command.parse(arguments))
    ]


def test_the_daemons_take_turns():
    assert steps("--measure", "fastest", "--runs", "2") == [
        ("fastest", 0, "ucarpd", 1),
        ("fastest", 0, "ucarpd, scripts", 1),
        ("fastest", 0, "keepalived", 1),
        ("fastest", 0, "ucarpd", 2),
        ("fastest", 0, "ucarpd, scripts", 2),
        ("fastest", 0, "keepalived", 2),
    ]


def test_a_case_of_ones_own():
    found = steps("--measure", "footprint", "--case", "1000", "--runs", "1")
    assert [step[1:3] for step in found] == [
        (1000, "ucarpd"),
        (1000, "ucarpd, scripts"),
        (1000, "keepalived"),
    ]


def test_quick_is_a_part_of_everything():
    quick = steps("--quick")
    assert 0 < len(quick) < 20
    assert {step[0] for step in quick} < {step[0] for step in steps()}


@pytest.mark.parametrize(
    "arguments", [["--measure", "nothing"], ["--runs", "0"], ["report"], ["plot", "a.json"]]
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        command.parse(arguments)
    assert exit_.value.code == 2
    assert "usage: scripts/bench" in capsys.readouterr().err


def test_every_measure_can_be_named_once():
    assert len(set(command.NAMES)) == len(command.NAMES)
    assert {measure for measure, _metric, _title in plot.EVENTS} <= set(command.NAMES)
    by_name = {measure.name: measure for measure in command.MEASURES}
    assert all(metric in by_name[name].metrics for name, metric, _title in plot.EVENTS)
    assert set(command.QUICK) <= set(command.NAMES)
