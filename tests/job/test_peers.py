import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.builders import make_job
from tests.contract.programs import BIN, SRC, environment
from tests.hosts import host_names, on_hosts

from common.job.errors import AlgorithmError, ClientError
from common.job.hosts import Hosts
from common.job.link import FAILED, MESSAGE, receive_frame, send_frame
from common.job.meeting import PORT
from common.job.peers import ALONE, Peers, gathered

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


def start(names, name, failure, behaviour):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), ",".join(names), name, str(failure), behaviour],
        env=environment(PYTHONPATH=str(SRC)),
    )


def end_of(tmp_path, *behaviours):
    """(exit status, first line of the failure file) of each host."""
    names = host_names(len(behaviours))
    files = [tmp_path / name for name in names]
    hosts = [
        start(names, name, file, behaviour)
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
        ("be_ended", 1, "AlgorithmError: host '{}' failed: the platform ended the job (SIGTERM)"),
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


@pytest.mark.parametrize(("idle", "busy"), [(0, 2), (2, 0)])
def test_a_host_may_keep_where_it_stands_when_another_was_ended(tmp_path, idle, busy):
    """The third has nothing to keep, and leaves first."""
    behaviours = ["be_ended"] * 3
    behaviours[idle], behaviours[busy] = "listen", "keep"
    names, ends = end_of(tmp_path, *behaviours)
    told = f"AlgorithmError: host '{names[1]}' failed: the platform ended the job (SIGTERM)"
    assert ends[idle] == (1, told)
    assert ends[busy] == (1, "ClientError: it was kept.")


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


def call(first, name):
    """A connection to the first host, made as that of the host `name`."""
    while True:
        try:
            connection = socket.create_connection((first, PORT), 5, (name, 0))
        except ConnectionRefusedError:
            time.sleep(0.05)
            continue
        send_frame(connection, MESSAGE, json.dumps(name).encode())
        return connection


def last_word(connection):
    while True:
        kind, body = receive_frame(connection, 5)
        if kind == FAILED:
            return json.loads(body)["message"]


def test_a_host_that_goes_before_all_have_met_is_named_to_those_who_come_later_too(tmp_path):
    names = host_names(4)
    waiting = start(names, names[0], tmp_path / "failure", "wait")
    early = call(names[0], names[1])
    call(names[0], names[2]).close()
    says = f"host '{names[2]}' is gone: "
    with early:
        assert last_word(early).startswith(says)
        with call(names[0], names[3]) as late:
            assert last_word(late).startswith(says)
    assert waiting.wait(10) == 1
    assert (tmp_path / "failure").read_text().startswith(DEAD.format(names[2]))


@pytest.mark.parametrize("place", [0, 1])
def test_a_host_that_failed_before_it_met_any_tells_who_waits(tmp_path, place):
    names = host_names(2)
    failed = Peers(Hosts(names, names[place]))
    notice = threading.Thread(target=failed.give_notice, args=(AlgorithmError("no room"),))
    notice.start()
    waiting = start(names, names[1 - place], tmp_path / "failure", "wait")
    assert waiting.wait(30) == 1
    told = (tmp_path / "failure").read_text().splitlines()[0]
    assert told == f"AlgorithmError: host '{names[place]}' failed: no room"
    notice.join(10)
    assert not notice.is_alive()


def test_a_program_that_is_killed_while_it_starts_is_told_of_by_the_toolkit(tmp_path):
    names = host_names(2)
    waiting = start(names, names[0], tmp_path / "failure", "wait")
    sources = tmp_path / "src"
    shutil.copytree(SRC / "common/job", sources / "common/job")
    (sources / "train_image.py").write_text("import os; os.kill(os.getpid(), 9)")
    base = make_job(tmp_path / "ml", {"sagemaker_program": "train_image.py"}, (), names, 1)
    variables = environment(
        SAGEMAKER_BASE_DIR=str(base),
        HOME=str(base),
        SAGEMAKER_TRAINING_MODULE="common.job.toolkit:main",
        PYTHONPATH=str(sources),
    )
    assert subprocess.run([str(BIN / "train")], env=variables, timeout=60).returncode == 1
    assert waiting.wait(10) == 1
    told = (tmp_path / "failure").read_text()
    assert f"Error: host '{names[1]}' failed: train_image.py was killed" in told
    assert told.splitlines()[0].split("failed: ")[1] in (base / "output/failure").read_text()
