import mxnet as mx
import numpy as np
import pytest
from scipy.special import expit, log_softmax

from common.models.heads import class_temperature, heads_loss, mean_heads, opinions_of, score
from common.pages.targets import Targets

RNG = np.random.default_rng(0)
OUTPUT = RNG.normal(0, 2, (5, 5))  # three classes and two boundary heads
TARGETS = Targets(
    np.array([0, 1, 2, 1, 1], dtype=np.int32),
    np.array([1, 0, 1, 0, 1], dtype=np.float32),
    np.array([0, 1, 1, 0, 0], dtype=np.float32),
    np.array([1, 2, 0.5, 1, 1], dtype=np.float32),
)


def plain_loss(output, smoothing, boundary=0.5):
    """Cross-entropy with smoothed labels plus so much of each boundary's logistic loss."""
    wanted = np.eye(3)[TARGETS.label] * (1 - smoothing) + smoothing / 3
    loss = -(wanted * log_softmax(output[:, :3], axis=1)).sum(axis=1)
    for column, truth in ((3, TARGETS.first_page), (4, TARGETS.last_page)):
        p = expit(output[:, column])
        loss -= boundary * (truth * np.log(p) + (1 - truth) * np.log(1 - p))
    return loss * TARGETS.weight


def test_boundaries_count_as_much_as_they_are_told_to():
    found = heads_loss(mx.nd.array(OUTPUT), TARGETS, 0.1, 4.0).asnumpy()
    np.testing.assert_allclose(found, plain_loss(OUTPUT, 0.1, 4.0), rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_formula_and_its_gradient_that_of_finite_differences(smoothing):
    output = mx.nd.array(OUTPUT)
    output.attach_grad()
    with mx.autograd.record():
        loss = heads_loss(output, TARGETS, smoothing)
    loss.backward()
    np.testing.assert_allclose(loss.asnumpy(), plain_loss(OUTPUT, smoothing), rtol=1e-5)
    for place in np.ndindex(OUTPUT.shape):
        step = np.zeros_like(OUTPUT)
        step[place] = 1e-5
        up, down = plain_loss(OUTPUT + step, smoothing), plain_loss(OUTPUT - step, smoothing)
        numeric = (up - down).sum() / 2e-5
        assert output.grad.asnumpy()[place] == pytest.approx(numeric, abs=1e-4)


def test_far_out_logits_have_a_finite_loss():
    output = mx.nd.array([[100, -100, 0, 200, -200]] * 5)
    assert np.isfinite(heads_loss(output, TARGETS, 0.1).asnumpy()).all()


def test_energy_is_low_where_much_speaks_for_any_class_and_high_where_nothing_does():
    """Doubt between two classes does not raise it; boundary heads have no part in it."""
    logits = np.array([[8, 0, 0, 1, 1], [8, 8, 0, -9, 9], [0.5, 0, 0, 0, 0]])
    sure, torn, unknown = opinions_of(logits).energy
    assert sure == pytest.approx(-np.log(np.exp(8) + 2))
    assert torn < sure < unknown
    halved = opinions_of(logits, temperature=2.0).energy
    assert halved[0] == pytest.approx(-np.log(np.exp(4) + 2))


def test_scores_by_hand():
    logits = np.array(
        [[3, 0, 0, 1, -1], [0, 3, 0, -1, 1], [3, 0, 0, 1, 1], [0, 3, 0, 1, -1], [0, 3, 0, 1, -1]]
    )
    found = score(logits, TARGETS)
    assert found["accuracy"] == pytest.approx(4 / 5)  # page 3 is of class 2 and called 0
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["first_page_accuracy"] == pytest.approx(4 / 5)
    assert found["last_page_accuracy"] == 1
    unweighted = plain_loss(logits, 0.0) / TARGETS.weight
    assert found["loss"] == pytest.approx(unweighted.mean(), rel=1e-6)


def test_opinions_are_probabilities():
    opinions = opinions_of(OUTPUT.astype(np.float32))
    np.testing.assert_allclose(opinions.probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(opinions.first_page, expit(OUTPUT[:, 3]), rtol=1e-6)
    np.testing.assert_allclose(opinions.last_page, expit(OUTPUT[:, 4]), rtol=1e-6)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_what_the_logits_were_multiplied_by(sharpness):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = np.array([rng.choice(3, p=chance) for chance in chances], np.int32)
    output = np.column_stack([logits * sharpness, np.zeros((4000, 2))]).astype(np.float32)
    ends = np.zeros(4000, np.float32)
    found = class_temperature(output, Targets(label, ends, ends, ends + 1))
    assert found == pytest.approx(sharpness, rel=0.1)
    np.testing.assert_allclose(opinions_of(output, found).probabilities, chances, atol=0.05)


def test_a_handful_of_pages_does_not_make_it_sure():
    output = np.array([[1.0, 0.0, 0.0, 0.0]] * 3, np.float32)
    ends = np.zeros(3, np.float32)
    found = class_temperature(output, Targets(np.zeros(3, np.int32), ends, ends, ends + 1))
    assert 0.5 < found < 1


def test_the_mean_of_heads_has_the_mean_of_their_probabilities():
    """Also where logits are far out, and their exponentials beyond what floats hold."""
    heads = np.random.default_rng(0).normal(0, 4, (3, 50, 7)).astype(np.float32)
    heads[0, 0], heads[1, 0] = 200, -200
    together = opinions_of(mean_heads(list(heads)))
    apart = [opinions_of(one) for one in heads]
    for name in ("probabilities", "first_page", "last_page", "energy"):
        mean = np.mean([getattr(one, name) for one in apart], axis=0)
        np.testing.assert_allclose(getattr(together, name), mean, rtol=1e-4, atol=1e-7)


def test_of_one_network_the_heads_stay_as_they_are():
    heads = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(mean_heads([heads]), heads)
