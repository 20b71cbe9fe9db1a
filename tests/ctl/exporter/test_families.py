"""The metrics, as the parser of another project reads them."""

import os

from fake_process import BACKUP, IN_TROUBLE, MASTER, PROCESS
from prometheus_client.parser import text_string_to_metric_families

from ucarpd import __version__
from ucarpd.ctl.exporter.families import families
from ucarpd.ctl.exporter.text import text
from ucarpd.ctl.processes import Answer


def answer(*instances, pid=7, refused=()):
    reply = {"revision": 1, "process": PROCESS, "instances": instances, "refused": list(refused)}
    return Answer(pid, reply)


def metrics(*answers):
    """The samples, by name and labels without their order."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text(families(answers)))
        for sample in family.samples
    }


def samples(metric, *answers):
    """The samples of one metric, by the values of its labels in alphabetical order."""
    return {
        tuple(value for _, value in labels): value
        for (name, *labels), value in metrics(*answers).items()
        if name == metric
    }


def test_without_a_process_only_the_exporter_speaks():
    assert metrics() == {("ucarpd_exporter_build_info", ("version", __version__)): 1}


def test_a_process():
    said = answer(
        pid=7, refused=[{"name": "dns", "path": "/etc/ucarp/dns.conf", "problems": ["-"]}]
    )
    assert metrics(said) == {
        ("ucarpd_exporter_build_info", ("version", __version__)): 1,
        ("ucarpd_process_up", ("process", "7")): 1,
        ("ucarpd_build_info", ("process", "7"), ("version", "0.3.0")): 1,
        ("ucarpd_process_start_time_seconds", ("process", "7")): 1795636800,
        ("ucarpd_worst_lateness_seconds", ("process", "7")): 0.0023,
        ("ucarpd_recent_lateness_seconds", ("process", "7")): 0.0004,
        ("ucarpd_file_refused", ("name", "dns"), ("process", "7")): 1,
    }


def test_a_refused_file_whose_name_is_no_text():
    names = [os.fsdecode(each) for each in (b"b\xfcro", b"b\xf6ro")]
    said = answer(refused=[{"name": each, "path": "-", "problems": ["-"]} for each in names])
    assert samples("ucarpd_file_refused", said) == {
        (r"b\xfcro", "7"): 1,
        (r"b\xf6ro", "7"): 1,
    }
    assert text(families([said])).encode()


def test_a_process_that_does_not_answer_hides_no_other():
    found = (Answer(3, fault="does not answer"), answer(MASTER))
    assert samples("ucarpd_process_up", *found) == {("3",): 0, ("7",): 1}
    assert samples("ucarpd_unfitness", *found) == {("web",): 0}


def test_processes_of_one_number_in_two_containers():
    one, other = Answer(1, fault="does not answer"), answer(pid=1)._replace(container="402")
    assert samples("ucarpd_process_up", one, other) == {("1",): 0, ("1-402",): 1}


def test_each_state_has_a_sample():
    assert samples("ucarpd_state", answer(MASTER), answer(BACKUP, pid=8)) == {
        ("eth0", "web", "INIT", "1"): 0,
        ("eth0", "web", "BACKUP", "1"): 0,
        ("eth0", "web", "MASTER", "1"): 1,
        ("eth0", "mail", "INIT", "2"): 0,
        ("eth0", "mail", "BACKUP", "2"): 1,
        ("eth0", "mail", "MASTER", "2"): 0,
    }


def test_the_other_metrics_of_a_backup():
    found = metrics(answer(BACKUP))
    of_instance = {key[0]: value for key, value in found.items() if ("name", "mail") in key}
    del of_instance["ucarpd_state"]
    assert of_instance == {
        "ucarpd_state_start_time_seconds": 1795650480,
        "ucarpd_advertisements_sent_total": 0,
        "ucarpd_advertisements_accepted_total": 720,
        "ucarpd_advertisement_interval_seconds": 1.390625,
        "ucarpd_effective_advertisement_interval_seconds": 1.390625,
        "ucarpd_master_down_interval_seconds": 3.390625,
        "ucarpd_worst_gap_ratio": 0.357,
        "ucarpd_recent_gap_ratio": 0.3,
        "ucarpd_unfitness": 0,
        "ucarpd_address_present": 0,
        "ucarpd_address_served": 0,
        "ucarpd_peer_last_seen_timestamp_seconds": 1795651199,
        "ucarpd_peer_interval_seconds": 1,
        "ucarpd_peer_worst_gap_seconds": 1.21,
        "ucarpd_peer_is_master": 1,
    }


def test_what_is_wrong():
    said = answer(IN_TROUBLE)
    assert samples("ucarpd_address_served", said) == {
        ("192.0.2.30", "dns"): 0,
        ("2001:db8::30", "dns"): 1,
    }
    assert samples("ucarpd_demotion", said) == {
        ("failing", "dns", "eth0 cannot be used"): 240,
        ("maintenance", "dns", "maintenance"): 1,
    }
    assert samples("ucarpd_maintenance_start_time_seconds", said) == {
        ("maintenance", "dns", "host"): 1795649400
    }
    assert samples("ucarpd_findings", said) == {("second-master", "dns"): 1}


def test_a_reason_is_cut_to_its_name():
    reasons = [
        {"reason": f"check http: {why}", "amount": 40, "level": "failing"}
        for why in ("no answer for 2.13 s", "status 500")
    ]
    assert samples("ucarpd_demotion", answer(MASTER | {"demotion": reasons})) == {
        ("failing", "web", "check http"): 80
    }


def test_counters_by_word():
    counters = {
        "sent": 5,
        "accepted": 6,
        "dropped": {"badauth": 7},
        "transitions": {"MASTER": {"silence": 2, "preempt": 1}, "BACKUP": {"ready": 1}},
        "scripts": {"up": {"ok": 3, "timed_out": 1}},
    }
    said = answer(MASTER | {"counters": counters})
    assert samples("ucarpd_advertisements_dropped_total", said) == {("web", "badauth"): 7}
    assert samples("ucarpd_transitions_total", said) == {
        ("silence", "web", "MASTER"): 2,
        ("preempt", "web", "MASTER"): 1,
        ("ready", "web", "BACKUP"): 1,
    }
    assert samples("ucarpd_script_runs_total", said) == {
        ("web", "ok", "up"): 3,
        ("web", "timed_out", "up"): 1,
    }


def test_a_script_that_runs_has_no_duration_yet():
    ended = answer(MASTER)
    assert samples("ucarpd_script_duration_seconds", ended) == {("web", "up"): 0.12}
    assert samples("ucarpd_script_running", ended) == {("web", "up"): 0}
    runs = answer(MASTER | {"script": MASTER["script"] | {"running": True}})
    assert samples("ucarpd_script_duration_seconds", runs) == {}
    assert samples("ucarpd_script_running", runs) == {("web", "up"): 1}


def test_a_peer_without_a_gap_has_none():
    peers = [BACKUP["peers"][0] | {"worst_gap": None}]
    assert samples("ucarpd_peer_worst_gap_seconds", answer(BACKUP | {"peers": peers})) == {}


def test_checks():
    checks = [{"name": "http", "state": "failed"}]
    assert samples("ucarpd_check_state", answer(MASTER | {"checks": checks})) == {
        ("http", "web", "unknown"): 0,
        ("http", "web", "good"): 0,
        ("http", "web", "failed"): 1,
    }
