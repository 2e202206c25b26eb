"""The networks of the folds, which predict together with that of all pages.

A cross-validated committee (Parmanto, Munro & Doyle 1996): each member has learnt from other pages,
so their errors differ more than those of one network at different times.
"""

from __future__ import annotations

from collections.abc import Sequence

import mxnet as mx

from common.job.peers import Peers
from common.job.tables import ImageHyperparameters
from common.models.image_network import PageCNN
from common.training.devices import on_device
from common.training.standing import Parameters, set_parameters
from common.training.team import Arrays, packed, unpacked


@on_device
def gather_networks(
    own: Sequence[PageCNN], classes: int, hyperparameters: ImageHyperparameters, peers: Peers
) -> list[PageCNN]:
    """All hosts' networks, at the first host, in the hosts' order; at the others nothing."""
    if peers.count == 1:
        return list(own)
    arrays = {
        f"{number:04d} {name}": parameter.data().asnumpy()
        for number, net in enumerate(own)
        for name, parameter in net.collect_params().items()
    }
    return [
        net
        for told in peers.gather(packed(arrays))
        for net in _networks(unpacked(told), classes, hyperparameters)
    ]


def _networks(arrays: Arrays, classes: int, hyperparameters: ImageHyperparameters) -> list[PageCNN]:
    members: dict[str, Parameters] = {}
    for key, array in arrays.items():
        number, name = key.split(" ")
        members.setdefault(number, {})[name] = mx.nd.array(array)
    networks = []
    for _, parameters in sorted(members.items()):
        networks.append(PageCNN(classes, hyperparameters))
        networks[-1].initialize(mx.init.Zero())
        set_parameters(networks[-1], parameters)
    return networks
