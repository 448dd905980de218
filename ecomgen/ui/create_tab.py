"""The Create tab: a prompt, what was understood, and pictures as they are made."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ecomgen.errors import EcomgenError, InvalidRequest
from ecomgen.schema import Schema, default_schema
from ecomgen.services.generation import GenerationRequest
from ecomgen.services.review import new_batch
from ecomgen.ui import cards
from ecomgen.ui.context import Services, Visitor
from ecomgen.ui.words import word

Labels = dict[gr.blocks.Block, dict[str, str]]
"""Which components carry words: component -> {property: key in WORDS}."""

CHANGES = {"small": 0.25, "large": 0.6}
"""Share of the latent that "more like this" draws anew."""

UNSURE = 0.6
"""A reading with less confidence than this is marked."""

_MOST_SEED = 2**63 - 1
_HISTORY = 64
_QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_MAKING: dict[str, Any] = {
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
        themes = cards.chips()
    with gr.Row(elem_id="eg-work"):
        with gr.Column(elem_id="eg-side", scale=0):
            attributes = cards.attributes()
            with gr.Accordion(elem_id="eg-options") as options:
                count = gr.Slider(1, most, min(8, most), step=1, buttons=[])
                psi = gr.Slider(0, 1, 0.8, step=0.05, info=" ", buttons=[])
                with gr.Row(elem_id="eg-seed-row"):
                    seed = gr.Textbox(max_lines=1, elem_id="eg-seed", scale=1)
                    dice = gr.Button(elem_id="eg-dice", scale=0)
                    lock = gr.Checkbox(elem_id="eg-lock", container=False, scale=0)
                names = [(m.title or m.name, m.name) for m in generation.models()]
                model = gr.Dropdown(
                    names, value=services.settings.model, elem_id="eg-model", filterable=False
                )
        with gr.Column(elem_id="eg-main", scale=1):
            loading = cards.notice("eg-loading")
            notice = cards.notice("eg-notice")
            pictures = cards.cards(review)
    used, linked = gr.State(""), gr.State(False)
    tick = gr.Timer(1.0, active=False)

    asked = [prompt, attributes, count, seed, lock, used, psi, model, visitor]
    shown = [pictures, notice, go, stop, seed, used]
    restored = [prompt, attributes, count, seed, lock, psi, model]

    def understand(prompt: str, current: Any, model: str) -> dict[str, Any]:
        return _understood(services, prompt, _edits(current), model)

    def make(request: GenerationRequest, who: Visitor) -> Iterator[tuple[Any, ...]]:
        """Generate, keep and show, one picture after the other."""
        batch, prompt, edits = new_batch(), request.prompt.strip(), request.attributes
        made: list[dict[str, Any]] = []

        def run(pending: int) -> dict[str, Any]:
            return {"visitor": who.id, "run": cards.run(batch, made, prompt, edits, pending)}

        yield run(request.count), {}, *_buttons(busy=True), str(request.seed), str(request.seed)
        problem = {}
        try:
            parsed = generation.understand(request.prompt) if prompt else {}
            _check_category(generation.schema(request.model), parsed, edits, who.language)
            for picture in generation.generate(request):
                review.record([picture], who.language, who.id, parsed, batch)
                made.append(cards.card(review.picture(picture.id)))
                yield run(request.count - len(made)), *[gr.skip()] * 5
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
        who: Any,
    ) -> Iterator[tuple[Any, ...]]:
        speaker = Visitor.read(who)
        try:
            # A seed that was typed, rolled or restored is used once; after that only when it is locked.
            fresh = lock or seed.strip() != used
            request = GenerationRequest(
                prompt=_checked_prompt(
                    prompt, _edits(current), services.settings.max_prompt_length, speaker.language
                ),
                count=int(count),
                seed=_seed(seed, speaker.language) if fresh and seed.strip() else _roll(),
                psi=float(psi),
                model=model,
                attributes=_edits(current),
            )
        except EcomgenError as error:
            yield (
                gr.skip(),
                cards.sentence(error, speaker.language),
                *_buttons(busy=False),
                gr.skip(),
                gr.skip(),
            )
        else:
            yield from make(request, speaker)

    def generate_linked(linked: bool, *given: Any) -> Iterator[tuple[Any, ...]]:
        if linked:
            yield from generate(*given)
        else:
            yield tuple([gr.skip()] * len(shown))

    def more(count: float, who: Any, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        speaker = Visitor.read(who)
        try:
            kept = review.picture(_told(event, "id"))
            request = GenerationRequest(
                prompt=kept.prompt,
                count=int(count),
                seed=kept.seed,
                psi=kept.psi,
                model=kept.model,
                attributes=kept.attributes,
                variation=CHANGES.get(_told(event, "change"), CHANGES["small"]),
                variation_seed=_roll(),
            )
        except EcomgenError as error:
            yield (
                gr.skip(),
                cards.sentence(error, speaker.language),
                *_buttons(busy=False),
                gr.skip(),
                gr.skip(),
            )
        else:
            yield from make(request, speaker)

    def pick(model: str, event: gr.EventData) -> tuple[Any, ...]:
        prompt = _told(event, "prompt")
        return prompt, {**_understood(services, prompt, {}, model), "replace": True}

    def again(event: gr.EventData) -> list[Any]:
        kept = review.picture(_told(event, "id"))
        wanted = {"prompt": kept.prompt, "seed": str(kept.seed), "psi": str(kept.psi), "model": kept.model}
        return _restored(services, wanted, cards.edits_of(kept))

    def opened(who: Any, http: gr.Request) -> list[Any]:
        """The visitor's pictures so far, and what a share link asks for."""
        speaker, query = Visitor.read(who), http.query_params
        pairs = dict(pair.split("=", 1) for pair in query.getlist("set")[:32] if "=" in pair)
        try:
            past, problem = cards.runs(review.history(speaker.id, _HISTORY)), {}
        except Exception as error:
            past, problem = [], cards.sentence(error, speaker.language)
        link = "prompt" in query or "seed" in query
        again = any(
            run["prompt"] == query.get("prompt") and run["cards"][0]["seed"] == query.get("seed")
            for run in past
        )
        waiting = {"kind": "busy", "text": word("loading", speaker.language)}
        return [
            {"visitor": speaker.id, "runs": past},
            problem,
            {} if generation.ready else waiting,
            gr.Timer(active=not generation.ready),
            link and not again,
            *_restored(services, query, {name: value or None for name, value in pairs.items()}),
        ]

    def loaded(prompt: str, current: Any, model: str) -> list[Any]:
        if not generation.ready:
            return [gr.skip()] * 3
        return [{}, gr.Timer(active=False), understand(prompt, current, model)]

    reading: dict[str, Any] = {
        "fn": understand,
        "inputs": [prompt, attributes, model],
        "outputs": attributes,
        **_QUICK,
    }
    prompt.input(**reading, trigger_mode="always_last")
    attributes.edit(**reading, trigger_mode="always_last")
    model.input(**reading)
    making = [gr.on([prompt.submit, go.click], generate, asked, shown, **_MAKING)]
    making.append(pictures.more(more, [count, visitor], shown, **_MAKING))
    for part in (themes, pictures):
        picked = part.pick(pick, model, [prompt, attributes], **_QUICK)
        making.append(picked.then(generate, asked, shown, **_MAKING))
    pictures.again(again, None, restored, **_QUICK)
    dice.click(lambda: str(_roll()), None, seed, **_QUICK)
    tick.tick(loaded, [prompt, attributes, model], [loading, tick, attributes], **_QUICK)
    ready = arrived.then(opened, visitor, [pictures, notice, loading, tick, linked, *restored], **_QUICK)
    making.append(ready.then(generate_linked, [linked, *asked], shown, **_MAKING))
    stopped = ({"settled": True}, {}, *_buttons(busy=False), gr.skip(), gr.skip())
    stop.click(lambda: stopped, None, shown, cancels=making, **_QUICK)

    return {
        prompt: {"label": "prompt", "placeholder": "placeholder"},
        go: {"value": "generate"},
        stop: {"value": "stop"},
        options: {"label": "options"},
        count: {"label": "count"},
        psi: {"label": "psi", "info": "psi_info"},
        seed: {"label": "seed"},
        dice: {"value": "dice"},
        lock: {"label": "lock"},
        model: {"label": "model"},
    }


