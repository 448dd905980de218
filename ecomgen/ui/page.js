// What the browser draws: attributes, picture cards, details. Prompts and comments come from strangers, and gr.HTML
// evaluates the rendered template as a JavaScript template literal (so "${...}" in a prompt would run, Handlebars or
// not). Therefore no template here ever holds a value: every text reaches the page through textContent.
(() => {
  const { words, chinese } = window.ecomgenWords;
  let language = "en";
  const drawings = new Set(); // what to draw again when the language changes

  const word = (key, values = {}) =>
    words[key][language === "zh" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const label = (name) => (language === "zh" && chinese[name]) || name;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  // One element: properties and on... listeners by name, everything else an attribute; children are nodes or text.
  function h(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }

  // Put `wanted` into `parent`, touching only what differs, so that focus and loaded pictures stay.
  function arrange(parent, wanted) {
    wanted.forEach((node, i) => parent.childNodes[i] === node || parent.insertBefore(node, parent.childNodes[i] ?? null));
    while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
  }

  const PATHS = {
    like: "M7 10v11M7 10l4-7a2.5 2.5 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.3l-1.2 8A2 2 0 0 1 17.300 21H3.500V10H7",
    dislike: "M17 14V3M17 14l-4 7a2.500 2.500 0 0 1-2.500-2.500V15h-5a2 2 0 0 1-2-2.300l1.200-8A2 2 0 0 1 6.700 3H20.500v11H17",
    more: "M12 3l1.900 5.100L19 10l-5.100 1.900L12 17l-1.900-5.100L5 10l5.100-1.900zM19 16v5M16.500 18.500h5",
    download: "M12 4v11M7.500 10.500L12 15l4.500-4.500M5 20h14",
    details: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.500v.1",
    close: "M6 6l12 12M18 6L6 18",
    link: "M10 14a4 4 0 0 0 5.700 0l3.100-3.100a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.100 3.100a4 4 0 0 0 5.700 5.700L12 17.700",
    again: "M4 5v5h5M4.600 10A8 8 0 1 1 4 13",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    shoe: "M3 15.500V9.200c1.400 1 3.400.8 4.300-.7l5 4c1.500 1.100 3.300 1.500 5.200 1.700 2 .2 3.500 1.100 3.500 2.800v1H4.500A1.500 1.500 0 0 1 3 16.500zM10 10.700l-1.300 1.500M12.300 12.500L11 14M3 18h18",
    bag: "M5 9h14l1.200 10.500H3.800zM8.500 9V7.500a3.500 3.500 0 0 1 7 0V9M4.500 13h15",
    watch: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 9.500V12l1.700 1.200M9 7.500l.7-4.500h4.600l.7 4.500M9 16.500l.7 4.500h4.600l.7-4.500",
    glasses: "M2.500 10.500h19M6.500 16.500a3.500 3.500 0 0 0 3.500-3.500v-2.500H3V13a3.500 3.500 0 0 0 3.500 3.500zM17.500 16.500A3.500 3.500 0 0 0 21 13v-2.500h-7V13a3.500 3.500 0 0 0 3.500 3.500zM4 10.500l1.500-3M20 10.500l-1.500-3",
    empty: "M4 5h16v14H4zM4 16l5-5 4 4 2.500-2.500L20 17M15.500 9.500v.1",
  };
  function icon(name, size = 18) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("width", size);
    svg.setAttribute("height", size);
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("eg-icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", PATHS[name]);
    svg.append(path);
    return svg;
  }
  const iconButton = (name, key, onclick, options = {}) =>
    h("button", { type: "button", class: "eg-icon-button", "aria-label": word(key), title: word(key), onclick, ...options }, icon(name));

  // --- language, theme, short messages -------------------------------------------------------------------------

  function translate(root) {
    for (const node of root.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
    for (const node of root.querySelectorAll("[data-word-label]")) {
      node.setAttribute("aria-label", word(node.dataset.wordLabel));
      node.title = word(node.dataset.wordLabel);
    }
  }
  function setLanguage(chosen) {
    if (!["en", "zh"].includes(chosen) || chosen === language) return;
    language = chosen;
    document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
    document.title = word("title");
    drawings.forEach((draw) => draw());
  }
  function setTheme(dark) {
    document.body.classList.toggle("dark", dark);
    document.querySelectorAll("[data-theme-toggle]").forEach((b) => b.setAttribute("aria-pressed", String(dark)));
  }
  function restoreTheme() {
    const asked = new URLSearchParams(location.search).get("__theme");
    const kept = localStorage.getItem("ecomgen-theme");
    if (!asked && kept) setTheme(kept === "dark");
    else setTheme(document.body.classList.contains("dark"));
  }

  let toastTimer;
  function toast(text) {
    let box = document.querySelector(".eg-toast");
    if (!box) document.body.append((box = h("div", { class: "eg-toast", role: "status", "aria-live": "polite" })));
    box.textContent = text;
    box.classList.add("is-on");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => box.classList.remove("is-on"), 3200);
  }
  async function copy(text, message) {
    try {
      if (navigator.clipboard && window.isSecureContext) await navigator.clipboard.writeText(text);
      else {
        // Plain http on a local network has no clipboard API.
        const area = h("textarea", { class: "eg-offscreen", readonly: true });
        area.value = text;
        (document.querySelector("dialog[open]") ?? document.body).append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        if (!done) throw new Error("refused");
      }
      toast(message);
    } catch {
      toast(word("copy_failed"));
    }
  }

  // A part of the page that is our own markup: words by data-word, copy buttons by data-copy.
  function panel(element) {
    const draw = () => translate(element);
    drawings.add(draw);
    draw();
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-copy]");
      if (button) copy(element.querySelector(button.dataset.copy).textContent, word("copied"));
    });
  }

  function header(element, props, trigger, watch) {
    const buttons = [...element.querySelectorAll("[data-language]")];
    const draw = () => {
      translate(element);
      buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.language === language)));
    };
    drawings.add(draw);
    buttons.forEach((b) =>
      b.addEventListener("click", () => {
        setLanguage(b.dataset.language);
        trigger("language", { language: b.dataset.language });
      })
    );
    element.querySelector("[data-theme-toggle]").addEventListener("click", () => {
      const dark = !document.body.classList.contains("dark");
      setTheme(dark);
      localStorage.setItem("ecomgen-theme", dark ? "dark" : "light");
    });
    watch("value", () => setLanguage(props.value?.language));
    restoreTheme();
    setLanguage((navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en");
    draw();
  }

  function notice(element, props, watch) {
    const draw = () => {
      const { kind, text } = props.value || {};
      element.replaceChildren(...(text ? [h("p", { class: `eg-notice is-${kind}` }, icon("details"), h("span", {}, text))] : []));
    };
    element.setAttribute("role", "status");
    element.setAttribute("aria-live", "polite");
    watch("value", draw);
    draw();
  }

  function chips(element, trigger, themes) {
    const draw = () =>
      element.replaceChildren(
        h("div", { class: "eg-chips", role: "group", "aria-label": word("themes") },
          ...themes.map((theme) => {
            const [name, prompt] = language === "zh" ? theme.slice(2) : theme;
            return h("button", { type: "button", class: "eg-chip", title: prompt, onclick: () => trigger("pick", { prompt }) }, name);
          })));
    drawings.add(draw);
    draw();
  }

  // --- attributes ----------------------------------------------------------------------------------------------

  // The user's edits live here and are sent along in the value, so that a reading of the prompt that was under way
  // when the user chose something can never undo the choice.
  function attributes(element, props, trigger, watch) {
    let edits = {};
    const lines = new Map();
    const heading = h("div", { class: "eg-panel-head" });
    const list = h("div", { class: "eg-attributes" });
    element.replaceChildren(heading, list);

    const send = () => {
      props.value = { ...props.value, edits };
      trigger("edit");
      draw();
    };
    function line(row) {
      const id = `eg-attribute-${row.name.replace(/\W+/g, "-")}`;
      const select = h("select", { id, onchange: () => {
        edits = { ...edits, [row.name]: select.value || null };
        send();
      } });
      const name = h("span", { class: "eg-attribute-name" });
      const badge = h("span", { class: "eg-badge" });
      const whole = h("div", { class: "eg-attribute" }, h("label", { for: id }, name, badge), select);
      list.append(whole);
      return { whole, select, name, badge, shown: "" };
    }
    function draw() {
      const rows = props.value?.rows ?? [];
      const reset = h("button", { type: "button", class: "eg-link", onclick: () => { edits = {}; send(); } }, word("reset"));
      heading.replaceChildren(h("h2", {}, word("understood")), ...(Object.keys(edits).length ? [reset] : []));
      for (const [name, old] of lines) if (!rows.some((row) => row.name === name)) { old.whole.remove(); lines.delete(name); }
      for (const row of rows) {
        if (!lines.has(row.name)) lines.set(row.name, line(row));
        const own = lines.get(row.name);
        const edited = row.name in edits;
        const value = (edited ? edits[row.name] : row.value) ?? "";
        const state = edited && !["no_effect", "not_known"].includes(row.state) ? "edited" : row.state;
        own.name.textContent = capital(label(row.name));
        const options = JSON.stringify([language, row.options, value]);
        if (own.shown !== options) {
          // Only then, so that an open list stays open while the prompt is read.
          own.shown = options;
          const known = row.options.includes(value) || !value ? row.options : [value, ...row.options];
          own.select.replaceChildren(h("option", { value: "" }, word("unspecified")), ...known.map((v) => h("option", { value: v }, label(v))));
          own.select.value = value;
        }
        own.whole.className = `eg-attribute${value ? "" : " is-unspecified"}${state ? ` is-${state.replace("_", "-")}` : ""}`;
        own.whole.dataset.state = state;
        own.badge.textContent = state ? word(state) : "";
        own.badge.title = state ? word(`${state}_hint`) : "";
      }
    }
    // Two readings may overtake each other; when the later answer is to the earlier prompt, ask again.
    let asked = 0;
    function isStale() {
      const field = document.querySelector("#eg-prompt input, #eg-prompt textarea");
      const stale = field && "prompt" in (props.value ?? {}) && field.value !== props.value.prompt;
      asked = stale ? asked + 1 : 0;
      if (stale && asked <= 3) trigger("edit");
    }
    if (innerWidth < 760) setTimeout(() => document.querySelector("#eg-options > .label-wrap.open")?.click());
    watch("value", () => {
      const value = props.value || {};
      setTimeout(isStale, 150);
      if (value.replace) edits = value.edits ?? {};
      else if (JSON.stringify(value.edits ?? {}) !== JSON.stringify(edits)) props.value = { ...value, edits };
      draw();
    });
    drawings.add(draw);
    draw();
  }

  // --- cards ---------------------------------------------------------------------------------------------------

  const pictureUrl = (card) => `pictures/${card.id}.png`;
  const fileName = (card) => {
    const words = card.prompt.normalize("NFKC").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 40);
    return `${words || "picture"}-${card.id.slice(0, 6)}.png`;
  };
  const chosen = (card) => Object.entries(card.attributes).filter(([, value]) => value);
  const alt = (card) => card.prompt || chosen(card).map(([, value]) => label(value)).join(", ") || word("no_prompt");

  function shareUrl(run) {
    const url = new URL(location.pathname, location.origin);
    const first = run.cards[0];
    const query = { prompt: run.prompt, seed: first.seed, count: run.cards.length, psi: first.psi, model: first.model };
    if (first.variation) Object.assign(query, { variation: first.variation, variation_seed: first.variation_seed });
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    for (const [name, value] of Object.entries(run.edits)) url.searchParams.append("set", `${name}=${value ?? ""}`);
    return url.href;
  }

  let moreLikeThis;
  let dialog;
  function showDetails(card, actions) {
    dialog?.remove();
    const row = (key, ...content) => h("div", { class: "eg-fact" }, h("dt", {}, word(key)), h("dd", {}, ...content));
    const act = (name, change) =>
      h("button", { type: "button", class: "eg-button", onclick: () => { dialog.close(); actions.more(card, change); } }, word(name));
    dialog = h("dialog", { class: "eg-dialog", "aria-label": word("details"), onclose: () => dialog.remove() },
      h("div", { class: "eg-dialog-head" }, h("h2", {}, card.prompt || word("no_prompt")), iconButton("close", "close", () => dialog.close())),
      h("div", { class: "eg-dialog-body" },
        h("div", { class: "eg-dialog-picture" },
          h("div", { class: "eg-tile" }, h("img", { src: pictureUrl(card), alt: alt(card) })),
          h("h3", {}, word("more")),
          h("div", { class: "eg-dialog-actions" }, act("more_small", "small"), act("more_large", "large")),
          h("a", { class: "eg-button is-primary", href: pictureUrl(card), download: fileName(card) }, icon("download", 16), word("download"))),
        h("div", {},
          h("dl", { class: "eg-facts" },
            row("d_attributes", h("div", { class: "eg-tags" }, ...chosen(card).map(([name, value]) => h("span", { class: "eg-tag" }, h("b", {}, label(name)), ` ${label(value)}`)))),
            row("d_seed", card.seed),
            row("d_psi", String(card.psi)),
            card.variation ? row("d_variation", `${Math.round(card.variation * 100)} % · ${card.variation_seed}`) : null,
            row("d_model", card.model, h("span", { class: "eg-quiet" }, ` ${card.model_hash.slice(0, 12)}`))),
          h("h3", {}, word("d_command")),
          h("div", { class: "eg-code" }, h("code", {}, card.command),
            iconButton("copy", "copy", () => copy(card.command, word("copied")))))));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  // options: review (a flat list) or not (runs, the newest first), and examples for the empty page.
  function cards(element, props, trigger, server, watch, options) {
    const runs = new Map();
    const nodes = new Map(); // run id -> { section, head, grid, cards: Map(card id -> { item, draw }) }
    let loaded = !options.review;

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
    if (!options.review)
      moreLikeThis = (card, change) => {
        document.querySelector("#eg-tabs button[role=tab]")?.click(); // Review's pictures are varied in Create
        trigger("more", { id: card.id, change });
      };
    const redraw = (card) => nodes.forEach((run) => run.cards.get(card.id)?.draw());

    function cardNode(card) {
      const item = h("li", { class: "eg-card" });
      const vote = (liked) => actions.vote(card, card.liked === liked ? null : liked);
      const draw = () => {
        const focused = item.contains(document.activeElement) ? document.activeElement.dataset.action : null;
        const tile = card.file
          ? h("button", { type: "button", class: "eg-tile", "data-action": "tile", "aria-label": `${word("details")}: ${alt(card)}`, onclick: () => showDetails(card, actions) },
              h("img", { src: pictureUrl(card), alt: alt(card), loading: "lazy", decoding: "async", width: 200, height: 200 }))
          : h("div", { class: "eg-tile is-gone" }, word("gone"));
        const menu = h("div", { class: "eg-menu", popover: "auto" },
          ...["small", "large"].map((change) =>
            h("button", { type: "button", onclick: () => { menu.hidePopover(); actions.more(card, change); } }, word(`more_${change}`))));
        const opener = iconButton("more", "more", () => { menu.togglePopover(); place(menu, opener); }, { "aria-haspopup": "true", "data-action": "more" });
        item.replaceChildren(
          tile,
          ...(options.review ? [h("p", { class: "eg-card-prompt", title: card.prompt }, card.prompt || word("no_prompt"))] : []),
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
      if (options.review) return [];
      const first = run.cards[0];
      const count = run.cards.length === 1 ? word("picture_1") : word("pictures_n", { n: run.cards.length });
      const about = run.pending ? [word("making")] : [count];
      if (run.variation) about.push(word(run.variation > 0.4 ? "variation_large" : "variation_small"));
      else if (first) about.push(`${word("seed")} ${first.seed}`);
      const tools = first && !run.pending
        ? [h("button", { type: "button", class: "eg-link", onclick: () => trigger("again", { id: first.id }) }, icon("again", 15), word("use_again")),
           h("button", { type: "button", class: "eg-link", onclick: () => copy(shareUrl(run), word("link_copied")) }, icon("link", 15), word("copy_link"))]
        : [];
      return [h("div", {}, h("h3", { title: run.prompt }, run.prompt || word("no_prompt")), h("p", { class: "eg-quiet" }, about.join(" · "))), h("div", { class: "eg-run-tools" }, ...tools)];
    }

    function drawRun(run) {
      let node = nodes.get(run.id);
      if (!node) {
        const head = h("header", { class: "eg-run-head" });
        const grid = h("ul", { class: "eg-grid" });
        const section = h("section", { class: "eg-run" }, ...(options.review ? [grid] : [head, grid]));
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
      if (options.review) {
        const rated = props.value?.rated ?? "all";
        return h("div", { class: "eg-empty" }, icon("empty", 40), h("h2", {}, word(`review_empty_${rated}`)), rated === "unrated" ? null : h("p", {}, word("review_empty_text")));
      }
      return h("div", { class: "eg-empty" },
        h("h2", {}, word("empty_title")),
        h("div", { class: "eg-examples" }, ...options.examples.map(([drawing, en, zh]) => {
          const prompt = language === "zh" ? zh : en;
          return h("button", { type: "button", class: "eg-example", onclick: () => trigger("pick", { prompt }) }, icon(drawing, 56), h("span", {}, prompt));
        })),
        h("p", {}, word("empty_text")));
    }

    function draw() {
      const shown = [...runs.values()].filter((run) => run.cards.length || run.pending);
      arrange(element, shown.length ? shown.map(drawRun) : loaded ? [empty()] : []);
    }

    // value: {runs} replaces everything, {run} adds or updates one, {settled: true} ends what was cancelled.
    function take() {
      const value = props.value || {};
      if (value.runs) {
        loaded = true;
        runs.clear();
        nodes.clear();
        value.runs.forEach((run) => runs.set(run.id, run));
      }
      if (value.run) {
        const known = runs.get(value.run.id);
        const mine = new Map((known?.cards ?? []).map((card) => [card.id, card]));
        const run = { ...value.run, cards: value.run.cards.map((card) => mine.get(card.id) ?? card) };
        if (known) runs.set(run.id, run);
        else {
          const older = [...runs];
          runs.clear();
          [[run.id, run], ...older].forEach(([id, one]) => runs.set(id, one));
          if (innerWidth < 760) requestAnimationFrame(() => element.scrollIntoView({ behavior: "smooth", block: "start" }));
        }
      }
      if (value.settled) runs.forEach((run) => (run.pending = 0));
      draw();
    }
    watch("value", take);
    drawings.add(() => {
      nodes.forEach((run) => run.cards.forEach((card) => card.draw()));
      draw();
    });
    take();
  }

  window.ecomgen = { header, panel, notice, chips, attributes, cards };
})();
