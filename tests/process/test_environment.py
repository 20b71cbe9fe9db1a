"""A process whose configuration is the environment."""

import asyncio
import signal

from one_process import A_MOMENT, instances, send

from ucarpd.config import environment
from ucarpd.linux.run_directory import private_path

VARIABLES = {"UCARP_INTERFACE": "eth0", "UCARP_VHID": "1", "UCARP_ADDR": "10.0.0.10/24"}


async def test_a_reload_reads_the_password_file_again_and_says_that_the_rest_stays(
    host, run_directory, tmp_path, log_lines
):
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    host.path = environment.take({**VARIABLES, "UCARP_PASSFILE": str(secret)})
    async with host.running() as process:
        secret.write_text("geheim7\n")
        send(signal.SIGHUP)
        told = []
        while "reloaded: 1 changed" not in told:
            await asyncio.sleep(A_MOMENT)
            told += log_lines.told()
        assert instances(process)["vhid-1"].config.key == b"geheim7"
        text = "environment: it cannot change while ucarpd runs; only UCARP_PASSFILE is read again"
        assert text in told
        # No copy of the password is on a disk.
        assert not list(private_path(run_directory).glob("*.good"))