def _buttons(busy: bool) -> tuple[Any, Any]:
    return gr.Button(visible=not busy), gr.Button(visible=busy)


def _roll() -> int:
    return secrets.randbelow(10**6)  # short enough to read out; the service takes any up to 2**63


def _seed(text: str, language: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,19}\s*", text) or int(text) > _MOST_SEED:
        raise InvalidRequest(word("bad_seed", language, most=_MOST_SEED))
    return int(text)


def _told(event: gr.EventData, key: str) -> str:
    """A text that the browser sent with an event; it may have sent anything."""
    value = event._data.get(key) if isinstance(event._data, Mapping) else None
    return value if isinstance(value, str) else ""


def _edits(current: Any) -> dict[str, str | None]:
    """The user's edits, out of the value of the attributes component; names and values are checked by the schema."""
    edits = current.get("edits") if isinstance(current, Mapping) else None
    if not isinstance(edits, Mapping):
        return {}
    return {str(n)[:100]: None if v is None else str(v)[:100] for n, v in list(edits.items())[:100]}


def _checked_prompt(prompt: str, edits: Mapping[str, str | None], longest: int, language: str) -> str:
    """The two commonest mistakes, in the visitor's language; the services check the rest."""
    if len(prompt) > longest:
        raise InvalidRequest(word("too_long", language, most=longest))
    if not prompt.strip() and not any(edits.values()):
        raise InvalidRequest(word("empty_prompt", language))
    return prompt


