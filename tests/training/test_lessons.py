"""What the last phase learns from: rare combinations come more often, ten of a kind not ten times."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from ecomgen.training.lessons import evenly


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=40))
def test_weights_of_a_group_sum_to_its_size_to_a_power(pairs: list[tuple[int, int]]) -> None:
    numbers = torch.tensor(pairs)
    for balance in (0.0, 0.5, 1.0):
        weights = evenly(numbers, balance)
        for pair in set(pairs):
            rows = torch.tensor([other == pair for other in pairs])
            total = weights[rows].sum()
            torch.testing.assert_close(total, rows.sum().float() ** (1 - balance))
