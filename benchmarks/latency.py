"""Milliseconds from a request to eight pictures: ours, by the service and over HTTP, and two PyPI packages.

    python benchmarks/latency.py [--quick] [--repeats N] [--model NAME]

The last line is one JSON object. All four take turns in one run, on one machine, with the same number of
threads, so that the ratios hold even while the machine is busy with something else. Ours is the whole
request: reading the prompt (a new one each time, nothing cached), the networks, the quality gate with the pictures that it draws
again ("first_try" is without it), and PIL images; over HTTP
also the labelled PNG files, the feedback database and the download of all eight. Of the peers only the
generator's plain inference to PIL images is timed, in one batch of the same resolution, with the defaults of their command lines.
Their weights are random: these cost the same time. Of the app itself: seconds from its command to the first
page and to the loaded checkpoint, and the most memory it took up to the last request (Linux only). Where there
is a lighter export (a checkpoint NAME-light), it takes its turns as well; where there is a GPU, our networks
are also timed there, as pictures a second.

The peers are benchmark extras; one that is not installed is null in the result:
    pip install --no-deps lightweight-gan stylegan2-pytorch einops kornia kornia_rs fire termcolor \\
        retry decorator py adabelief-pytorch colorama tabulate vector-quantize-pytorch==0.1.0
(pip install '.[benchmarks]' works as well; it brings their logger, aim, with its many dependencies, which
inference does not need.) Both assert CUDA when they are imported, although their generators run without it;
only that assertion is answered for them here.
"""

import argparse
import contextlib
import importlib
import importlib.machinery
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import httpx
import numpy as np
import torch
from PIL import Image

from ecomgen.models.checkpoint import load_checkpoint
from ecomgen.services.attributes import AttributeReader
from ecomgen.services.generation import Generation
from ecomgen.services.records import GenerationRequest
from ecomgen.services.tensors import compute
from ecomgen.settings import Settings

COUNT = 8
GPU_BATCH = 64
PEERS = ("lightweight_gan", "stylegan2_pytorch")
START_LIMIT = 300.0  # seconds the app may take to start and load
Run = Callable[[int], None]
"""Make eight pictures for the request of this number."""


def prompt(number: int) -> str:
    """A prompt that was not asked before in this run."""
    colour = ("red", "black", "brown", "blue", "white", "green", "pink", "silver")[number % 8]
    product = ("running shoes", "handbag", "watch", "leather belt", "sunglasses", "wallet", "sandals")[
        number % 7
    ]
    return f"{colour} {product} for collection {number}"


def service(settings: Settings, retry: bool = True) -> Run:
    generation = Generation(settings, AttributeReader(settings))

    def run(number: int) -> None:
        request = GenerationRequest(prompt=prompt(number), count=COUNT, seed=1000 * number, retry=retry)
        assert len([picture.image for picture in generation.generate(request)]) == COUNT

    return run


@contextlib.contextmanager
def http(settings: Settings, app_facts: dict[str, float | None]) -> Iterator[Run]:
    """The app as a visitor finds it: `ecomgen serve` in its own process, and its public API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home, open(Path(home) / "log", "wb") as log:
        environment = os.environ | {
            "ECOMGEN_HOME": home,
            "ECOMGEN_MODEL": settings.model,
            "ECOMGEN_CHECKPOINTS": str(settings.checkpoints),
            "ECOMGEN_THREADS": str(settings.threads),
            "GRADIO_ANALYTICS_ENABLED": "False",
        }
        command = [sys.executable, "-m", "ecomgen", "serve", "--port", str(port)]
        start = time.monotonic()
        app = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=START_LIMIT) as client:
                for fact, wanted in (("page_s", page_answers), ("checkpoint_s", checkpoint_is_loaded)):
                    if not soon(app, client, wanted):
                        raise SystemExit(
                            f"The app did not start:\n{Path(log.name).read_text(errors='replace')}"
                        )
                    app_facts[fact] = round(time.monotonic() - start, 1)
                yield lambda number: ask(client, number)
                app_facts["memory_mb"] = most_memory(app.pid)
        finally:
            app.terminate()
            app.wait(20)


def soon(app: subprocess.Popen[bytes], client: httpx.Client, wanted: Callable[[httpx.Client], bool]) -> bool:
    """Whether the app comes to do what is wanted within START_LIMIT."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and app.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if wanted(client):
                return True
        time.sleep(0.05)
    return False


def page_answers(client: httpx.Client) -> bool:
    return client.get("/").is_success


def checkpoint_is_loaded(client: httpx.Client) -> bool:
    return client.get("/healthz").json()["ready"]


