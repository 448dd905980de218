"""What a refusal on the command line looks like."""


def assert_one_sentence(result):
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith(".\n")
    assert "Traceback" not in err
