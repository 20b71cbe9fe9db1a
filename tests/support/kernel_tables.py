"""The kernel's links and addresses as ucarpd's table has them, and as `ip` shows them."""

import asyncio
import contextlib
import json

from lab import inside

from ucarpd.linux.netlink import Netlink

FOLLOWED = ["eth0", "carp1", "veth1", "v48"]


class Tables:
    """A Netlink whose listener is the test."""

    def __init__(self, elsewhere, record, served):
        self.news = []
        self.netlink = Netlink(self, elsewhere, record, served)
        self._changed = asyncio.Event()

    def link_changed(self, interface):
        self._tell(f"{interface} changed")

    def address_added(self, interface, ip):
        self._tell(f"{ip} added to {interface}")

    def address_removed(self, interface, ip):
        self._tell(f"{ip} removed from {interface}")

    def _tell(self, news):
        self.news.append(news)
        self._changed.set()

    async def hear(self, news):
        """Wait until the listener has been told this."""
        async with asyncio.timeout(10):
            while news not in self.news:
                self._changed.clear()
                await self._changed.wait()
        self.news.remove(news)

    async def ask(self, request, *arguments, **options):
        """The result of a request."""
        done = asyncio.get_running_loop().create_future()
        getattr(self.netlink, request)(*arguments, done.set_result, **options)
        async with asyncio.timeout(10):
            return await done

    async def succeed(self, request, *arguments):
        assert not await self.ask(request, *arguments)


@contextlib.asynccontextmanager
async def opened_tables(elsewhere=frozenset, record=None, served=None):
    """Tables of the network namespace that this thread is in."""
    tables = Tables(elsewhere, record, served)
    for name in FOLLOWED:
        tables.netlink.follow(name)
    await tables.netlink.open()
    try:
        yield tables
    finally:
        await tables.netlink.close()


def run_in(host, scenario):
    """Run a coroutine function on open tables in the network of the host."""

    async def run():
        async with opened_tables() as tables:
            await scenario(tables)

    with inside(host.namespace):
        asyncio.run(run())


def details(host, name):
    ((link),) = json.loads(host.ip("-json", "-details", "link", "show", "dev", name).stdout)
    return link
