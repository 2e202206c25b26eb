import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contract.programs import SRC, environment
from tests.hosts import host_names, on_hosts

from common.job.errors import ClientError
from common.job.hosts import Hosts
from common.job.peers import ALONE, gathered

PROGRAM = Path(__file__).with_name("peer_program.py")
LONG = bytes(range(256)) * 40_000


def test_the_first_host_hears_all_in_their_order_and_all_hear_the_first():
    def act(peers):
        said = [peers.gather(f"{peers.hosts.place} {turn}".encode()) for turn in range(3)]
        return peers.first, said, peers.broadcast(LONG if peers.first else b"not this")

    first, *others = on_hosts(3, act)
    assert first == (
        True,
        [[f"{place} {turn}".encode() for place in range(3)] for turn in range(3)],
        LONG,
    )
    assert others == [(False, [[], [], []], LONG)] * 2


def test_a_host_alone_talks_to_itself():
    with gathered(Hosts()) as peers:
        assert peers is ALONE
        assert peers.gather(b"x") == [b"x"]
        assert peers.broadcast(b"x") == b"x"
        peers.refuse_differences({"train": "a"}, remedy="")


def end_of(tmp_path, *behaviours):
    """(exit status, first line of the failure file) of each host."""
    names = host_names(len(behaviours))
    files = [tmp_path / name for name in names]
    hosts = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), ",".join(names), name, str(file), behaviour],
            env=environment(PYTHONPATH=str(SRC)),
        )
        for name, file, behaviour in zip(names, files, behaviours, strict=True)
    ]
    for host, behaviour in zip(hosts, behaviours, strict=True):
        if behaviour == "freeze":
            continue
        host.wait(60)
    for host in hosts:
        host.kill()
        host.wait()
    told = [file.read_text().splitlines()[0] if file.exists() else None for file in files]
    return names, list(zip([host.returncode for host in hosts], told, strict=True))


DEAD = "AlgorithmError: host '{}' is gone: its connection closed without a word."
FROZEN = "AlgorithmError: host '{}' is gone: it has been silent for 2 seconds."


@pytest.mark.parametrize(
    ("behaviour", "place", "says"),
    [
        ("die", 0, DEAD),
        ("die", 1, DEAD),
        ("freeze", 0, FROZEN),
        ("freeze", 2, FROZEN),
        ("refuse", 1, "ClientError: host '{}' failed: pages.jsonl line 3 is broken."),
        ("stumble", 0, "AlgorithmError: host '{}' failed: RuntimeError: no such thing"),
    ],
)
def test_when_one_host_ends_all_do_and_name_it(tmp_path, behaviour, place, says):
    behaviours = ["wait"] * 3
    behaviours[place] = behaviour
    names, ends = end_of(tmp_path, *behaviours)
    own = ends.pop(place)
    for status, told in ends:
        assert status == 1
        assert told.startswith(says.format(names[place]))
    if behaviour in ("die", "freeze"):
        assert own == (-signal.SIGKILL, None)
    else:
        assert own[0] == 1
        assert says.split("failed: ")[1] in own[1]


def test_hosts_whose_data_differ_are_refused(tmp_path):
    names, ends = end_of(tmp_path, "compare", "compare")
    expected = f"hosts '{names[0]}' and '{names[1]}' differ in validation. Replicate."
    assert ends[0] == (1, f"ClientError: {expected}")
    assert ends[1] == (1, f"ClientError: host '{names[0]}' failed: {expected}")


def meet_in_vain(hosts):
    with gathered(hosts, patience=0.1):
        pass


def test_a_host_that_does_not_come_is_named():
    here, there = host_names(2)
    with pytest.raises(ClientError, match=rf"hosts that did not come: '{there}'\..*VPC"):
        meet_in_vain(Hosts((here, there), here))
    with pytest.raises(ClientError, match=f"host '{here}' cannot be reached: it does not answer"):
        meet_in_vain(Hosts((here, there), there))


def test_a_name_that_does_not_resolve_is_told():
    with pytest.raises(ClientError, match=r"host 'algo\.invalid' cannot .* does not resolve"):
        meet_in_vain(Hosts(("algo.invalid", "here"), "here"))
