import mxnet as mx
import numpy as np

from common.models.stream_encoder import Neighbours, Standardised


def test_neighbours_are_the_pages_before_and_after_within_the_stream():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(4, 3, 2)).astype(np.float32)
    lengths = [4, 2, 1]
    found = Neighbours(2)(mx.nd.array(inputs), mx.nd.array(lengths)).asnumpy()
    for stream, pages in enumerate(lengths):
        for page in range(pages):
            before = inputs[page - 1, stream] if page else np.zeros(2)
            after = inputs[page + 1, stream] if page + 1 < pages else np.zeros(2)
            np.testing.assert_array_equal(found[page, stream], np.concatenate([before, after]))


def test_inputs_far_out_are_no_further_than_three_deviations():
    block = Standardised(2)
    block.initialize()
    block.mean.set_data(mx.nd.array([1.0, 0.0]))
    block.deviation.set_data(mx.nd.array([2.0, 0.5]))
    found = block(mx.nd.array([[[3.0, 0.25]], [[1e6, -9.0]]])).asnumpy()
    np.testing.assert_allclose(found, [[[1.0, 0.5]], [[3.0, -3.0]]])