def _schema(services: Services, model: str) -> Schema:
    """What the checkpoint knows; the default schema where it cannot be read (generating will say why)."""
    try:
        return services.generation.schema(model)
    except EcomgenError:
        return default_schema()


def _understood(
    services: Services, prompt: str, edits: Mapping[str, str | None], model: str
) -> dict[str, Any]:
    """A value for the attributes component: what the prompt says, overruled by the edits, marked where it matters."""
    try:
        readings = (
            services.generation.understand(prompt) if services.generation.ready and prompt.strip() else {}
        )
    except EcomgenError:
        readings = {}  # generating will say why
    rows = []
    for attribute in _schema(services, model):
        known = [value.name for value in attribute.values]
        reading = readings.get(attribute.name)
        value = edits[attribute.name] if attribute.name in edits else reading and reading.value
        state = ""
        if value and not known:
            state = "no_effect"
        elif value and value not in known:
            state = "not_known"
        elif attribute.name in edits:
            state = "edited"
        elif value and reading and reading.confidence < UNSURE:
            state = "unsure"
        every = default_schema()[attribute.name].values if attribute.name in default_schema() else ()
        rows.append(
            {
                "name": attribute.name,
                "value": value,
                "state": state,
                "options": known or [v.name for v in every],
            }
        )
    return {"rows": rows, "edits": dict(edits)}


def _check_category(
    schema: Schema, parsed: Mapping[str, Any], edits: Mapping[str, str | None], language: str
) -> None:
    """Say in the visitor's language what the checkpoint can make, when it is not what was asked for."""
    if "category" not in schema:
        return
    wanted = (
        edits["category"]
        if "category" in edits
        else parsed["category"].value
        if "category" in parsed
        else None
    )
    values = schema["category"].values
    if wanted and values and wanted not in [v.name for v in values]:
        every = default_schema()["category"].find(wanted)
        known = ("、" if language == "zh" else ", ").join(v.label(language) for v in values)
        raise InvalidRequest(
            word("no_category", language, value=every.label(language) if every else wanted, known=known)
        )


def _restored(services: Services, wanted: Mapping[str, str], edits: Mapping[str, str | None]) -> list[Any]:
    """Values for prompt, attributes, count, seed, lock, psi and model; what is missing or wrong stays as it is."""

    def number(key: str, least: float, most: float) -> Any:
        try:
            value = float(wanted[key])
        except (KeyError, ValueError):
            return gr.skip()
        return value if least <= value <= most else gr.skip()

    prompt = wanted.get("prompt", "")
    names = [m.name for m in services.generation.models()]
    model = wanted.get("model") if wanted.get("model") in names else services.settings.model
    schema = _schema(services, model or "")
    every = (schema, default_schema())
    kept = {
        n: v
        for n, v in edits.items()
        if n in schema and (not v or any(n in s and s[n].find(v) for s in every))
    }
    seeded = bool(re.fullmatch(r"[0-9]{1,19}", wanted.get("seed", "")))
    return [
        prompt if prompt else gr.skip(),
        {**_understood(services, prompt, kept, model or ""), "replace": True},
        number("count", 1, services.settings.max_count),
        wanted["seed"] if seeded else str(_roll()),
        seeded,
        number("psi", 0, 1),
        model if "model" in wanted else gr.skip(),
    ]
