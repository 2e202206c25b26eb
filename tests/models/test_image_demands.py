import mxnet as mx
import pytest

from common.job.errors import ClientError
from common.job.tables import ImageHyperparameters
from common.models.image_demands import refuse_precision, refuse_too_large
from common.models.image_network import LANES, PageCNN


def need(hyperparameters):
    """Bytes that the network's own arrays say it takes."""
    net = PageCNN(2, hyperparameters, lanes=LANES["float32"])
    net.initialize()
    seen = mx.nd.zeros((1, 1, hyperparameters.height, hyperparameters.width))
    maps = 0
    for layer in net.trunk:
        seen = layer(seen)
        maps += seen.size if layer in net.convolutions else 0
    parameters = sum(layer.weight.data().size for layer in net.convolutions)
    return 4 * (3 * maps * hyperparameters.batch_size + 5 * parameters)


@pytest.mark.parametrize(
    "values",
    [
        {"start_filter": 4, "depth": 5},
        {"start_filter": 12, "depth": 3, "conv_block_length": 3, "batch_size": 7},
        {"start_filter": 9, "depth": 4, "height": 50, "width": 70},
    ],
)
def test_it_counts_what_the_network_has(values):
    table = ImageHyperparameters(**values)
    refuse_too_large(table, need(table))
    with pytest.raises(ClientError):
        refuse_too_large(table, need(table) - 1)


def test_the_arithmetic_is_in_the_message():
    table = ImageHyperparameters(start_filter=512, depth=5)
    with pytest.raises(ClientError) as caught:
        refuse_too_large(table, 16_000_000_000)
    said = str(caught.value)
    assert "there are 16.00 GB" in said
    assert "batch_size 10 × 97,517,568 values" in said
    assert "256 × 192 pixels × 3 × 4 bytes = 11.70 GB" in said
    assert "hyperparameters: training takes at least" in said


def test_what_nobody_knows_is_not_refused():
    table = ImageHyperparameters(start_filter=512, depth=8)
    with pytest.raises(ClientError):
        refuse_too_large(table, 16_000_000_000)
    assert refuse_too_large(table, None) is None


def test_bfloat16_takes_a_processor_that_has_it():
    table = ImageHyperparameters(precision="bfloat16")
    with pytest.raises(ClientError, match="takes a processor with avx512_bf16"):
        refuse_precision(table, has_bfloat16=False, gpus=0)
    refuse_precision(table, has_bfloat16=True, gpus=0)
    refuse_precision(ImageHyperparameters(), has_bfloat16=False, gpus=0)


def test_bfloat16_is_refused_on_gpus():
    table = ImageHyperparameters(precision="bfloat16")
    with pytest.raises(ClientError, match=r"hyperparameters: precision bfloat16.* 2 GPU"):
        refuse_precision(table, has_bfloat16=True, gpus=2)


def test_float16_takes_a_gpu():
    table = ImageHyperparameters(precision="float16")
    with pytest.raises(ClientError, match="precision float16 is for GPUs, and this host has none"):
        refuse_precision(table, has_bfloat16=True, gpus=0)
    refuse_precision(table, has_bfloat16=False, gpus=1)
