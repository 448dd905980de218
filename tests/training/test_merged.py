from ecomgen.schema import default_schema
from ecomgen.training.merged import MERGED, merged


def test_every_value_exists_and_is_in_one_group_only() -> None:
    for name, groups in MERGED.items():
        values = [value for group in groups for value in group]
        assert len(values) == len(set(values))
        assert set(values) <= {value.name for value in default_schema()[name].values}
        assert all(len(group) > 1 for group in groups)


def test_a_group_has_one_name_and_the_rest_keep_theirs() -> None:
    assert merged("category", "sports shoes") == merged("category", "casual shoes")
    assert merged("colour", "navy blue") != merged("colour", "blue")
    assert merged("colour", "red") == "red"
    assert merged("audience", "men") == "men"
