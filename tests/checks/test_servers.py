"""Checks of TCP servers and web servers, against real ones on this machine."""

import asyncio
import socket
import ssl
import threading

import pytest
from real_loop import in_real_time
from servers import OK, self_signed, web_server

from ucarpd.checks import servers
from ucarpd.checks.probe import Failed


@pytest.fixture
def unused_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def failure(probe):
    with pytest.raises(Failed) as caught:
        await probe.run()
    return str(caught.value)


def answer(status="200 OK", body="it works", header="X: y"):
    return f"HTTP/1.1 {status}\r\n{header}\r\n\r\n{body}".encode()


@in_real_time
async def test_a_tcp_server_that_takes_connections_is_good(probe):
    async with web_server() as server:
        assert await probe(f"tcp://127.0.0.1:{server.port}").run() == "connected"
        assert await probe(f"tcp://localhost:{server.port}").run() == "connected"


@in_real_time
async def test_one_that_refuses_them_is_not(probe, unused_port):
    assert await failure(probe(f"tcp://127.0.0.1:{unused_port}")) == "connection refused"
    assert await failure(probe(f"http://127.0.0.1:{unused_port}/")) == "connection refused"


@pytest.mark.parametrize("text", ["tcp://127.0.0.1:{}", "http://127.0.0.1:{}/"])
@in_real_time
async def test_a_connection_ends_with_a_reset(probe, text):
    """So that it leaves no TIME_WAIT behind."""
    async with web_server() as server:
        await probe(text.format(server.port)).run()
        while not server.ends:
            await asyncio.sleep(0)
        assert server.ends == ["ConnectionResetError"]


@in_real_time
async def test_a_name_that_nobody_knows(probe):
    text = await failure(probe("tcp://nobody.invalid:80"))
    assert text.startswith("nobody.invalid: ")


@in_real_time
async def test_a_silent_address_of_a_name_leaves_time_for_the_next_one(probe, monkeypatch):
    async with web_server() as server:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
            places = [silent.getsockname(), ("127.0.0.1", server.port)]
            found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            # It has no room for another one.
            with socket.create_connection(places[0]):
                async with asyncio.timeout(20):
                    assert await probe("tcp://two.example:1 timeout=0.2").run() == "connected"


@in_real_time
async def test_a_name_server_that_hangs_does_not_fail_two_runs_at_once(probe, monkeypatch):
    goes_on = threading.Event()

    def hang(*_arguments, **_named):
        goes_on.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    checked = probe("tcp://slow.example:80 timeout=20")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await checked.run()
    next_run = asyncio.create_task(failure(checked))
    await asyncio.sleep(0)
    assert not next_run.done()
    goes_on.set()
    assert await next_run == "it has no address"
    assert await failure(checked) == "it has no address"


@in_real_time
async def test_a_name_server_that_goes_on_hanging_is_named(probe, monkeypatch):
    goes_on = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_named: goes_on.wait(30))
    checked = probe("tcp://slow.example:80 interval=0.1 timeout=0.1")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await checked.run()
    assert await failure(checked) == "looking up slow.example hangs"
    goes_on.set()


@pytest.mark.parametrize(
    ("options", "said", "line"),
    [
        ("", OK, "HTTP/1.1 200 OK"),
        ("", answer("204 No Content", ""), "HTTP/1.1 204 No Content"),
        ("status=401,404", answer("404 Not Found"), "HTTP/1.1 404 Not Found"),
        ("text=works", OK, "HTTP/1.1 200 OK"),
        (
            "text=works",
            answer(body="5\r\nit wo\r\n3\r\nrks\r\n0\r\n\r\n", header="Transfer-Encoding: chunked"),
            "HTTP/1.1 200 OK",
        ),
    ],
)
@in_real_time
async def test_a_page_that_is_good(probe, monkeypatch, options, said, line):
    monkeypatch.setattr(servers, "LARGEST_ANSWER", len(said))
    async with web_server(said) as server:
        assert await probe(f"http://127.0.0.1:{server.port}/ {options}").run() == line


