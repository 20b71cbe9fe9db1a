"""The metrics: a table of metrics about a process, another about an instance.

The values of all labels are few: names, addresses and fixed words, never a text with figures in it.
"""

from typing import NamedTuple

from ucarpd.ctl.exporter import samples
from ucarpd.ctl.exporter.samples import Labels, Samples


class Row(NamedTuple):
    """A metric, and how its samples come from a message; `labels` are those beside the message's owner."""

    name: str
    help: str
    samples: Samples
    labels: Labels = ()


OF_PROCESS = (
    Row(
        "ucarpd_build_info", "Always 1; the version of the process.", samples.version, ("version",)
    ),
    Row(
        "ucarpd_process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        samples.moment("process", "started"),
    ),
    Row(
        "ucarpd_worst_lateness_seconds",
        "The longest delay of a timer since the process started.",
        samples.field("process", "worst_lateness"),
    ),
    Row(
        "ucarpd_recent_lateness_seconds",
        "The longest delay of a timer in the last minute.",
        samples.field("process", "recent_lateness"),
    ),
    Row(
        "ucarpd_file_refused",
        "1 for a file NAME.conf that the process has read and does not run.",
        samples.refused,
        ("name",),
    ),
)

OF_INSTANCE = (
    Row(
        "ucarpd_state",
        "Whether the instance is in this state.",
        samples.states,
        ("interface", "vhid", "state"),
    ),
    Row(
        "ucarpd_state_start_time_seconds",
        "When the state began, in seconds since 1970.",
        samples.moment("since"),
    ),
    Row(
        "ucarpd_transitions_total",
        "Transitions to this state, by cause.",
        samples.counted("transitions"),
        ("state", "cause"),
    ),
    Row(
        "ucarpd_advertisements_sent_total",
        "Advertisements sent.",
        samples.field("counters", "sent"),
    ),
    Row(
        "ucarpd_advertisements_accepted_total",
        "Advertisements of other hosts that were accepted.",
        samples.field("counters", "accepted"),
    ),
    Row(
        "ucarpd_advertisements_dropped_total",
        "Packets that were not accepted, by reason.",
        samples.counted("dropped"),
        ("reason",),
    ),
    Row(
        "ucarpd_advertisement_interval_seconds",
        "The time between two advertisements of this host, by its file.",
        samples.field("interval"),
    ),
    Row(
        "ucarpd_effective_advertisement_interval_seconds",
        "The same with every demotion.",
        samples.field("effective_interval"),
    ),
    Row(
        "ucarpd_master_down_interval_seconds",
        "The silence of a master after which this host takes over.",
        samples.field("master_down_interval"),
    ),
    Row(
        "ucarpd_worst_gap_ratio",
        "The longest silence of the master since the start, as a part of the master-down interval.",
        samples.field("worst_gap"),
    ),
    Row(
        "ucarpd_recent_gap_ratio",
        "The longest silence of the master in the last minute, as a part of the master-down interval.",
        samples.field("recent_gap"),
    ),
    Row(
        "ucarpd_unfitness",
        "0 healthy, 1 to 252 failing, 254 maintenance, 255 never serves.",
        samples.field("unfitness"),
    ),
    Row(
        "ucarpd_demotion",
        "The amount of each reason for a demotion.",
        samples.demotion,
        ("reason", "level"),
    ),
    Row(
        "ucarpd_check_state",
        "Whether the health check is in this state.",
        samples.checks,
        ("check", "state"),
    ),
    Row(
        "ucarpd_maintenance_start_time_seconds",
        "When the maintenance began, in seconds since 1970; nothing if there is none.",
        samples.maintenance,
        ("level", "scope"),
    ),
    Row(
        "ucarpd_address_present",
        "Whether the kernel of this host has the virtual address.",
        samples.of_each_address("addresses", "present"),
        ("address",),
    ),
    Row(
        "ucarpd_address_served",
        "Whether this host is MASTER and serves the virtual address.",
        samples.of_each_address("addresses", "served"),
        ("address",),
    ),
    Row(
        "ucarpd_findings",
        "Faults that last, by kind.",
        samples.findings,
        ("finding",),
    ),
    Row(
        "ucarpd_script_duration_seconds",
        "How long the latest run of a script took.",
        samples.script_duration,
        ("script",),
    ),
    Row(
        "ucarpd_script_running",
        "Whether the script that was started last is still running.",
        samples.script_running,
        ("script",),
    ),
    Row(
        "ucarpd_script_runs_total",
        "Runs of scripts that have ended, by result.",
        samples.counted("scripts"),
        ("script", "result"),
    ),
    Row(
        "ucarpd_peer_last_seen_timestamp_seconds",
        "When another host was last heard, in seconds since 1970.",
        samples.peer_seen,
        ("peer",),
    ),
    Row(
        "ucarpd_peer_interval_seconds",
        "The time between two advertisements that another host states.",
        samples.of_each_address("peers", "interval"),
        ("peer",),
    ),
    Row(
        "ucarpd_peer_worst_gap_seconds",
        "The longest silence of another host while it was heard as master.",
        samples.of_each_address("peers", "worst_gap"),
        ("peer",),
    ),
    Row(
        "ucarpd_peer_is_master",
        "Whether another host is heard as master now.",
        samples.of_each_address("peers", "is_master"),
        ("peer",),
    ),
)
