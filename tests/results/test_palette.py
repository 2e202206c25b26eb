from common.results.palette import HUES, TEXTURES, swatches


def test_the_order_of_names_does_not_matter():
    assert swatches(["b", "a", "c", "a"]) == swatches(["c", "b", "a"])


def test_no_two_of_forty_classes_look_the_same():
    labels = [f"class {row:02}" for row in range(len(HUES) * len(TEXTURES))]
    looks = {(swatch.colour, swatch.texture) for swatch in swatches(labels).values()}
    assert len(looks) == len(labels)
