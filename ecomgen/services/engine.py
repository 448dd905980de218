"""How this machine draws fastest: measured once for each checkpoint, kept in the home folder, and used from then on.

There are three ways from w to a picture: PyTorch with large pictures one by one (few cores) or all together (many cores),
and ONNX Runtime where it is installed. A way whose pictures differ visibly from PyTorch's is not taken.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from ecomgen.models.checkpoint import Checkpoint

ONE_BY_ONE, TOGETHER, ONNX = "PyTorch, one by one", "PyTorch, together", "ONNX Runtime"

_REPEATS = 7
_VISIBLE = 2 * 2 / 255
"""Two of 255 steps, in pictures from -1 to 1."""
_WORTH = 0.9
"""A way has to take less than this share of the usual one's time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """The way that was taken, and what eight pictures took by every way that was tried, in milliseconds."""

    way: str
    milliseconds: dict[str, float]

    def __str__(self) -> str:
        return f"{self.way}, {self.milliseconds[self.way]:.0f} ms for eight"


class Engine:
    """Draws with each checkpoint in the way that was measured; PyTorch one by one where nothing was."""

    def __init__(self, home: Path, threads: int) -> None:
        """`threads` 0 means all cores."""
        self._home = home
        self._threads = threads or os.cpu_count() or 1
        self._ready: dict[str, Callable[[Tensor], Tensor]] = {}

    def choice(self, model_hash: str) -> Choice | None:
        """What was measured on this machine for the checkpoint of this hash, if it was."""
        try:
            plain = self._read()[self._machine()][model_hash]
            choice = Choice(str(plain["way"]), {str(k): float(v) for k, v in plain["milliseconds"].items()})
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return choice if choice.way in choice.milliseconds else None

    def equip(self, checkpoint: Checkpoint) -> Checkpoint:
        """The same checkpoint, which from now on draws in the way that was chosen."""
        checkpoint.draw = lambda w: self.draw(checkpoint, w)
        return checkpoint

    def draw(self, checkpoint: Checkpoint, w: Tensor) -> Tensor:
        """Pictures of w [n, w_dim] in the way that was chosen; should that fail, as PyTorch draws them."""
        if checkpoint.hash not in self._ready:
            choice = self.choice(checkpoint.hash)
            self._ready[checkpoint.hash] = self._way(checkpoint, choice.way if choice else ONE_BY_ONE)
        try:
            return self._ready[checkpoint.hash](w)
        except Exception as error:  # another runtime fails in its own ways; a picture is still wanted
            _log.warning("Drawing goes back to PyTorch: %s", error)
            self._ready[checkpoint.hash] = self._way(checkpoint, ONE_BY_ONE)
            return self._ready[checkpoint.hash](w)

    def measure(self, checkpoint: Checkpoint) -> Choice:
        """Time every way that is there, take the fastest whose pictures look the same, and keep the choice."""
        import torch

        from ecomgen.services.drawing import TOGETHER as AT_ONCE

        mapping = checkpoint.generator.mapping
        noise = torch.randn(AT_ONCE, len(mapping.mean), generator=torch.Generator().manual_seed(0))
        w = mapping.mean + mapping.std * noise
        usual = self._way(checkpoint, ONE_BY_ONE)
        ways = {ONE_BY_ONE: usual}
        with torch.inference_mode():
            wanted = usual(w).clamp(-1, 1)
            for way in (TOGETHER, ONNX):
                try:
                    draw = self._way(checkpoint, way)
                    if float((draw(w).clamp(-1, 1) - wanted).abs().max()) <= _VISIBLE:
                        ways[way] = draw
                except ImportError:
                    continue  # an optional runtime that is not installed
                except Exception as error:
                    _log.warning("%s cannot draw this checkpoint: %s", way, error)
            times: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(_REPEATS):  # they take turns, so that all share a slow moment
                for way, draw in ways.items():
                    start = time.perf_counter()
                    draw(w)
                    times[way].append(time.perf_counter() - start)
        milliseconds = {way: round(8000 * min(t) / AT_ONCE, 1) for way, t in times.items()}
        best = min(milliseconds, key=lambda way: milliseconds[way])
        taken = best if milliseconds[best] < _WORTH * milliseconds[ONE_BY_ONE] else ONE_BY_ONE
        choice = Choice(taken, milliseconds)
        self._keep(checkpoint.hash, choice)
        self._ready[checkpoint.hash] = ways[taken]
        return choice

    def _way(self, checkpoint: Checkpoint, way: str) -> Callable[[Tensor], Tensor]:
        synthesis = checkpoint.generator.synthesis
        if way == ONNX:
            try:
                return self._onnx(checkpoint)
            except Exception as error:
                if not self.choice(checkpoint.hash):
                    raise
                _log.warning("ONNX Runtime cannot be used, so PyTorch draws: %s", error)
        one_by_one = way != TOGETHER
        return lambda w: synthesis(w, one_by_one=one_by_one)

    def _onnx(self, checkpoint: Checkpoint) -> Callable[[Tensor], Tensor]:
        import onnxruntime
        import torch

        from ecomgen.services.drawing import TOGETHER as AT_ONCE

        path = self._home / "engine" / f"{checkpoint.hash}-{torch.__version__}-{AT_ONCE}.onnx"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{os.getpid()}.onnx")
            w = torch.zeros(AT_ONCE, checkpoint.generator.config.w_dim)
            # With gradients on, it is written as all pictures together and free of what is kept between calls.
            with torch.inference_mode(False), torch.enable_grad():
                program = torch.onnx.export(
                    checkpoint.generator.synthesis, (w.clone(),), input_names=["w"], output_names=["pictures"],
                    dynamo=True, verbose=False,
                )  # fmt: skip
            assert program is not None
            program.save(temporary, external_data=False)
            os.replace(temporary, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda w: torch.from_numpy(session.run(None, {"w": w.numpy()})[0])

    def _machine(self) -> str:
        """Whatever changes the times: processor, threads, versions."""
        import torch

        try:
            lines = Path("/proc/cpuinfo").read_text().splitlines()
            processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        except (OSError, StopIteration):
            processor = platform.processor() or platform.machine()
        return f"{processor}, {self._threads} threads, torch {torch.__version__}"

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self._home / "engine.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}  # nothing measured yet, or a damaged file that the next measurement replaces

    def _keep(self, model_hash: str, choice: Choice) -> None:
        plain = self._read()
        here = plain.setdefault(self._machine(), {})
        here[model_hash] = {"way": choice.way, "milliseconds": choice.milliseconds}
        self._home.mkdir(parents=True, exist_ok=True)
        temporary = self._home / f".engine.{os.getpid()}.json"
        temporary.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, self._home / "engine.json")
