import numpy as np
import pytest
from tests.labelled import channel_of

from common.job.errors import ClientError
from common.pages.shares import stream_shares

SIZES = [9, 1, 4, 4, 2, 7, 3]
CHANNEL = channel_of(*[[("x", ["word"] * size)] for size in SIZES])


@pytest.mark.parametrize("hosts", [1, 2, 3, 7])
def test_whole_streams_go_to_one_host_each_and_pages_are_spread_evenly(hosts):
    shares = stream_shares(CHANNEL, hosts)
    assert len(shares) == hosts
    np.testing.assert_array_equal(np.sort(np.concatenate(shares)), np.arange(30))
    owner = np.empty(30, int)
    for place, rows in enumerate(shares):
        assert list(rows) == sorted(rows)
        owner[rows] = place
    assert all(len(set(owner[stream])) == 1 for stream in CHANNEL.streams)
    sizes = [len(rows) for rows in shares]
    assert max(sizes) - min(sizes) <= max(SIZES)
    if hosts < 4:  # such sizes can be spread to within a page
        assert max(sizes) - min(sizes) <= 1


def test_more_hosts_than_streams_are_refused():
    with pytest.raises(ClientError, match=r"7 streams .* to 8 hosts\..*at most 7"):
        stream_shares(CHANNEL, 8)
