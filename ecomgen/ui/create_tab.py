"""The Create tab: a prompt, what was understood, and pictures as they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ecomgen.errors import DataError, EcomgenError, InvalidRequest
from ecomgen.services.records import GenerationRequest, Picture
from ecomgen.services.review import new_batch
from ecomgen.services.trends import Shares
from ecomgen.ui import cards
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.photo import Shape, photo_start
from ecomgen.ui.restoring import LINKED, model_choice, restored_fields, roll, seed_in
from ecomgen.ui.understanding import (
    Edits,
    beyond_prompt,
    check_model,
    checked,
    edits_in,
    panel,
    photo_in,
)
from ecomgen.ui.words import word

Labels = dict[gr.blocks.Block, dict[str, str]]
"""Which components carry words: component -> {property: key in WORDS}."""

CHANGES = {"small": 0.25, "large": 0.6}
"""Share of the latent that "more like this" draws anew."""

Draw = Callable[[], Iterator[Picture]]

_HISTORY = 64
_STRIP = 8  # pictures between two, both included
_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_MAKING: dict[str, Any] = {
    "api_name": "create",  # not the name of its function: /generate is the public endpoint in api.py
    "concurrency_id": "generate",
    "concurrency_limit": 1,
    "show_progress": "hidden",
    "api_visibility": "private",
}


def create_tab(services: Services, visitor: gr.BrowserState, arrived: Dependency) -> Labels:
    """Lay out and wire the tab. `arrived` is the event after which `visitor` is known."""
    generation, review, most = services.generation, services.review, services.settings.max_count

    with gr.Column(elem_id="eg-ask"):
        with gr.Row(elem_id="eg-prompt-row"):
            prompt = gr.Textbox(placeholder="", max_lines=1, autofocus=True, elem_id="eg-prompt", scale=1)
            go = gr.Button(variant="primary", elem_id="eg-go", scale=0)
            stop = gr.Button(elem_id="eg-stop", scale=0, visible=False)
        with gr.Row(elem_id="eg-starts"):
            start = cards.photo()
            themes = cards.chips()
    with gr.Row(elem_id="eg-work"):
        with gr.Column(elem_id="eg-side", scale=0):
            attributes = cards.attributes(panel(services, "", {}, services.settings.model))
            with gr.Accordion(elem_id="eg-options") as options:
                count = gr.Slider(1, most, min(8, most), step=1, buttons=[])
                psi = gr.Slider(0, 1, 0.8, step=0.05, info=" ", buttons=[])
                best = gr.Checkbox(info=" ", elem_id="eg-best")
                market = gr.Checkbox(info=" ", elem_id="eg-market")
                with gr.Row(elem_id="eg-seed-row"):
                    seed = gr.Textbox(max_lines=1, elem_id="eg-seed", scale=1)
                    dice = gr.Button(elem_id="eg-dice", scale=0)
                    lock = gr.Checkbox(elem_id="eg-lock", container=False, scale=0)
                default = services.settings.model
                model = gr.Dropdown([default], value=default, elem_id="eg-model", filterable=False)
        with gr.Column(elem_id="eg-main", scale=1):
            loading = cards.notice("eg-loading")
            notice = cards.notice("eg-notice")
            pictures = cards.cards(review)
    used, linked, shape = gr.State(""), gr.State(False), gr.State(None)
    tick = gr.Timer(1.0, active=False)

    asked = [prompt, attributes, count, seed, lock, used, psi, model, visitor, shape, best, market]
    shown = [pictures, notice, go, stop, seed, used]
    restored = [prompt, attributes, count, seed, lock, psi, model]

    def understand(prompt: str, current: Any, model: str) -> dict[str, Any]:
        return panel(services, prompt, edits_in(current), model, photo_in(current))

    def refused(error: Exception, who: Visitor) -> tuple[Any, ...]:
        return gr.skip(), cards.sentence(error, who.language), *_buttons(busy=False), gr.skip(), gr.skip()

    def make(
        draw: Draw,
        prompt: str,
        count: int,
        edits: Edits,
        who: Visitor,
        seed: str | None = None,
        instead: Draw | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Draw, keep and show, one picture after the other; yields values for `shown`.

        `instead` draws, and the page says why, when there is not enough data for `draw`.
        """
        batch, prompt = new_batch(), prompt.strip()
        seeds = (seed, seed) if seed is not None else (gr.skip(), gr.skip())
        made: list[Any] = []

        def run(pending: int) -> dict[str, Any]:
            return {"visitor": who.id, "run": cards.run(batch, made, prompt, edits, pending)}

        yield run(count), {}, *_buttons(busy=True), *seeds
        problem = {}
        try:
            parsed = generation.understand(prompt) if prompt else {}
            try:
                drawn = draw()
            except DataError as error:
                if instead is None:
                    raise
                problem, drawn = cards.hint(error, who.language), instead()
            for picture in drawn:
                review.record([picture], who.language, who.id, parsed, batch)
                made.append(cards.card(picture))
                yield run(max(0, count - len(made))), *[gr.skip()] * 5
        except Exception as error:
            problem = cards.sentence(error, who.language)
        yield run(0), problem, *_buttons(busy=False), gr.skip(), gr.skip()

    def generate(
        prompt: str,
        current: Any,
        count: float,
        seed: str,
        lock: bool,
        used: str,
        psi: float,
        model: str,
        stored: Any,
        shape: Shape | None,
        best: bool,
        market: bool,
    ) -> Iterator[tuple[Any, ...]]:
        who = Visitor.read(stored)
        edits = beyond_prompt(services, prompt, edits_in(current), photo_in(current))
        try:
            # A seed that was typed, rolled or restored is used once; after that only when it is locked.
            wanted = seed.strip() if lock or seed.strip() != used else ""
            request = GenerationRequest(
                prompt=checked(services, prompt, edits, model, who.language),
                count=int(count),
                seed=seed_in(wanted, who.language) if wanted else roll(),
                psi=float(psi),
                model=model,
                attributes=edits,
                shares=market_shares(who.language) if market else {},
            )
        except Exception as error:
            yield refused(error, who)
        else:
            plain = partial(generation.generate, request)
            draw: Draw = partial(services.favourites.generate, request) if best else plain
            if shape and shape.on:
                draw = drawing(request, edits, shape)
            yield from make(draw, request.prompt, request.count, edits, who, str(request.seed), plain)

    def market_shares(language: str) -> Shares:
        shares = services.trends.shares()
        if not shares:
            raise InvalidRequest(word("market_none", language))
        return shares

    def drawing(request: GenerationRequest, edits: Edits, shape: Shape) -> Draw:
        """What draws the product of the photo as the prompt and the edits want it."""

        def draw() -> Iterator[Picture]:
            if request.model != shape.model:
                raise InvalidRequest(
                    "The photo's shape was read for another checkpoint: choose the photo again."
                )
            prompt = request.prompt.strip()
            read = generation.understand(prompt) if prompt else {}
            wanted = {**{name: reading.value for name, reading in read.items()}, **edits}
            return services.control.edit(
                shape.recipe, wanted, request.count, request.seed or 0, prompt, request.model
            )

        return draw

    def generate_linked(linked: bool, *given: Any) -> Iterator[tuple[Any, ...]]:
        if linked:
            yield from generate(*given)
        else:
            yield tuple([gr.skip()] * len(shown))

    def more(count: float, stored: Any, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        who = Visitor.read(stored)
        try:
            kept, change = review.picture(_told(event, "id")), _told(event, "change")
            other = review.picture(_told(event, "other")) if change in ("mix", "between") else kept
        except Exception as error:
            yield refused(error, who)
            return
        control, number, seed = services.control, int(count), roll()
        draws: dict[str, tuple[int, Draw]] = {
            "colours": (min(most, _STRIP), lambda: control.colours(kept)),
            "mix": (1, lambda: control.mix(kept, other)),
            "between": (_STRIP, lambda: control.between(kept, other, min(most, _STRIP))),
        }
        varied = CHANGES.get(change, CHANGES["small"])
        number, draw = draws.get(change, (number, lambda: control.vary(kept, number, varied, seed)))
        yield from make(draw, kept.prompt, number, cards.edits_of(kept), who)

    def pick(model: str, event: gr.EventData) -> tuple[Any, ...]:
        prompt = _told(event, "prompt")
        return prompt, {**panel(services, prompt, {}, model), "replace": True}, None

    def again(event: gr.EventData) -> list[Any]:
        try:
            kept = review.picture(_told(event, "id"))
        except EcomgenError:
            return [gr.skip()] * len(restored)
        wanted = {"prompt": kept.prompt, "seed": str(kept.seed), "psi": str(kept.psi), "model": kept.model}
        return restored_fields(services, wanted, cards.edits_of(kept))

    def state(who: Visitor) -> dict[str, str]:
        """One line when the checkpoint is still being loaded, or cannot be."""
        if not generation.ready:
            return {"kind": "busy", "text": word("loading", who.language)}
        try:
            check_model(services)
        except Exception as error:
            return cards.sentence(error, who.language)
        return {}

    def opened(stored: Any, http: gr.Request) -> list[Any]:
        """The visitor's pictures so far, and what a share link asks for."""
        who = Visitor.read(stored)
        query = {key: value for key, value in http.query_params.items() if key in LINKED}
        pairs = dict(pair.split("=", 1) for pair in http.query_params.getlist("set")[:32] if "=" in pair)
        past, problem = [], {}
        try:
            past = cards.runs(review.history(who.id, _HISTORY))
        except Exception as error:
            problem = cards.sentence(error, who.language)
        asked = (query.get("prompt", ""), query.get("seed"))
        made = any((run["prompt"], run["cards"][0]["seed"]) == asked for run in past)
        return [
            {"visitor": who.id, "runs": past},
            problem,
            state(who),
            gr.Timer(active=not generation.ready),
            asked != ("", None) and not made,
            *restored_fields(services, query, {name: value or None for name, value in pairs.items()}),
        ]

    def loaded(prompt: str, current: Any, model: str, stored: Any) -> list[Any]:
        """Once the checkpoint is there: which there are, and what the prompt says; or what is wrong with it."""
        if not generation.ready:
            return [gr.skip()] * 4
        line, choice = state(Visitor.read(stored)), model_choice(services, model)
        return [line, gr.Timer(active=False), choice, understand(prompt, current, model)]

    reading: dict[str, Any] = {
        "fn": understand,
        "inputs": [prompt, attributes, model],
        "outputs": attributes,
        **_QUICK,
    }
    attributes.edit(**reading, trigger_mode="always_last")
    photo_start(services, start, prompt, attributes, model, visitor, shape)
    model.input(**reading)
    making = [gr.on([prompt.submit, go.click], generate, asked, shown, **_MAKING)]
    making.append(pictures.more(more, [count, visitor], shown, **_MAKING))
    for part in (themes, pictures):
        picked = part.pick(pick, model, [prompt, attributes, shape], **_QUICK)
        making.append(picked.then(generate, asked, shown, **_MAKING))
    pictures.again(again, None, restored, **_QUICK).then(lambda: None, None, shape, **_QUICK)
    dice.click(lambda: str(roll()), None, seed, **_QUICK)
    tick.tick(loaded, [prompt, attributes, model, visitor], [loading, tick, model, attributes], **_QUICK)
    ready = arrived.then(opened, visitor, [pictures, notice, loading, tick, linked, *restored], **_QUICK)
    making.append(ready.then(generate_linked, [linked, *asked], shown, **_MAKING))
    # Gradio ignores a request as a repeated click until it has ended the stopped event; only what follows that
    # event may bring the button back.
    stop.click(lambda: ({"settled": True}, {}), None, [pictures, notice], cancels=making, **_QUICK)
    for event in making:
        event.then(lambda: _buttons(busy=False), None, [go, stop], **_QUICK)

    return {
        prompt: {"label": "prompt", "placeholder": "placeholder"},
        go: {"value": "generate"},
        stop: {"value": "stop"},
        options: {"label": "options"},
        count: {"label": "count"},
        psi: {"label": "psi", "info": "psi_info"},
        best: {"label": "best", "info": "best_info"},
        market: {"label": "market", "info": "market_info"},
        seed: {"label": "seed"},
        dice: {"value": "dice"},
        lock: {"label": "lock"},
        model: {"label": "model"},
    }


def _buttons(busy: bool) -> tuple[Any, Any]:
    # a gr.Button made while laying out would be shown
    return gr.update(visible=not busy), gr.update(visible=busy)


def _told(event: gr.EventData, key: str) -> str:
    """A text that the browser sent with an event; it may have sent anything."""
    value = event._data.get(key) if isinstance(event._data, Mapping) else None
    return value if isinstance(value, str) else ""
