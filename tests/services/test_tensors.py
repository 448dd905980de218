"""The thread that all tensor work is done in."""

import os
import sys
import threading

import pytest
import torch

from ecomgen.services.tensors import compute


def test_results_and_errors_come_back_from_one_thread():
    assert compute(torch.add, torch.tensor(1), 2) == 3
    assert compute(threading.get_ident) == compute(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        compute(lambda: 1 // 0)


@pytest.mark.skipif(sys.platform != "linux", reason="Threads have priorities of their own on Linux only.")
def test_everything_else_goes_first():
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert compute(priority) == min(priority() + 5, 19)
