"""The program of the client: asks http://ADDRESS/ at equal intervals, also while answers are late.

    asker.py ADDRESS INTERVAL LIMIT

It writes one line for each request: when it asked, when that ended (seconds of the monotonic
clock), and the last word of the page, which is the name of the host that answered.  The word is
missing if no page came within LIMIT seconds.
"""

import asyncio
import sys
import time


async def ask_for_ever(address: str, interval: float, limit: float) -> None:
    requests: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while True:
        request = asyncio.create_task(ask(address, limit))
        requests.add(request)
        request.add_done_callback(requests.discard)
        due = max(due + interval, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def ask(address: str, limit: float) -> None:
    asked_at = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            answer = await get(address)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        answer = ""
    sys.stdout.write(f"{asked_at} {time.monotonic()} {answer}\n")
    sys.stdout.flush()


async def get(address: str) -> str:
    """The last word of the page, over a connection of its own; empty for an error page."""
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        # A web server refuses an IPv6 address without brackets here.
        host = f"[{address}]" if ":" in address else address
        writer.write(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        words = (await reader.read()).decode(errors="replace").split()
        return words[-1] if words and head.split()[1] == b"200" else ""
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(ask_for_ever(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
