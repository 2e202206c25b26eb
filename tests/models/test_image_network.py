import mxnet as mx
import numpy as np
import pytest
from mxnet import gluon
from tests.rounded import round_convolutions

from common.job.errors import ClientError
from common.job.processor import multiplies_bfloat16
from common.job.tables import ImageHyperparameters
from common.models.image_cnn import compiled
from common.models.image_demands import refuse_precision
from common.models.image_folding import fold
from common.models.image_network import PageCNN, copy_parameters

CLASSES = ("bill", "letter", "plan")
SIZE = (64, 48)


def table(**values):
    return ImageHyperparameters(height=SIZE[0], width=SIZE[1], **values)


def pages(count=4, seed=0):
    shape = (count, 1, *SIZE)
    return mx.nd.array(np.random.default_rng(seed).random(shape, dtype=np.float32))


def drawn(hyperparameters, **layout):
    """A network with random parameters; batch norm's are far from 0 and 1."""
    mx.random.seed(1)
    net = PageCNN(len(CLASSES), hyperparameters, **layout)
    net.initialize(mx.init.Xavier(magnitude=2))
    rng = np.random.default_rng(1)
    for norm in net.norms:
        for parameter in (norm.gamma, norm.beta, norm.running_mean, norm.running_var):
            parameter.set_data(mx.nd.array(rng.uniform(0.3, 1.5, parameter.shape)))
    return net


@pytest.mark.parametrize(("depth", "length", "start"), [(1, 1, 4), (3, 2, 4), (5, 3, 2)])
def test_blocks_double_their_filters_and_halve_the_map(depth, length, start):
    net = PageCNN(3, table(depth=depth, conv_block_length=length, start_filter=start))
    net.initialize()
    embedding, heads = net(pages(2))
    weights = [p.shape for name, p in net.collect_params(".*conv.*weight").items()]
    assert weights == [
        (start * 2**block, 1 if block == place == 0 else start * 2 ** (block - (place == 0)), 3, 3)
        for block in range(depth)
        for place in range(length)
    ]
    assert embedding.shape == (2, start * 2 ** (depth - 1))
    assert heads.shape == (2, 5)
    assert net.trunk(pages(1)).shape[2:] == (64 >> depth, 48 >> depth)


def test_it_is_convolution_norm_relu_and_pooling_in_that_order():
    net = drawn(table(depth=2, dropout=0, grid=2))
    seen = pages()
    for convolution, norm, pooled in zip(net.convolutions, net.norms, (0, 1, 0, 1), strict=True):
        seen = mx.nd.relu(norm(convolution(seen)))
        if pooled:
            seen = mx.nd.Pooling(seen, kernel=(2, 2), stride=(2, 2), pool_type="max")
    cells = mx.nd.contrib.AdaptiveAvgPooling2D(seen, output_size=2)
    embedding, heads = net(pages())
    np.testing.assert_allclose(embedding.asnumpy(), seen.mean(axis=(2, 3)).asnumpy(), rtol=1e-5)
    np.testing.assert_allclose(heads.asnumpy(), net.heads(cells).asnumpy(), rtol=1e-5)


def test_dropout_acts_in_training_alone():
    net = drawn(table(depth=3, dropout=0.9))
    once, twice = net(pages())[1].asnumpy(), net(pages())[1].asnumpy()
    np.testing.assert_array_equal(once, twice)
    with mx.autograd.train_mode():
        random = [net.dropout(mx.nd.ones((1, 32))).asnumpy() for _ in range(2)]
    assert not np.array_equal(*random)


@pytest.mark.parametrize(("start", "length"), [(1, 1), (3, 2), (8, 1)])
def test_more_channels_say_the_same(start, length):
    hp = table(depth=3, conv_block_length=length, start_filter=start)
    plain = drawn(hp)
    for narrow, wide in zip(plain(pages()), compiled(plain, CLASSES, hp)(pages()), strict=True):
        assert narrow.shape == wide.shape
        np.testing.assert_allclose(narrow.asnumpy(), wide.asnumpy(), rtol=1e-5, atol=1e-6)


