"""Rules: what they ask of Great Expectations, and the words for a row that breaks them."""

from data.rule import absent, between, one_of, present


def test_between__only_the_bounds_that_are_given():
    """A bound of nothing is none, and 0 is one."""
    assert between("width", "too small", least=0).arguments == {"column": "width", "min_value": 0}
    assert between("width", "odd", least=1, most=2).arguments == {"column": "width", "min_value": 1, "max_value": 2}


def test_rules__their_expectations():
    """Each rule asks the one question that it is named for."""
    asked = [one_of("label", ["a"], "r"), absent("error", "r"), present("label", "r")]
    names = ["in_set", "null", "not_be_null"]
    assert all(rule.expectation.endswith(name) for rule, name in zip(asked, names, strict=True))
    assert asked[0].arguments == {"column": "label", "value_set": ["a"]}
    assert {rule.reason for rule in asked} == {"r"}
