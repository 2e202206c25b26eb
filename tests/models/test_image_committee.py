"""Networks that hosts have trained apart come together at the first."""

import mxnet as mx
import numpy as np
from tests.hosts import on_hosts

from common.job.tables import ImageHyperparameters
from common.models.image_committee import gather_networks
from common.models.image_network import PageCNN

SMALL = ImageHyperparameters(height=16, width=16, depth=2, start_filter=2, grid=1)
PAGES = mx.nd.array(np.random.default_rng(1).random((3, 1, 16, 16)))


def networks():
    mx.random.seed(1)
    made = [PageCNN(2, SMALL) for _ in range(3)]
    for net in made:
        net.initialize(mx.init.Normal(0.5))
        net(PAGES)
    return made


def test_the_first_host_has_all_networks_in_the_hosts_order():
    first, second, third = networks()
    had = {0: [first, second], 1: [third], 2: []}
    found = on_hosts(3, lambda peers: gather_networks(had[peers.hosts.place], 2, SMALL, peers))
    assert found[1:] == [[], []]
    for net, gathered in zip((first, second, third), found[0], strict=True):
        np.testing.assert_array_equal(net(PAGES)[1].asnumpy(), gathered(PAGES)[1].asnumpy())
