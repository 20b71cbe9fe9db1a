"""What the laboratory's client makes of the lines of its program."""

import pytest
from lab import Client
from mute_host import MuteHost, write


@pytest.fixture
def client(tmp_path):
    return Client(MuteHost(tmp_path), "172.16.0.1")


def test_a_look_takes_in_whole_lines_once(client):
    write(client, "1.0 1.01 a\n1.02 1.22 \n1.04 1.0")
    assert client.look() == [(1.0, 1.01, "a"), (1.02, 1.22, None)]
    assert client.look() == []
    write(client, "5 b\n")
    assert client.look() == [(1.04, 1.05, "b")]
    assert len(client.requests) == 3


def test_requests_come_in_the_order_of_the_questions(client):
    write(client, "1.5 1.51 b\n1.4 1.60 \n1.6 1.61 b\n")
    client.look()
    assert [request.asked_at for request in client.asked(1.4, 1.6)] == [1.4, 1.5]


def test_first_answer(client):
    write(client, "1.0 1.1 b\n1.2 1.3 a\n1.4 1.5 b\n")
    assert client.first_answer("b", 1.1) == 1.5
    assert client.first_answer("c", 0) is None


def test_silence_is_the_longest_time_without_an_answer(client):
    write(client, "1.0 1.1 a\n2.0 2.2 \n3.0 3.1 b\n4.0 4.2 \n4.1 4.3 \n8.0 8.1 b\n9.0 9.1 b\n")
    assert client.silence(1.0) == pytest.approx(5.0)
    assert client.silence(1.0, 3.5) == pytest.approx(2.0)
    assert client.silence(8.0) == 0


def test_silence_lasts_until_the_end_if_none_answers_again(client):
    write(client, "1.0 1.1 a\n2.0 2.2 \n")
    assert client.silence(1.0, 4.0) == pytest.approx(2.9)
