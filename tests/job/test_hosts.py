import json

import pytest
from tests.builders import make_job

from common.job.errors import ClientError
from common.job.hosts import ONE_HOST, Hosts, container_hosts


def resources(base, **content):
    make_job(base, {}, [])
    (base / "input/config/resourceconfig.json").write_text(json.dumps(content))
    return {"SAGEMAKER_BASE_DIR": str(base)}


def test_there_is_one_host_where_nobody_says_otherwise(tmp_path):
    assert container_hosts({"SAGEMAKER_BASE_DIR": str(tmp_path)}) == ONE_HOST
    assert ONE_HOST.place == 0


def test_all_hosts_agree_on_the_first_whatever_the_order_they_are_told(tmp_path):
    told = resources(tmp_path / "a", hosts=["algo-2", "algo-1"], current_host="algo-2")
    hosts = container_hosts(told)
    assert hosts == Hosts(("algo-1", "algo-2"), "algo-2")
    assert (hosts.first, hosts.place) == ("algo-1", 1)
    told = resources(tmp_path / "b", hosts=["algo-1", "algo-2"], current_host="algo-1")
    assert container_hosts(told) == Hosts(("algo-1", "algo-2"), "algo-1")


def test_the_toolkits_variables_win(tmp_path):
    variables = {"SM_HOSTS": '["x", "y"]', "SM_CURRENT_HOST": "y"}
    told = resources(tmp_path, hosts=["algo-1"], current_host="algo-1")
    assert container_hosts({**told, **variables}) == Hosts(("x", "y"), "y")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"hosts": ["a", "b"], "current_host": "c"}, r"'c' is none of the hosts \(a, b\)"),
        ({"hosts": ["a", "b"]}, "cannot be read"),
        ({"hosts": 2, "current_host": "a"}, "cannot be read"),
    ],
)
def test_hosts_that_make_no_sense_are_refused_with_their_file(tmp_path, content, says):
    with pytest.raises(ClientError, match=says) as error:
        container_hosts(resources(tmp_path, **content))
    assert str(error.value).startswith(str(tmp_path / "input/config/resourceconfig.json"))