@pytest.mark.parametrize(
    "said",
    [
        OK,
        answer(body="it works", header="content-length:8 "),
        answer(body="3\r\nit \r\n0\r\n\r\n", header="Transfer-Encoding: chunked"),
    ],
)
@in_real_time
async def test_the_end_of_a_page_is_known_although_the_connection_stays(probe, said):
    async with web_server(said) as server:
        text = f"http://127.0.0.1:{server.port}/ text=fails"
        assert "the text is not in the answer" in await failure(probe(text))


@in_real_time
async def test_a_status_line_is_made_fit_for_the_log(probe):
    async with web_server(answer(f"200 \x1b[31m{'y' * 9000}")) as server:
        line = await probe(f"http://127.0.0.1:{server.port}/").run()
        assert line == f"HTTP/1.1 200 ?[31m{'y' * 200}"[:200]


@pytest.mark.parametrize(
    ("options", "said", "line"),
    [
        ("", answer("500 Sorry"), "HTTP/1.1 500 Sorry"),
        ("", answer("301 Moved", header="Location: /x"), "HTTP/1.1 301 Moved"),
        ("text=fails", OK, "HTTP/1.1 200 OK, but the text is not in the answer"),
        ("", b"SSH-2.0-x\r\n\r\n", "the answer is not HTTP"),
    ],
)
@in_real_time
async def test_a_page_that_is_not(probe, monkeypatch, options, said, line):
    monkeypatch.setattr(servers, "LARGEST_ANSWER", len(said))
    async with web_server(said) as server:
        assert await failure(probe(f"http://127.0.0.1:{server.port}/ {options}")) == line


@in_real_time
async def test_a_server_can_send_the_rest_of_its_answer(probe):
    """Patroni logs a traceback when a connection is reset between header and body."""
    async with web_server(closes=True) as server:
        assert await probe(f"http://127.0.0.1:{server.port}/").run() == "HTTP/1.1 200 OK"
        while not server.ends:
            await asyncio.sleep(0)
        assert server.ends == ["closed"]


@in_real_time
async def test_an_answer_that_never_ends_is_read_in_part(probe):
    async with web_server(answer(body="x" * (1 << 20))) as server:
        text = f"http://127.0.0.1:{server.port}/ text=y"
        assert "the text is not in the answer" in await failure(probe(text))


@in_real_time
async def test_the_request_names_the_host_and_the_path_and_no_proxy_is_asked(probe, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    async with web_server() as server:
        await probe(f"http://localhost:{server.port}/a?b=c").run()
        first, host, *_ = server.requests[0].split("\r\n")
        assert (first, host) == ("GET /a?b=c HTTP/1.1", f"Host: localhost:{server.port}")


@in_real_time
async def test_ipv6(probe):
    async with web_server(host="::1") as server:
        await probe(f"http://[::1]:{server.port}/").run()
        assert f"Host: [::1]:{server.port}\r\n" in server.requests[0]


@in_real_time
async def test_a_certificate_is_verified_unless_it_must_not_be(probe, tmp_path):
    context, _ = self_signed(tmp_path)
    async with web_server(context=context) as server:
        url = f"https://127.0.0.1:{server.port}/"
        text = await failure(probe(url))
        assert text == "the certificate is not valid: self-signed certificate"
        assert await probe(f"{url} verify=no").run() == "HTTP/1.1 200 OK"


@in_real_time
async def test_a_certificate_of_a_known_authority_is_good(probe, tmp_path, monkeypatch):
    context, file = self_signed(tmp_path)
    monkeypatch.setattr(
        ssl, "create_default_context", lambda made=ssl.create_default_context: made(cafile=file)
    )
    async with web_server(context=context) as server:
        assert await probe(f"https://127.0.0.1:{server.port}/").run() == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"", "the server closed the connection"), (b"HTTP/1.0 400 Bad Request\r\n\r\n", "TLS: ")],
)
@in_real_time
async def test_a_server_without_tls(probe, answer, told):
    async def serve(reader, writer):
        await reader.read(1 << 16)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await failure(probe(url))).startswith(told)


@pytest.mark.parametrize("text", ["http://127.0.0.1:{}/"])
@in_real_time
async def test_a_server_that_never_answers_is_left_at_the_time_out(probe, text):
    async with web_server(None) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await probe(text.format(server.port)).run()
        while not server.ends:
            await asyncio.sleep(0)
        assert server.ends == ["ConnectionResetError"]
