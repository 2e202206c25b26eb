import mxnet as mx
import numpy as np
import pytest

from common.job.tables import ImageHyperparameters
from common.models.image_cnn import ImageModel, forward
from common.models.image_network import PageCNN
from common.models.image_strips import (
    StripsCNN,
    pixels_to_channels,
    spread_over_strips,
    strips_of,
)

CLASSES = ("bill", "letter", "plan")


def convolved(pages, weight):
    options = {"kernel": (3, 3), "pad": (1, 1), "num_filter": len(weight), "no_bias": True}
    return mx.nd.Convolution(mx.nd.array(pages), mx.nd.array(weight), **options).asnumpy()


def test_a_strip_s_pixels_become_channels_in_reading_order():
    darkness = np.arange(24, dtype=np.float32).reshape(1, 1, 2, 12)
    assert pixels_to_channels(darkness, 4)[0, :, 1, 2].tolist() == [20, 21, 22, 23]


@pytest.mark.parametrize("pixels", [2, 4])
def test_a_convolution_on_strips_is_the_one_on_pixels_up_to_the_margins(pixels):
    rng = np.random.default_rng(0)
    pages = rng.normal(size=(2, 1, 5, 12)).astype(np.float32)
    weight = rng.normal(size=(3, 1, 3, 3)).astype(np.float32)
    on_pixels = convolved(pages, weight)
    found = convolved(pixels_to_channels(pages, pixels), spread_over_strips(weight, pixels))
    for filter_ in range(3):
        expected = pixels_to_channels(on_pixels[:, filter_ : filter_ + 1], pixels)
        np.testing.assert_allclose(found[:, filter_::3], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("start", "depth", "width", "strips"),
    [
        (4, 5, 192, (4, 2)),
        (8, 1, 18, (2,)),
        (1, 4, 32, (16, 8, 4, 2)),
        (1, 3, 32, ()),  # the map would end in strips
        (4, 2, 22, ()),
        (3, 5, 192, ()),
        (16, 5, 192, ()),
        (32, 5, 192, ()),
    ],
)
def test_a_strip_s_filters_fill_a_register_until_one_pixel_s_do(start, depth, width, strips):
    hp = ImageHyperparameters(start_filter=start, depth=depth, height=32, width=width)
    assert strips_of(hp) == strips


def drawn(hyperparameters):
    """A network with random parameters, of which some ReLUs let pages through and some do not."""
    mx.random.seed(1)
    net = PageCNN(len(CLASSES), hyperparameters)
    net.initialize(mx.init.Xavier(magnitude=2))
    rng = np.random.default_rng(1)
    for norm in net.norms:
        for parameter, low, high in (
            (norm.gamma, 0.5, 2),
            (norm.beta, -0.5, 0.5),
            (norm.running_mean, -0.2, 0.2),
            (norm.running_var, 0.02, 0.1),
        ):
            parameter.set_data(mx.nd.array(rng.uniform(low, high, parameter.shape)))
    return net


@pytest.mark.parametrize(
    ("start", "length", "depth", "size", "on_strips"),
    [
        (4, 2, 5, (64, 48), True),
        (4, 1, 2, (33, 20), True),  # pooling leaves out the last line
        (8, 3, 1, (18, 22), True),
        (2, 2, 3, (32, 24), True),
        (5, 2, 2, (32, 20), False),
    ],
)
def test_what_predicts_says_what_was_trained(start, length, depth, size, on_strips):
    hp = ImageHyperparameters(
        start_filter=start, conv_block_length=length, depth=depth, height=size[0], width=size[1]
    )
    net = drawn(hp)
    predictor = ImageModel(CLASSES, hp, (net,)).predictors[0]
    assert isinstance(predictor, StripsCNN) == on_strips
    coarse = np.random.default_rng(2).integers(0, 256, (20, 9, 7), dtype=np.uint8)
    pages = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, : size[0], : size[1]]
    for trained, predicted in zip(forward(net, pages), forward(predictor, pages), strict=True):
        tolerance = 1e-5 * np.abs(trained).max()
        assert np.ptp(trained, axis=0).max() > 1000 * tolerance
        np.testing.assert_allclose(predicted, trained, atol=tolerance)
