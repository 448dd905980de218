"""What this machine computes with: device and precision, measured once where it is not obvious."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ecomgen.training import processes


@dataclass(frozen=True)
class Compute:
    """Device and autocast type of a run."""

    device: torch.device
    dtype: torch.dtype

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which forward passes run; does nothing in float32."""
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32)


def choose_compute(precision: str = "auto") -> Compute:
    """CUDA where there is one, else the CPU; precision "auto", "bf16" or "fp32".

    A CPU without native bf16 is many times slower with it, so both are timed on one convolution and the faster wins.
    """
    device = processes.device()
    if precision == "auto":
        if device.type == "cuda":
            fast = torch.cuda.is_bf16_supported()
        else:
            faster = _convolution_seconds(torch.bfloat16) < 0.8 * _convolution_seconds(torch.float32)
            fast = bool(processes.told_by_main(faster))
        precision = "bf16" if fast else "fp32"
    return Compute(device, torch.bfloat16 if precision == "bf16" else torch.float32)


def _convolution_seconds(dtype: torch.dtype) -> float:
    x = torch.ones(8, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        F.conv2d(x, weight, padding=1)
        times.append(time.perf_counter() - start)
    return min(times)