def steps(net, optimizer, options, count=5):
    trainer = gluon.Trainer(net.collect_params(), optimizer, options, kvstore=None)
    losses = []
    for step in range(count):
        with mx.autograd.record():
            loss = (net(pages(8, step))[1] - 1).square().mean()
        loss.backward()
        trainer.step(1)
        losses.append(float(loss.asscalar()))
    return losses


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("sgd", {"learning_rate": 0.05, "momentum": 0.9, "wd": 0.01}),
        ("adam", {"learning_rate": 0.005, "wd": 0.01}),
    ],
)
def test_more_channels_learn_the_same_and_stay_inert(optimizer, options):
    hp = table(depth=2, start_filter=3, dropout=0)
    plain = drawn(hp)
    wide = compiled(plain, CLASSES, hp)
    losses = [steps(net, optimizer, options) for net in (plain, wide)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)
    assert losses[0][-1] < 0.9 * losses[0][0]
    for layer, (filters, channels) in zip(
        wide.convolutions, [(3, 1), (3, 3), (6, 3), (6, 6)], strict=True
    ):
        weight = layer.weight.data().asnumpy()
        assert weight.shape[0] == 8
        assert np.abs(weight[:filters, :channels]).min() > 0
        assert not weight[filters:].any()
        assert not weight[:, channels:].any()
    for norm, filters in zip(wide.norms, (3, 3, 6, 6), strict=True):
        assert not norm.gamma.data().asnumpy()[filters:].any()
        assert not norm.beta.data().asnumpy()[filters:].any()


def test_parameters_come_back_as_they_went():
    hp = table(depth=2, start_filter=3)
    plain = drawn(hp)
    back = PageCNN(len(CLASSES), hp)
    copy_parameters(compiled(plain, CLASSES, hp), back)
    for name, parameter in plain.collect_params().items():
        returned = back.collect_params()[name].data().asnumpy()
        np.testing.assert_array_equal(returned, parameter.data().asnumpy())


@pytest.mark.parametrize("length", [1, 3])
def test_folded_it_says_the_same_without_batch_norm(length):
    hp = table(depth=3, conv_block_length=length)
    net = drawn(hp)
    folded = PageCNN(len(CLASSES), hp, folded=True)
    fold(net, folded)
    assert not folded.norms
    for one, other in zip(net(pages()), folded(pages()), strict=True):
        scale = np.abs(one.asnumpy()).max()
        assert scale > 0.1
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), atol=1e-5 * scale)


def gradients(net):
    with mx.autograd.record():
        loss = (net(pages(16))[1] - 1).square().mean()
    loss.backward()
    return [layer.weight.grad().asnumpy() for layer in net.convolutions]


def assert_learns_alike(hp, least_cosine):
    """Gradients of float32's direction, but rounded, with which the loss falls."""
    plain = drawn(hp)
    wide = compiled(plain, CLASSES, hp)
    for exact, rounded in zip(gradients(plain), gradients(wide), strict=True):
        assert rounded.dtype == np.float32
        cosine = (exact * rounded).sum() / np.linalg.norm(exact) / np.linalg.norm(rounded)
        assert least_cosine < cosine < 1 - 1e-6
    losses = steps(wide, "sgd", {"learning_rate": 0.001})
    assert losses[-1] < 0.9 * losses[0]


def test_bfloat16_learns_about_the_same_where_the_processor_has_it():
    """Eight bits of mantissa: in the direction of float32, and not at all the same."""
    hp = table(depth=2, start_filter=16, dropout=0, precision="bfloat16")
    if not multiplies_bfloat16():
        with pytest.raises(ClientError):
            refuse_precision(hp, has_bfloat16=False, gpus=0)
        return
    assert_learns_alike(hp, 0.97)


def test_in_float16_the_trunk_computes_and_all_that_is_learnt_is_float32():
    """The graph of a GPU, which no processor runs."""
    net = PageCNN(len(CLASSES), table(depth=2, start_filter=8), lanes=8, precision="float16")
    graph = mx.sym.Group(net(mx.sym.var("darkness", dtype="float32"))).get_internals()
    given, made, kept = graph.infer_type(darkness="float32")
    assert {*given, *kept} == {np.float32}
    types = dict(zip(graph.list_outputs(), made, strict=True))
    short = ("conv", "batchnorm", "relu", "pool0", "pool1")
    for name, found in types.items():
        if name.endswith("_output") and name.startswith(tuple(f"cnn_{one}" for one in short)):
            assert found == np.float16, name
        else:
            assert found == np.float32, name
    assert sum(found == np.float16 for found in types.values()) == 4 * 5 + 2


def test_float16_learns_about_the_same(monkeypatch):
    """Eleven bits of mantissa: nearer to float32 than bfloat16, and not the same."""
    round_convolutions(monkeypatch)
    hp = table(depth=2, start_filter=8, dropout=0, precision="float16")
    assert_learns_alike(hp, 0.99)
