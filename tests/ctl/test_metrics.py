"""`ucarpctl metrics`, with processes that answer, hang, and come back."""

import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from fake_process import BACKUP, MASTER
from other_user import as_nobody
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from ucarpd.ctl import metrics, processes
from ucarpd.ctl.entry import main
from ucarpd.ctl.exporter import client_library, listening

PROGRAM = "import sys; from ucarpd.ctl.entry import main; sys.exit(main())"


def samples(parsed, name):
    """The samples of a metric by the values of their labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in parsed
        for sample in family.samples
        if sample.name == name
    }


# -- in a file -------------------------------------------------------------------------------------


def test_a_file_is_replaced_as_a_whole_and_everybody_may_read_it(process, tmp_path):
    process(MASTER)
    file = tmp_path / "ucarpd.prom"
    file.write_text("old")
    with file.open() as open_before:
        assert main(["metrics", "--textfile", str(file)]) == 0
        assert open_before.read() == "old"
    assert samples(plain_text(file.read_text()), "ucarpd_unfitness") == {("web",): 0}
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_standard_output(process, capsys):
    process(MASTER, BACKUP)
    assert main(["metrics", "--textfile", "-"]) == 0
    said = samples(plain_text(capsys.readouterr().out), "ucarpd_unfitness")
    assert said == {("web",): 0, ("mail",): 0}


def test_a_file_that_cannot_be_written_is_named(process, tmp_path, capsys):
    assert main(["metrics", "--textfile", str(tmp_path / "no/ucarpd.prom")]) == 1
    assert f"cannot write {tmp_path}/no/ucarpd.prom: No such file" in capsys.readouterr().err


def test_a_file_and_an_address_exclude_each_other(capsys):
    assert main(["metrics", "--textfile", "-", "--listen", "127.0.0.1:0"]) == 3
    assert "not allowed with argument" in capsys.readouterr().err


# -- by HTTP ---------------------------------------------------------------------------------------


@pytest.fixture
def exporter(monkeypatch):
    """The verb in a thread, at a port that is free; returns a function that scrapes."""
    [given] = listening.listening_sockets("127.0.0.1:0")
    monkeypatch.setattr(listening, "activated_sockets", lambda: [given])

    def run():
        # Its socket is closed at the end of the test.
        assert main(["metrics"]) == 3

    def scrape(accept="text/plain"):
        client = HTTPConnection(*given.getsockname(), timeout=10)
        client.request("GET", "/metrics", headers={"Accept": accept})
        response = client.getresponse()
        text = response.read().decode()
        client.close()
        return response, text

    thread = threading.Thread(target=run)
    thread.start()
    with socket.create_connection(given.getsockname()) as connection:
        # It answers after it has said that it serves.
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        connection.recv(1)
    yield scrape
    given.shutdown(socket.SHUT_RDWR)
    thread.join()
    given.close()


def test_a_scrape(process, exporter):
    process(MASTER)
    response, text = exporter()
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(plain_text(text), "ucarpd_unfitness") == {("web",): 0}


def test_openmetrics_where_the_library_is(process, exporter):
    process(MASTER)
    response, text = exporter("application/openmetrics-text;version=1.0.0")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=")
    assert samples(openmetrics(text), "ucarpd_unfitness") == {("web",): 0}


def test_without_the_library_it_is_always_text(process, exporter, monkeypatch):
    monkeypatch.setattr(client_library, "find_spec", lambda _name: None)
    process(MASTER)
    response, text = exporter("application/openmetrics-text;version=1.0.0")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert samples(plain_text(text), "ucarpd_unfitness") == {("web",): 0}


def test_a_process_that_hangs_is_a_metric_and_a_line(process, exporter, monkeypatch, capsys):
    monkeypatch.setattr(processes, "TIMEOUT", 0.2)
    process(MASTER)
    hanging = process(BACKUP, pid=1, hangs=True)
    before = time.monotonic()
    for _ in range(2):
        said = list(plain_text(exporter()[1]))
        assert samples(said, "ucarpd_process_up") == {("1",): 0, (str(os.getpid()),): 1}
        assert samples(said, "ucarpd_unfitness") == {("web",): 0}
    assert time.monotonic() - before < 10
    hanging.hangs = False
    assert samples(plain_text(exporter()[1]), "ucarpd_process_up")["1",] == 1
    assert re.findall("process .*", capsys.readouterr().err) == [
        "process 1 does not answer",
        "process 1 answers again",
    ]


def test_a_process_that_has_ended_is_no_error(process, exporter):
    web = process(MASTER)
    exporter()
    web.close()
    assert samples(plain_text(exporter()[1]), "ucarpd_process_up") == {}


def test_if_it_may_no_longer_ask_the_scrape_fails(process, exporter, monkeypatch, capsys):
    def denied():
        raise processes.Failure("permission denied")

    monkeypatch.setattr(metrics, "ask", denied)
    response, text = exporter()
    assert (response.status, text) == (503, "permission denied\n")
    assert "ucarpctl: permission denied" in capsys.readouterr().err


def test_if_it_may_not_ask_it_does_not_begin(process, capsys):
    process(MASTER)
    processes.sockets()[0].parent.chmod(0)
    with as_nobody():
        assert main(["metrics", "--listen", "127.0.0.1:0"]) == 3
    assert "permission denied: run it as root; to read," in capsys.readouterr().err


def test_it_says_where_it_listens_and_ends_at_a_signal(run_directory):
    command = [sys.executable, "-c", PROGRAM, "metrics", "--listen", "[::1]:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        line = running.stderr.readline()
        [port] = re.findall(r"^ucarpctl: serving http://\[::1\]:(\d+)/metrics$", line)
        client = HTTPConnection("::1", int(port), timeout=10)
        client.request("GET", "/metrics")
        assert client.getresponse().read().startswith(b"# HELP ucarpd_exporter_build_info ")
        client.close()
        running.terminate()
        assert (running.wait(), running.stderr.read()) == (-15, "")


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """The socket at which systemd takes notifications."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())
        yield manager


def test_systemd_is_told_when_it_listens(run_directory, manager):
    unit = Path(__file__).parents[2] / "etc/systemd/system/ucarpd-exporter.service"
    assert "\nType=notify\n" in unit.read_text()
    command = [sys.executable, "-c", PROGRAM, "metrics", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        told = manager.recv(1000).decode()
        [port] = re.findall(r"^READY=1\nSTATUS=serving http://127.0.0.1:(\d+)/metrics$", told)
        socket.create_connection(("127.0.0.1", int(port))).close()
        running.terminate()
