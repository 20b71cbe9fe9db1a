"""The instance that most tests run: Apache at one address, with the shipped scripts."""

VIP = "172.16.0.1"


def conf(machine, name="web", **keys):
    settings = {
        "INTERFACE": "eth0",
        "SRCIP": machine.address,
        "VHID": 1,
        "PASS": "geheim",
        "ADDR": VIP,
        "MASK": "255.255.0.0",
        "UPSCRIPT": "/etc/ucarp/ucarp-up.sh",
        "DOWNSCRIPT": "/etc/ucarp/ucarp-down.sh",
        **({"PREEMPT": "yes"} if machine.name == "a" else {"ADVSKEW": 100}),
        **keys,
    }
    text = "".join(f"UCARP_{k}={v}\n" for k, v in settings.items() if v is not None)
    machine.write(f"/etc/ucarp/{name}.conf", text)


def restart_cleanly(machine, client):
    """Make it forget its deaths: after repeated deaths it comes back less fit."""
    machine.run("systemctl", "restart", "ucarpd@web")
    client.wait_for(machine.name, 30)
