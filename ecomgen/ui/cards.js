// Picture cards in Create, as runs: votes, more like this, download, details.
(() => {
  const { newId, word, label, h, arrange, icon, iconButton, copy, toast, drawings } = window.ecomgen;

  const pictureUrl = (card) => `pictures/${card.id}.png`;
  const fileName = (card) => {
    const words = card.prompt.normalize("NFKC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 40);
    return `${words || "picture"}-${card.id.slice(0, 6)}.png`;
  };
  const title = (made) => made.prompt || word(made.origin === "photo" ? "photo_read" : "no_prompt");
  const chosen = (card) => Object.entries(card.attributes).filter(([, value]) => value);
  const alt = (card) => card.prompt || chosen(card).map(([, value]) => label(value)).join(", ") || word("no_prompt");

  function shareUrl(run) {
    const url = new URL(location.pathname, location.origin);
    const first = run.cards[0];
    const query = { prompt: run.prompt, seed: first.seed, count: run.cards.length, psi: first.psi, model: first.model };
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    for (const [name, value] of Object.entries(run.edits)) url.searchParams.append("set", `${name}=${value ?? ""}`);
    return url.href;
  }

  const CHANGES = ["small", "large", "colours", "mix", "between"];
  let moreLikeThis;
  let choosing; // {card, change, bar}: the next picture that is clicked is the second of a mix or a strip

  function stopChoosing() {
    choosing?.bar.remove();
    choosing = undefined;
    document.body.classList.remove("eg-choosing");
  }
  function choose(card, change) {
    stopChoosing();
    const bar = h("div", { class: "eg-choose", role: "status" },
      h("img", { src: pictureUrl(card), alt: "" }), h("span", {}, word(`choose_${change}`)),
      h("button", { type: "button", class: "eg-button", onclick: stopChoosing }, word("cancel")));
    choosing = { card, change, bar };
    document.body.classList.add("eg-choosing");
    document.body.append(bar);
    bar.querySelector("button").focus({ preventScroll: true });
  }
  // Whether this picture was wanted as the second of a mix or a strip; then that is made.
  function takeChoice(card) {
    if (!choosing) return false;
    const { card: first, change } = choosing;
    stopChoosing();
    moreLikeThis(first, change, card);
    return true;
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && stopChoosing());
  let dialog;
  function showDetails(card, actions) {
    dialog?.remove();
    const row = (key, ...content) => h("div", { class: "eg-fact" }, h("dt", {}, word(key)), h("dd", {}, ...content));
    const act = (name, change) =>
      h("button", { type: "button", class: "eg-button", onclick: () => { dialog.close(); actions.more(card, change); } }, word(name));
    dialog = h("dialog", { class: "eg-dialog", "aria-label": word("details"), onclose: () => dialog.remove() },
      h("div", { class: "eg-dialog-head" }, h("h2", {}, title(card)), iconButton("close", "close", () => dialog.close())),
      h("div", { class: "eg-dialog-body" },
        h("div", { class: "eg-dialog-picture" },
          h("div", { class: "eg-tile" }, h("img", { src: pictureUrl(card), alt: alt(card) })),
          h("h3", {}, word("more")),
          h("div", { class: "eg-dialog-actions" }, ...CHANGES.map((change) => act(`more_${change}`, change))),
          h("a", { class: "eg-button is-primary", href: pictureUrl(card), download: fileName(card) }, icon("download", 16), word("download"))),
        h("div", {},
          h("dl", { class: "eg-facts" },
            row("d_attributes", h("div", { class: "eg-tags" }, ...chosen(card).map(([name, value]) => h("span", { class: "eg-tag" }, h("b", {}, label(name)), ` ${label(value)}`)))),
            card.origin ? row("d_origin", word(`origin_${card.origin}`)) : null,
            ...(card.own ? [] : [row("d_seed", card.seed), row("d_psi", String(card.psi))]),
            card.variation ? row("d_variation", `${Math.round(card.variation * 100)} % · ${card.variation_seed}`) : null,
            card.set_aside ? row("d_set_aside", word(card.set_aside > 1 ? "set_aside_more" : "set_aside_one", { count: card.set_aside })) : null,
            row("d_model", card.model, h("span", { class: "eg-quiet" }, ` ${card.model_hash.slice(0, 12)}`))),
          h("h3", {}, word("d_command")),
          h("div", { class: "eg-code" }, h("code", {}, card.command),
            iconButton("copy", "copy", () => copy(card.command, word("copied")))))));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  // options: reasons for a dislike, and examples for the empty page.
  function cards(element, props, trigger, server, watch, options) {
    const runs = new Map();
    const stopped = new Set(); // ids of runs that were stopped
    const nodes = new Map(); // run id -> { section, head, grid, cards: Map(card id -> { item, draw }) }

    const actions = {
      async vote(card, liked, reason = "") {
        const before = { liked: card.liked, reason: card.reason };
        Object.assign(card, { liked, reason });
        redraw(card);
        let answer;
        try {
          answer = await server.vote({ id: card.id, liked, reason, visitor: props.value?.visitor ?? "", vote_id: newId() });
        } catch { /* told below */ }
        if (answer?.ok) return reason && toast(word("reason_thanks"));
        Object.assign(card, before);
        redraw(card);
        toast(answer?.error || word("vote_failed"));
      },
      more: (card, change) => moreLikeThis(card, change),
    };
    moreLikeThis = (card, change, other) => {
      if (["mix", "between"].includes(change) && !other) return choose(card, change);
      document.querySelector("#eg-tabs button[role=tab]")?.click(); // Review's pictures are varied in Create
      trigger("more", { id: card.id, change, other: other?.id ?? "" });
    };
    const redraw = (card) => nodes.forEach((run) => run.cards.get(card.id)?.draw());

    function cardNode(card) {
      const item = h("li", { class: "eg-card" });
      const vote = (liked) => actions.vote(card, card.liked === liked ? null : liked);
      const draw = () => {
        const focused = item.contains(document.activeElement) ? document.activeElement.dataset.action : null;
        const tile = card.file
          ? h("button", { type: "button", class: "eg-tile", "data-action": "tile", "aria-label": `${word("details")}: ${alt(card)}`, onclick: () => {
              if (!takeChoice(card)) showDetails(card, actions);
            } },
              h("img", { src: pictureUrl(card), alt: alt(card), loading: "lazy", decoding: "async", width: 200, height: 200 }))
          : h("div", { class: "eg-tile is-gone" }, word("gone"));
        const menu = h("div", { class: "eg-menu", popover: "auto" },
          ...CHANGES.map((change) =>
            h("button", { type: "button", onclick: () => { menu.hidePopover(); actions.more(card, change); } }, word(`more_${change}`))));
        const opener = iconButton("more", "more", () => { menu.togglePopover(); place(menu, opener); }, { "aria-haspopup": "true", "data-action": "more" });
        item.replaceChildren(
          tile,
          h("div", { class: "eg-actions" },
            iconButton("like", "like", () => vote(true), { "aria-pressed": String(card.liked === true), "data-action": "like" }),
            iconButton("dislike", "dislike", () => vote(false), { "aria-pressed": String(card.liked === false), "data-action": "dislike" }),
            h("span", { class: "eg-space" }),
            opener, menu,
            h("a", { class: "eg-icon-button", href: pictureUrl(card), download: fileName(card), "aria-label": word("download"), title: word("download") }, icon("download")),
            iconButton("details", "details", () => showDetails(card, actions), { "data-action": "details" })),
          ...(card.liked === false ? [reasons()] : []));
        if (focused) item.querySelector(`[data-action="${focused}"]`)?.focus();
      };
      const reasons = () => {
        const select = h("select", { "aria-label": word("why"), "data-action": "reason", onchange: () => actions.vote(card, false, select.value) },
          h("option", { value: "" }, word("why")), ...options.reasons.map((reason) => h("option", { value: reason }, word(reason))));
        select.value = card.reason;
        return h("div", { class: `eg-why${card.reason ? "" : " is-unspecified"}` }, select);
      };
      draw();
      return { item, draw };
    }

    function place(menu, opener) {
      const box = opener.getBoundingClientRect();
      menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
      menu.style.top = `${box.bottom + menu.offsetHeight + 8 > innerHeight ? box.top - menu.offsetHeight - 4 : box.bottom + 4}px`;
      menu.querySelector("button").focus();
    }

    function runHead(run) {
      const first = run.cards[0];
      const count = run.cards.length === 1 ? word("picture_1") : word("pictures_n", { n: run.cards.length });
      const about = run.pending ? [word("making")] : [count];
      if (run.origin) about.push(word(`origin_${run.origin}`));
      else if (run.variation) about.push(word(run.variation > 0.4 ? "variation_large" : "variation_small"));
      else if (first) about.push(`${word("seed")} ${first.seed}`);
      if (first?.candidates) about.push(word("best_variety", { n: first.candidates, share: Math.round(first.variety * 100) }));
      const tools = first && !run.pending
        ? [h("button", { type: "button", class: "eg-link", onclick: () => trigger("again", { id: first.id }) }, icon("again", 15), word("use_again")),
           run.origin || run.variation ? null : h("button", { type: "button", class: "eg-link", onclick: () => copy(shareUrl(run), word("link_copied")) }, icon("link", 15), word("copy_link"))]
        : [];
      return [h("div", {}, h("h3", { title: run.prompt }, title(run)), h("p", { class: "eg-quiet" }, about.join(" · "))), h("div", { class: "eg-run-tools" }, ...tools)];
    }

    function drawRun(run) {
      let node = nodes.get(run.id);
      if (!node) {
        const head = h("header", { class: "eg-run-head" });
        const grid = h("ul", { class: "eg-grid" });
        const section = h("section", { class: "eg-run" }, head, grid);
        nodes.set(run.id, (node = { section, head, grid, cards: new Map() }));
      }
      node.head.replaceChildren(...runHead(run));
      const wanted = run.cards.map((card) => {
        if (!node.cards.has(card.id)) node.cards.set(card.id, cardNode(card));
        return node.cards.get(card.id).item;
      });
      for (let i = 0; i < (run.pending || 0); i++) wanted.push(h("li", { class: "eg-card is-pending", "aria-hidden": "true" }, h("div", { class: "eg-tile" }), h("div", { class: "eg-actions" })));
      arrange(node.grid, wanted);
      node.section.setAttribute("aria-busy", String(Boolean(run.pending)));
      return node.section;
    }

    function empty() {
      return h("div", { class: "eg-empty" },
        h("h2", {}, word("empty_title")),
        h("div", { class: "eg-examples" }, ...options.examples.map(([drawing, en, zh]) => {
          const prompt = ecomgen.language === "zh" ? zh : en;
          return h("button", { type: "button", class: "eg-example", onclick: () => trigger("pick", { prompt }) }, icon(drawing, 56), h("span", {}, prompt));
        })),
        h("p", {}, word("empty_text")));
    }

    function draw() {
      const shown = [...runs.values()].filter((run) => run.cards.length || run.pending);
      arrange(element, shown.length ? shown.map(drawRun) : [empty()]);
    }

    // value: {runs} replaces everything, {run} adds or updates one, {settled: true} ends what was cancelled.
    function take() {
      const value = props.value || {};
      if (value.runs) {
        runs.clear();
        nodes.clear();
        value.runs.forEach((run) => runs.set(run.id, run));
      }
      if (value.run) {
        const known = runs.get(value.run.id);
        const mine = new Map((known?.cards ?? []).map((card) => [card.id, card]));
        const run = { ...value.run, cards: value.run.cards.map((card) => mine.get(card.id) ?? card) };
        if (stopped.has(run.id)) run.pending = 0; // sent before the stop, and overtaken by it
        if (known) runs.set(run.id, run);
        else {
          const older = [...runs];
          runs.clear();
          [[run.id, run], ...older].forEach(([id, one]) => runs.set(id, one));
          if (innerWidth < 760) requestAnimationFrame(() => element.scrollIntoView({ behavior: "smooth", block: "start" }));
        }
      }
      if (value.settled)
        runs.forEach((run) => {
          if (run.pending) stopped.add(run.id);
          run.pending = 0;
        });
      draw();
    }
    watch("value", take);
    drawings.add(() => {
      nodes.forEach((run) => run.cards.forEach((card) => card.draw()));
      draw();
    });
    take();
  }

  Object.assign(window.ecomgen, { cards, takeChoice, CHANGES, pictureUrl, fileName, title, alt, chosen, moreLikeThis: (...given) => moreLikeThis(...given) });
})();
