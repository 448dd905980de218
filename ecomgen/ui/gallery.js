// Review: all kept pictures as small tiles, found by words and filters, judged one by one or many at once.
(() => {
  const { word, label, h, arrange, icon, iconButton, copy, toast, drawings, judging, viewer, compare, nameList, takeChoice, title, alt } = window.ecomgen;
  const told = (error) => toast(error.message);
  const EMPTY = { rated: "all", sort: "newest" };
  const RATINGS = ["all", "liked", "disliked", "unrated"];
  const MOST = 1000; // at once, as the server has it

  function gallery(element, props, watch, reasons) {
    const filter = { ...EMPTY };
    let cards = [], after = "", counts = {}, choices = { attributes: {}, model: [], reviewer: [], tag: [], shortlist: [] };
    let reading = null, turn = 0, problem = "", loaded = false, showFilters = false;
    const chosen = new Map(); // id -> card
    let lastChosen = null;
    const tiles = new Map(); // id -> {item, draw}

    // --- asking ----------------------------------------------------------------------------------------------------

    const query = (more) => new URLSearchParams(Object.entries({ ...filter, ...more }).filter(([, value]) => value && value !== "all"));
    const fitting = () => counts[filter.rated] ?? cards.length;

    async function read() {
      const mine = ++turn;
      reading = null;
      try {
        const [page, offered] = await Promise.all([judging.asked(`pictures?${query()}`), judging.asked("choices")]);
        if (mine !== turn) return;
        ({ after, counts } = page);
        const known = new Map(cards.map((card) => [card.id, card]));
        cards = page.cards.map((card) => Object.assign(known.get(card.id) ?? {}, card));
        choices = offered;
        judging.lists = offered.shortlist;
        problem = "";
      } catch (error) {
        if (mine !== turn) return;
        problem = error.message;
      }
      loaded = true;
      draw();
    }

    // The next page; whether there is anything more now.
    function more() {
      if (!after) return Promise.resolve(false);
      const mine = turn;
      reading ??= judging.asked(`pictures?${query({ after })}`).then((page) => {
        if (mine !== turn) return false;
        after = page.after;
        const there = new Set(cards.map((card) => card.id));
        const fresh = page.cards.filter((card) => !there.has(card.id));
        cards.push(...fresh);
        reading = null;
        drawGrid();
        return fresh.length > 0;
      }, (error) => { reading = null; throw error; });
      return reading;
    }

    let waiting;
    function set(changes, later = 0) {
      Object.assign(filter, changes);
      clearTimeout(waiting);
      waiting = setTimeout(() => { chosen.clear(); read(); }, later);
      if (!later) drawHead();
    }

    // --- the head: search, ratings, filters --------------------------------------------------------------------------

    const nearEnd = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && loaded && !problem && more().catch(told), { rootMargin: "900px" });
    const search = h("input", { type: "search", class: "eg-search", maxlength: 500, oninput: () => set({ search: search.value }, 250) });
    const name = h("input", { type: "text", class: "eg-your-name", maxlength: 60, onchange: () => (judging.reviewer = name.value.trim()) });
    const head = h("div", { class: "eg-gallery-head" });
    const bar = h("div", { class: "eg-selection", role: "toolbar" });
    const grid = h("ul", { class: "eg-tiles" });
    const end = h("div", { class: "eg-end" });
    const known = h("datalist", { id: "eg-known-tags" });

    const select = (field, text, options) => {
      const node = h("select", { "aria-label": text, onchange: () => set({ [field]: node.value }) },
        ...options.map(([value, shown]) => h("option", { value, selected: (filter[field] ?? "") === value }, shown)));
      return h("label", { class: `eg-filter${filter[field] ? " is-on" : ""}` }, h("span", {}, text), node);
    };
    const any = (values, shown = (value) => value) => [["", word("any_value")], ...values.map((value) => [value, shown(value)])];
    const day = (field) => {
      const input = h("input", { type: "date", value: filter[field] ?? "", onchange: () => set({ [field]: input.value }) });
      return h("label", { class: `eg-filter${filter[field] ? " is-on" : ""}` }, h("span", {}, word(`f_${field}`)), input);
    };
    const box = (field) => {
      const input = h("input", { type: "checkbox", checked: Boolean(filter[field]), onchange: () => set({ [field]: input.checked ? "1" : "" }) });
      return h("label", { class: "eg-filter is-box" }, input, word(`f_${field}`));
    };

    function drawHead() {
      const focus = head.contains(document.activeElement) && document.activeElement;
      search.placeholder = word("search");
      search.setAttribute("aria-label", word("search"));
      name.placeholder = word("your_name");
      name.title = word("your_name_hint");
      name.setAttribute("aria-label", word("your_name"));
      if (document.activeElement !== name) name.value = judging.reviewer;
      const on = Object.entries(filter).filter(([key, value]) => value && !["rated", "sort", "search"].includes(key)).length;
      const list = choices.shortlist.find((one) => one.id === filter.shortlist);
      const parts = [
        h("div", { class: "eg-gallery-top" },
          h("div", { class: "eg-search-box" }, icon("search", 18), search),
          name,
          h("button", { type: "button", class: "eg-button is-primary eg-deal", disabled: counts.unrated === 0, onclick: deal }, word("deal")),
          h("button", { type: "button", class: "eg-button eg-compare-button", onclick: () => compare({ closed: read }) }, icon("compare", 17), word("compare"))),
        h("div", { class: "eg-gallery-row" },
          h("div", { class: "eg-ratings", role: "group", "aria-label": word("filter") }, ...RATINGS.map((rated) =>
            h("button", { type: "button", class: "eg-chip", "aria-pressed": String(filter.rated === rated), onclick: () => set({ rated }) },
              word(rated), " ", h("span", { class: "eg-count" }, rated in counts ? counts[rated].toLocaleString() : "")))),
          h("span", { class: "eg-space" }),
          h("button", { type: "button", class: "eg-button eg-filters-button", "aria-expanded": String(showFilters), onclick: () => { showFilters = !showFilters; drawHead(); } },
            icon("sliders", 16), word("filters"), on ? h("span", { class: "eg-count" }, String(on)) : null),
          sorting(), exporting()),
        showFilters || on ? h("div", { class: "eg-filters" },
          ...Object.entries(choices.attributes).map(([attribute, values]) => select(`is.${attribute}`, label(attribute), any(values, label))),
          select("model", word("f_model"), any(choices.model)),
          choices.reviewer.length || filter.reviewer ? select("reviewer", word("f_reviewer"), any(choices.reviewer)) : null,
          choices.tag.length || filter.tag ? select("tag", word("f_tag"), any(choices.tag)) : null,
          choices.shortlist.length ? select("shortlist", word("f_shortlist"), [["", word("any_value")], ...choices.shortlist.map((one) => [one.id, one.name])]) : null,
          day("since"), day("until"), box("commented"), box("deleted"),
          on ? h("button", { type: "button", class: "eg-link", onclick: clear }, word("clear_filters")) : null) : null,
        list ? h("div", { class: "eg-list-head" }, icon("star", 18), h("h2", {}, list.name),
          h("button", { type: "button", class: "eg-link", onclick: () => copy(listUrl(list), word("shortlist_copied")) }, icon("link", 15), word("shortlist_link"))) : null,
      ].filter(Boolean);
      head.replaceChildren(...parts);
      if (focus?.isConnected) focus.focus();
      known.replaceChildren(...choices.tag.map((tag) => h("option", { value: tag })));
    }
    function clear() {
      for (const key of Object.keys(filter)) delete filter[key];
      search.value = "";
      set({ ...EMPTY });
    }
    const listUrl = (list) => {
      const url = new URL(location.pathname, location.origin);
      url.searchParams.set("shortlist", list.id);
      return url.href;
    };
    function sorting() {
      const node = h("select", { class: "eg-sort", "aria-label": word("sort"), onchange: () => set({ sort: node.value }) },
        ...["newest", "oldest", "rated"].map((value) => h("option", { value, selected: filter.sort === value }, word(value))));
      return node;
    }
    function exporting() {
      const menu = h("div", { class: "eg-menu", popover: "auto" }, ...["csv", "jsonl", "zip"].map((format) =>
        h("button", { type: "button", onclick: () => { menu.hidePopover(); save(format, { filter: format === "zip" ? { ...filter, rated: "liked" } : filter }); } }, word(`export_${format}`))));
      const button = h("button", { type: "button", class: "eg-button", "aria-haspopup": "true", onclick: () => { menu.togglePopover(); place(menu, button); } }, icon("download", 16), word("export"));
      return h("div", {}, button, menu);
    }
    function place(menu, opener) {
      const area = opener.getBoundingClientRect();
      menu.style.left = `${Math.max(8, Math.min(area.left, innerWidth - menu.offsetWidth - 8))}px`;
      menu.style.top = `${area.bottom + menu.offsetHeight + 8 > innerHeight ? area.top - menu.offsetHeight - 4 : area.bottom + 4}px`;
      menu.querySelector("button, input")?.focus();
    }
    async function save(format, what) {
      toast(word("export_wait"));
      await judging.download(format, what).then(() => toast(word("export_done")), told);
    }

    // --- tiles -------------------------------------------------------------------------------------------------------

    function tileOf(card) {
      const item = h("li", { class: "eg-item" });
      const drawTile = () => {
        const focused = item.contains(document.activeElement) ? document.activeElement.dataset.action : null;
        const picked = chosen.has(card.id);
        item.className = `eg-item${picked ? " is-chosen" : ""}${card.liked === null ? "" : card.liked ? " is-liked" : " is-disliked"}${card.deleted !== Boolean(filter.deleted) ? " is-away" : ""}`;
        const thumb = (liked, action) => iconButton(action, action, () => judging.vote([card], { liked }).catch(told), { class: `eg-thumb is-${action}`, "data-action": action, "aria-pressed": String(card.liked === liked) });
        item.replaceChildren(
          h("button", { type: "button", class: "eg-shot", "data-action": "shot", "aria-label": alt(card), title: title(card), onclick: (event) => {
            if (takeChoice(card)) return;
            chosen.size || event.shiftKey ? choose(card, event.shiftKey) : look(card);
          } },
            card.file ? h("img", { src: `thumbnails/${card.id}.webp`, alt: "", loading: "lazy", decoding: "async" }) : h("span", { class: "eg-quiet" }, word("gone"))),
          h("button", { type: "button", class: "eg-pick", role: "checkbox", "aria-checked": String(picked), "aria-label": `${word("select")}: ${alt(card)}`, "data-action": "pick", onclick: (event) => choose(card, event.shiftKey) }, icon("check", 15)),
          h("div", { class: "eg-thumbs" }, thumb(true, "like"), thumb(false, "dislike")),
          h("div", { class: "eg-signs", "aria-hidden": "true" },
            card.comment ? icon("speech", 14) : null, card.tags.length ? icon("tag", 14) : null, card.shortlists.length ? icon("star", 14) : null));
        if (focused) item.querySelector(`[data-action="${focused}"]`)?.focus();
      };
      drawTile();
      return { item, draw: drawTile };
    }
    const tile = (card) => {
      if (!tiles.has(card.id)) tiles.set(card.id, tileOf(card));
      return tiles.get(card.id);
    };
    function drawGrid() {
      arrange(grid, cards.map((card) => tile(card).item));
      const ids = new Set(cards.map((card) => card.id));
      [...tiles.keys()].forEach((id) => ids.has(id) || tiles.delete(id));
      grid.hidden = !cards.length;
      if (problem) end.replaceChildren(h("p", { class: "eg-notice is-problem" }, icon("details"), h("span", {}, problem)), h("button", { type: "button", class: "eg-button", onclick: read }, word("try_again")));
      else if (!cards.length && loaded) {
        const filtered = query().size > 1 || filter.search;
        end.replaceChildren(h("div", { class: "eg-empty" }, icon("empty", 40),
          h("h2", {}, word(filtered && filter.rated === "all" ? "nothing_fits" : `review_empty_${filter.rated}`)),
          filtered ? h("button", { type: "button", class: "eg-button", onclick: clear }, word("clear_filters")) : h("p", {}, word("review_empty_text"))));
      } else end.replaceChildren(...(after ? [h("button", { type: "button", class: "eg-button", id: "eg-further", onclick: () => more().catch(told) }, word("show_more"))] : []));
      nearEnd.disconnect(); // it tells only of changes, and the end may be near still
      nearEnd.observe(end);
    }

    function choose(card, range) {
      const from = cards.indexOf(lastChosen), to = cards.indexOf(card);
      const those = range && from >= 0 ? cards.slice(Math.min(from, to), Math.max(from, to) + 1) : [card];
      const take = range ? true : !chosen.has(card.id);
      those.forEach((one) => (take ? chosen.set(one.id, one) : chosen.delete(one.id)));
      lastChosen = card;
      drawChoice();
    }
    function chooseAll(all) {
      chosen.clear();
      if (all) cards.forEach((card) => chosen.set(card.id, card));
      drawChoice();
    }
    function drawChoice() {
      tiles.forEach((one) => one.draw());
      element.classList.toggle("is-choosing", chosen.size > 0);
      drawBar();
    }

    function drawBar() {
      bar.hidden = !chosen.size;
      if (!chosen.size) return bar.replaceChildren();
      const those = () => [...chosen.values()];
      const act = (name, text, run, extra = {}) => h("button", { type: "button", class: "eg-button", ...extra, onclick: () => {
        if (chosen.size > MOST) return toast(word("too_many"));
        Promise.resolve(run()).catch(told);
      } }, icon(name, 16), h("span", {}, word(text)));
      const voted = (liked) => async () => { const n = chosen.size; await judging.vote(those(), { liked }); done("voted_n", { n }); };
      const deleted = async (present) => {
        const n = await judging.mark(those(), "deleted", "", present);
        chooseAll(false);
        done(present ? "deleted_n" : "restored_n", { n });
      };
      bar.setAttribute("aria-label", word("selected_n", { n: chosen.size }));
      bar.replaceChildren(...[
        h("b", {}, word("selected_n", { n: chosen.size.toLocaleString() })),
        act("like", "like", voted(true)), act("dislike", "dislike", voted(false)),
        act("tag", "add_tag", () => askTag(those()), { "data-action": "tag" }),
        act("star", "shortlist_add", () => list(those())),
        chosen.size === 2 ? act("compare", "compare_two", () => compare({ pictures: [...chosen.keys()], closed: refresh })) : null,
        act("download", "download_zip", () => save("zip", { pictures: [...chosen.keys()] })),
        filter.deleted ? act("undo", "restore", () => deleted(false)) : act("trash", "delete", () => deleted(true)),
        h("span", { class: "eg-space" }),
        cards.length > chosen.size ? h("button", { type: "button", class: "eg-link", onclick: () => chooseAll(true) }, word("select_shown")) : null,
        iconButton("close", "select_none", () => chooseAll(false)),
      ].filter(Boolean)); // null would be written out
    }
    function done(text, values) {
      toast(word(text, values), { name: word("undo"), run: undo });
    }
    function askTag(those) {
      const form = h("form", { class: "eg-name-list", onsubmit: async (event) => {
        event.preventDefault();
        const value = form.elements[0].value.trim();
        if (!value) return;
        await judging.mark(those, "tag", value, true).then((n) => done("tagged_n", { n }), told);
        drawBar();
      }, onkeydown: (event) => event.key === "Escape" && drawBar() },
        h("input", { type: "text", maxlength: 60, list: "eg-known-tags", placeholder: word("tag_placeholder"), "aria-label": word("tag_placeholder") }),
        h("button", { type: "submit", class: "eg-button" }, word("add_tag")));
      bar.querySelector("[data-action=tag]").replaceWith(form);
      form.elements[0].focus();
    }
    async function list(those) {
      const chosenList = judging.list ?? (await judging.newList(word("shortlist_first")));
      const n = await judging.mark(those, "shortlist", chosenList.id, true);
      done("listed_n", { name: chosenList.name, n });
      if (!choices.shortlist.includes(chosenList)) refresh();
    }
    async function undo() {
      await judging.undo().then((cards) => toast(word(cards ? "undone" : "nothing_to_undo")), told);
    }

    // --- the large view ------------------------------------------------------------------------------------------------

    function look(card) {
      viewer({ cards, at: cards.indexOf(card), total: () => Math.max(fitting(), cards.length), more, deal: false, reasons, closed: (last) => { tiles.get(last?.id)?.item.querySelector(".eg-shot")?.focus(); refresh(); } });
    }
    async function deal() {
      // A list of its own: rated pictures stay in it, so that one can go back.
      const unrated = { ...filter, rated: "unrated" };
      const asked = (from) => judging.asked(`pictures?${new URLSearchParams(Object.entries({ ...unrated, after: from }).filter(([, value]) => value))}`);
      const first = await asked("").catch(told);
      if (!first) return;
      const dealt = first.cards;
      let from = first.after;
      const further = async () => {
        if (!from) return false;
        const page = await asked(from);
        from = page.after;
        dealt.push(...page.cards);
        return page.cards.length > 0;
      };
      viewer({ cards: dealt, at: 0, total: () => first.counts.unrated, more: further, deal: true, reasons, closed: read });
    }

    // Counts and choices as they are now; the pictures on the page stay where they are.
    let refreshing;
    function refresh() {
      clearTimeout(refreshing);
      refreshing = setTimeout(async () => {
        const mine = turn;
        const [page, offered] = await Promise.all([judging.asked(`pictures?${query()}`), judging.asked("choices")]).catch(() => []);
        if (!page || mine !== turn) return;
        ({ counts } = page);
        choices = offered;
        judging.lists = offered.shortlist;
        drawHead();
      }, 400);
    }

    // --- all of it -------------------------------------------------------------------------------------------------------

    function draw() {
      drawHead();
      drawBar();
      drawGrid();
      tiles.forEach((one) => one.draw());
    }
    grid.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = cards.findIndex((card) => tiles.get(card.id)?.item.contains(event.target));
      if (at < 0) return;
      const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
      const card = cards[at];
      const run = { l: () => judging.vote([card], { liked: true }), d: () => judging.vote([card], { liked: false }), s: () => list([card]), z: undo, x: () => choose(card, event.shiftKey) }[event.key.toLowerCase()];
      if (step) tiles.get(cards[at + step]?.id)?.item.querySelector(".eg-shot").focus();
      else if (run) Promise.resolve(run()).catch(told);
      else return;
      event.preventDefault();
    });
    element.addEventListener("keydown", (event) => event.key === "Escape" && chosen.size && !event.target.matches("input") && chooseAll(false));
    judging.listeners.add((changed) => {
      changed.forEach((card) => tiles.get(card.id)?.draw());
      refresh();
    });
    drawings.add(draw);
    element.classList.add("eg-gallery");
    element.replaceChildren(head, bar, grid, end, known);
    bar.hidden = true;

    watch("value", () => {
      judging.visitor = props.value?.visitor ?? "";
      if (element.checkVisibility() && !chosen.size && scrollY < 400) read();
    });
    if (shared) filter.shortlist = shared;
    draw();
  }

  // A link to a shortlist opens this tab, which Gradio makes on its first visit only; a tab may be there before it can be clicked.
  const shared = /^[0-9a-f]{32}$/.exec(new URLSearchParams(location.search).get("shortlist") ?? "")?.[0];
  if (shared) {
    const tab = () => document.querySelectorAll("#eg-tabs button[role=tab]")[1];
    const opening = setInterval(() => (tab()?.getAttribute("aria-selected") === "true" ? clearInterval(opening) : tab()?.click()), 100);
  }

  window.ecomgen.gallery = gallery;
})();
