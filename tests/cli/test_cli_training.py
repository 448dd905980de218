from refusal import assert_one_sentence


def test_an_unknown_training_configuration_is_one_sentence(ecomgen, tmp_path):
    assert_one_sentence(ecomgen("train", tmp_path / "absent.toml"))