def most_memory(pid: int) -> float | None:
    """The most resident memory a process had, in MB (10^6 bytes)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) * 1.024e-3)
    return None


def ask(client: httpx.Client, number: int) -> None:
    """One request to the public endpoint /generate, and the download of its eight files."""
    call = {"data": [prompt(number), COUNT, 1000 * number, 0.8, None, None, True, False]}
    event = client.post("/gradio_api/call/generate", json=call).raise_for_status().json()["event_id"]
    events = client.get(f"/gradio_api/call/generate/{event}").raise_for_status().text.split("\n\n")
    answers = [e.split("data: ", 1)[1] for e in events if e.startswith("event: complete")]
    if not answers:
        raise SystemExit(f"The app answered: {events}")
    files, _recipes = json.loads(answers[0])
    assert len(files) == COUNT
    for file in files:
        content = client.get(f"/gradio_api/file={file['path']}").raise_for_status().content
        assert content.startswith(b"\x89PNG")


def peer(package: str, build: Callable[[types.ModuleType], Callable[[], torch.Tensor]]) -> Run | None:
    """One peer's inference; None when the package is not installed."""
    aim = types.ModuleType("aim")
    aim.__spec__ = importlib.machinery.ModuleSpec("aim", None)  # accelerate asks for it
    sys.modules.setdefault("aim", aim)
    try:
        with mock.patch.object(torch.cuda, "is_available", return_value=True):
            module = importlib.import_module(f"{package}.{package}")
    except ImportError as error:
        print(f"{package} is not installed ({error}).", file=sys.stderr)
        return None
    infer = build(module)  # in the same thread as ours, for the sake of fairness: see services/tensors.py

    @torch.inference_mode()
    def draw() -> np.ndarray:
        pixels = infer().clamp_(0, 1).mul_(255).round_().to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).contiguous().numpy()

    def run(_number: int) -> None:
        pixels = compute(draw)
        assert len([Image.fromarray(picture) for picture in pixels]) == COUNT

    return run


def lightweight_gan(resolution: int) -> Run | None:
    def build(package: types.ModuleType) -> Callable[[], torch.Tensor]:
        generator = package.Generator(image_size=resolution, latent_dim=256, attn_res_layers=[32]).eval()
        return lambda: generator(torch.randn(COUNT, 256))

    return peer("lightweight_gan", build)


def stylegan2_pytorch(resolution: int) -> Run | None:
    def build(package: types.ModuleType) -> Callable[[], torch.Tensor]:
        mapping = package.StyleVectorizer(512, 8, lr_mul=0.1).eval()
        generator = package.Generator(resolution, 512, network_capacity=16).eval()
        mean = torch.zeros(1, 512)

        def infer() -> torch.Tensor:
            style = mean + 0.75 * (mapping(torch.randn(COUNT, 512)) - mean)
            styles = style[:, None].expand(-1, generator.num_layers, -1)
            return generator(styles, torch.rand(COUNT, resolution, resolution, 1))

        return infer

    return peer("stylegan2_pytorch", build)


def gpu_throughput(settings: Settings) -> float | None:
    """Pictures a second of our mapping and synthesis on a GPU, in batches of 64; None where there is none."""
    if not torch.cuda.is_available():
        print("No GPU here: its throughput is not measured.", file=sys.stderr)
        return None
    checkpoint = load_checkpoint(settings.checkpoints / settings.model)
    generator = checkpoint.generator.cuda()
    asked = [t.cuda() for t in checkpoint.vocabulary.lookup([{}])]
    with torch.inference_mode():
        schedule = generator.schedule(*asked)
        times = []
        for _ in range(8):
            torch.cuda.synchronize()
            start = time.perf_counter()
            generator(torch.randn(GPU_BATCH, generator.config.w_dim, device="cuda"), schedule, 0.8)
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
    return round(GPU_BATCH / statistics.median(times[3:]))


def measure(runs: dict[str, Run | None], repeats: int, warm_ups: int) -> dict[str, float | None]:
    """The median milliseconds of each run; they take turns, so that all share a slow minute."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(warm_ups + repeats):
        for name, run in runs.items():
            if run is not None:
                start = time.perf_counter()
                run(number)
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(t[warm_ups:]) if t else None for name, t in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time eight pictures against two PyPI packages.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, under a minute")
    parser.add_argument("--repeats", type=int, help="timed rounds (default 30, quick 8)")
    parser.add_argument("--model", default="default", help="our checkpoint")
    options = parser.parse_args()
    repeats = options.repeats or (8 if options.quick else 30)

    threads = Settings().threads or torch.get_num_threads()
    settings = Settings(model=options.model, threads=threads)
    there = {m.name: m for m in Generation(settings, AttributeReader(settings)).models()}
    if options.model not in there:
        raise SystemExit(f"There is no checkpoint {options.model}; there are: {', '.join(there)}.")
    resolution = there[options.model].size
    light = f"{options.model}-light"
    app: dict[str, float | None] = {}
    with http(settings, app) as over_http:
        runs = {
            "service": service(settings),
            "first_try": service(settings, retry=False),
            "light": service(settings.model_copy(update={"model": light})) if light in there else None,
            "http": over_http,
            "lightweight_gan": lightweight_gan(resolution),
            "stylegan2_pytorch": stylegan2_pytorch(resolution),
        }
        torch.set_num_threads(threads)
        medians = measure(runs, repeats, warm_ups=3)

    for name, median in medians.items():
        print(f"{name:18} {f'{median:8.1f} ms' if median is not None else 'not here'}")
    result: dict[str, object] = {
        f"{name}_ms": median and round(median, 1) for name, median in medians.items()
    }
    peers = [m for name in PEERS if (m := medians[name]) is not None]
    for ours in ("service", "first_try", "http"):
        mine = medians[ours]
        for theirs in PEERS:
            other = medians[theirs]
            result[f"{theirs}_over_{ours}"] = round(other / mine, 2) if mine and other else None
        result[f"fastest_peer_over_{ours}"] = round(min(peers) / mine, 2) if mine and peers else None
    whole, lighter = medians["service"], medians["light"]
    result["service_over_light"] = round(whole / lighter, 2) if whole and lighter else None
    result["gpu_pictures_per_s"] = gpu_throughput(settings)
    result["app"] = app
    result["conditions"] = {
        "pictures": COUNT,
        "resolution": resolution,
        "drawn_by": there[options.model].drawn_by or "PyTorch, one by one (not measured)",
        "repeats": repeats,
        "threads": threads,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "model": options.model,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
