"""The demo: its scenario, the figures of a run, and the picture of it."""

import re
import time
from xml.etree import ElementTree

import pytest
from demonstration import picture
from demonstration.narrator import Narrator
from demonstration.play import Play
from demonstration.scenario import STEPS, Act, Step
from demonstration.screen import Screen
from demonstration.stage import edited, value_of
from demonstration.witness import Scene, Sighting, Witness
from lab import Client, LabError
from mute_host import MuteHost, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def witness(tmp_path):
    """The scenes of a run with steps of two seconds; in the third there is no answer for one."""
    witness = Witness(Client(MuteHost(tmp_path), "172.16.0.1"))
    for number, step in enumerate(STEPS):
        witness.scenes.append(Scene(step, 100 + 2 * number, 102 + 2 * number))
    for number in range(240):
        at = 100 + number / 20
        host = "" if 104 <= at < 105 else "web1" if at < 104 or 106 <= at < 108 else "web2"
        write(witness.client, f"{at} {at + 0.01} {host}\n")
    return witness


def change(witness, at, host, state, reason="why"):
    text = f"Switching to state: {state} ({reason})"
    witness.sightings.append(Sighting(at, host, text, state))


def drawn(witness, kind):
    root = ElementTree.fromstring(picture.svg(witness))
    return [(each.get("class"), each) for each in root.iter(f"{SVG}{kind}")]


def test_the_witness_tells_each_change_once(witness):
    texts = [sighting.text for sighting in witness.look()]
    assert texts == [
        *("web1 answers", "nobody answers", "web2 answers", "web1 answers", "web2 answers")
    ]
    assert witness.look() == []


def test_the_figures_of_a_scene(witness):
    witness.look()
    pulled = witness.scenes[2]
    assert witness.lost(pulled) == 20
    assert witness.silence(pulled) == pytest.approx(1.01)
    assert witness.answered_at(pulled) == pytest.approx(105.01)
    assert witness.lost(witness.scenes[1]) == 0


def test_each_request_is_a_mark_in_the_lane_of_its_host(witness):
    witness.look()
    marks = {style: each.get("d").count("M") for style, each in drawn(witness, "path")}
    # The requests since shortly before the first deed.
    assert (marks["web1"], marks["nobody"], marks["web2"]) == (20 + 40, 20, 20 + 80)


def test_a_bar_is_as_long_as_its_state(witness):
    witness.look()
    change(witness, 99, "web1", "MASTER")
    change(witness, 107.5, "web1", "INIT", "stopping <now>")
    bars = [(style, float(each.get("width"))) for style, each in drawn(witness, "rect")[1:]]
    assert [style for style, _ in bars] == ["web1 MASTER", "web1 INIT"]
    # Both lie between 103 and 112.
    assert bars[0][1] == pytest.approx(bars[1][1], abs=0.2)
    assert "stopping &lt;now&gt;" in picture.svg(witness)


def test_the_picture_says_what_was_done_and_lost(witness):
    witness.look()
    words = [each.text for _, each in drawn(witness, "text")]
    assert "20 lost, 1.01 s without an answer" in words
    assert words.count("none lost") == 3
    assert [word for word in words if word.startswith("is ")] == [
        *("is pulled", "is back", "is stopped", "is started again")
    ]


def test_every_colour_has_a_dark_one():
    light, _, dark = picture.STYLE.partition("@media (prefers-color-scheme: dark)")
    coloured = re.findall(r"^\s*(\S.*?) \{.*#", light, re.MULTILINE)
    assert coloured == re.findall(r"^\s+(\S.*?) \{.*#", dark, re.MULTILINE)


def test_the_scenario_can_be_played():
    """Only a daemon that runs is stopped, only a cable that is in place is pulled."""
    running, cut = set(), set()
    for deed in (deed for step in STEPS for deed in step.deeds):
        match deed.act:
            case Act.START:
                assert deed.host not in running
                running.add(deed.host)
            case Act.STOP:
                running.remove(deed.host)
            case Act.PULL:
                assert deed.host not in cut
                cut.add(deed.host)
            case Act.PLUG:
                cut.remove(deed.host)
    assert cut == set()


class SlowStage:
    """A busy machine: its ucarpd is ready at the third look; from then on web1 answers."""

    address = "172.16.0.1"

    def __init__(self, client):
        self.client = client
        self.looks = 0

    def is_ready(self):
        self.looks += 1
        if self.looks == 3:
            now = time.monotonic()
            write(self.client, f"{now} {now} web1\n")
        return self.looks >= 3

    def check_programs(self):
        pass

    def holders(self):
        return ["web1"]

    def check_stopped(self):
        pass


def test_the_time_that_a_program_needs_to_start_does_not_count(tmp_path):
    witness = Witness(Client(MuteHost(tmp_path), "172.16.0.1"))
    stage = SlowStage(witness.client)
    play = Play(stage, witness, Narrator(Screen(), stage, witness), lambda: None)
    play.run([Step("Start", "It starts.", (), "web1", limit=0, settle=0)])
    assert play.faults == []


def test_only_the_line_of_the_key_is_edited():
    conf = "UCARP_VHID=1\n#UCARP_PREEMPT=no\n# UCARP_PREEMPT: yes or no\n"
    assert edited(conf, "UCARP_PREEMPT", "yes") == conf.replace(
        "#UCARP_PREEMPT=no", "UCARP_PREEMPT=yes"
    )
    assert value_of(conf, "UCARP_VHID") == "1"
    with pytest.raises(LabError, match="has 0 lines of UCARP_PASS"):
        edited(conf, "UCARP_PASS", "x")
    with pytest.raises(LabError, match="does not set UCARP_PASS"):
        value_of(conf, "UCARP_PASS")
