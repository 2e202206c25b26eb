import pytest

from common.job.errors import SHOWN, ClientError, refuse


def test_without_problems_nothing_is_refused():
    assert refuse([], remedy="Mend it.") is None


def test_one_problem_is_one_line_with_its_remedy():
    with pytest.raises(ClientError) as caught:
        refuse(["a is broken."], remedy="Mend it.")
    assert str(caught.value) == "a is broken. Mend it."


def test_all_problems_are_told_and_the_first_line_has_cause_and_remedy():
    with pytest.raises(ClientError) as caught:
        refuse(["a is broken.", "b is broken.", "c is broken."], remedy="Mend them.")
    assert str(caught.value).splitlines() == [
        "a is broken. Mend them. (1 of 3 problems)",
        "  2. b is broken.",
        "  3. c is broken.",
    ]


def test_a_thousand_problems_still_fit_a_screen():
    with pytest.raises(ClientError) as caught:
        refuse([f"line {number} is broken." for number in range(1000)], remedy="Mend them.")
    lines = str(caught.value).splitlines()
    assert len(lines) == SHOWN + 1
    assert lines[-1] == f"  … and {1000 - SHOWN} more"
