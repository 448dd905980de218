// Fine-tune, step 1: what was understood of a product set, what is wrong with it, and what the visitor wishes of it.
(() => {
  const { word, label, h, icon, tuning } = window.ecomgen;
  const PAGE = 24, PREVIEW = 16, EXAMPLES = 3, REFUSED = 200;
  const KINDS = ["duplicate", "blurred", "tiny", "background", "person"];
  const CLEANINGS = ["trim", "pad", "white_background", "denoise"], USUAL = ["trim", "pad"];
  const spread = (count, all, first = 0) => Array.from({ length: Math.min(count, all) }, (_, i) => (first + Math.floor((i * all) / Math.min(count, all))) % all);

  // `set` is what the server said of the upload in `state`; `changed()` hears that what is learnt from is another set now.
  function setView(state, set, { least, redraw, changed, other, forward, table, preparing }) {
    const { products } = set, place = new Map(products.map((p, i) => [p.name, i])), many = products.length;
    const has = (p, kind) => p.faults.some((fault) => fault.kind === kind);
    const groups = KINDS.map((kind) => [kind, products.filter((p) => has(p, kind))]).filter(([, found]) => found.length);
    const edits = (state.edits ??= {});
    const copies = products.filter((p) => has(p, "duplicate")).length;
    state.without ??= copies && many - copies >= least ? ["duplicate"] : [];
    state.cleaning ??= USUAL;
    const out = (p) => edits[p.name]?.leave_out ?? p.faults.some((fault) => state.without.includes(fault.kind));
    const value = (p, name) => edits[p.name]?.[name] ?? p.attributes[name];
    const guessed = (p, name) => p.guessed.includes(name) && edits[p.name]?.[name] === undefined;
    const kept = () => products.filter((p) => !out(p));
    function change(p, changes) {
      edits[p.name] = { ...edits[p.name], ...changes };
      changed();
    }
    const toggled = (list, name) => (list.includes(name) ? list.filter((other) => other !== name) : [...list, name]);
    const picture = (index, clean) => h("img", { src: `finetune/uploads/${state.upload}/photos/${index}${clean == null ? "" : `?clean=${clean}`}`, alt: "", loading: "lazy", width: 96, height: 96 });
    const shortName = (name) => name.split("/").pop();
    const fault = ({ kind, of }) => word(`ft_${kind}`, { of: shortName(of) });

    // What the server is told: changes by photo, and which photos are left out.
    const wishes = () => ({ cleaning: state.cleaning, edits: Object.fromEntries(products.flatMap((p) => {
      if (out(p)) return [[p.name, "left out"]];
      const { leave_out, ...values } = edits[p.name] ?? {};
      return Object.keys(values).length ? [[p.name, values]] : [];
    })) });

    // --- what there is ---

    function head() {
      const n = kept().length, { smallest, median, largest } = set.sizes;
      return h("div", { class: "eg-set-head" }, h("p", { class: "eg-lead-number" }, n === many ? word("ft_photos_n", { n }) : word("ft_photos_used", { n, all: many })),
        h("p", { class: "eg-quiet" }, smallest === largest ? word("ft_size", { n: largest }) : word("ft_sizes", { smallest, median, largest })),
        h("button", { type: "button", class: "eg-link", onclick: other }, icon("undo", 15), word("ft_other_photos")));
    }
    const doubts = (p) => p.faults.filter((each) => each.kind !== "person"); // a person is nothing wrong with a photo
    const preview = () => h("div", { class: "eg-preview" }, ...spread(PREVIEW, many).map((i) => h("figure", { class: out(products[i]) ? "is-out" : "" }, picture(i),
      doubts(products[i]).length ? h("span", { class: "eg-mark-odd", title: doubts(products[i]).map(fault).join(" ") }, "!") : null)));
    const counts = () => h("div", { class: "eg-counts" }, ...Object.entries(set.counts).map(([name, values]) =>
      h("p", {}, h("b", {}, label(name)), ...values.slice(0, 12).map(([one, n]) => h("span", { class: "eg-tag" }, `${label(one)} `, h("b", {}, String(n)))), values.length > 12 ? h("span", { class: "eg-quiet" }, "…") : null)));
    const notes = () => set.notes.length && h("ul", { class: "eg-faults eg-quiet" }, ...set.notes.map((note) => h("li", {}, note[ecomgen.language])));
    function refused() {
      if (!set.refused.length) return null;
      const rest = set.refused.length - REFUSED;
      return fold("refused", word("ft_refused", { n: set.refused.length }), () => [h("ul", { class: "eg-faults eg-refused" },
        ...set.refused.slice(0, REFUSED).map((r) => h("li", {}, h("b", {}, shortName(r.name)), ` ${r.reason[ecomgen.language]}`)), ...(rest > 0 ? [h("li", {}, word("ft_refused_more", { n: rest }))] : []))]);
    }

    // A part that is drawn when it is opened, and stays open when the step is drawn again.
    const opened = new Set();
    function fold(name, title, draw) {
      const part = h("details", { class: "eg-fold", ontoggle: () => {
        if (part.open === opened.has(name)) return;
        part.open ? opened.add(name) : opened.delete(name);
        redraw();
      } }, h("summary", {}, title));
      if (opened.has(name)) {
        part.open = true;
        part.append(...draw());
      }
      return part;
    }

    // --- what is wrong with photos ---

    function odd() {
      if (!groups.length) return null;
      const rows = groups.map(([kind, found]) => {
        const box = h("input", { type: "checkbox", onchange: () => {
          state.without = toggled(state.without, kind);
          found.forEach((p) => { if (edits[p.name]) delete edits[p.name].leave_out; });
          changed();
          redraw();
        } });
        box.checked = state.without.includes(kind);
        const shown = found.slice(0, kind === "duplicate" ? 3 : 6).map((p) => {
          const of = p.faults.find((each) => each.kind === kind).of;
          return h("span", { class: of ? "eg-pair" : "" }, ...(of ? [picture(place.get(of))] : []), picture(place.get(p.name)));
        });
        return h("li", {}, h("div", {}, h("p", {}, h("b", {}, word("ft_count", { what: word(`ft_kind_${kind}`), n: found.length }))), h("p", { class: "eg-quiet" }, word(`ft_kind_${kind}_text`)),
          h("div", { class: "eg-row" }, h("label", { class: "eg-check" }, box, word("ft_without")),
            h("button", { type: "button", class: "eg-link", onclick: () => { [filter, shownRows] = [kind, PAGE]; opened.add("change"); redraw(); document.querySelector(".eg-change")?.scrollIntoView({ block: "start", behavior: "smooth" }); } }, word("ft_look_at")))),
          h("div", { class: "eg-odd-photos" }, ...shown));
      });
      return h("div", { class: "eg-odd" }, h("h3", {}, word("ft_odd")), h("ul", {}, ...rows));
    }

    // --- clean-up ---

    let example = 0;
    const cleanup = () => fold("clean", word("ft_count", { what: word("ft_clean"), n: state.cleaning.map((name) => word(`ft_clean_${name}`)).join(word("ft_comma")) || word("ft_clean_nothing") }), () => {
      const boxes = CLEANINGS.map((name) => {
        const box = h("input", { type: "checkbox", onchange: () => { state.cleaning = CLEANINGS.filter((each) => toggled(state.cleaning, name).includes(each)); changed(); redraw(); } });
        box.checked = state.cleaning.includes(name);
        return h("label", { class: "eg-check" }, box, h("span", {}, word(`ft_clean_${name}`), h("small", { class: "eg-quiet" }, word(`ft_clean_${name}_text`))));
      });
      const pairs = spread(EXAMPLES, many, example).map((i) => h("figure", { class: "eg-before-after" }, picture(i), icon("right", 16), picture(i, state.cleaning.join(","))));
      return [h("p", { class: "eg-quiet" }, word("ft_clean_text")), h("div", { class: "eg-cleanings" }, ...boxes), h("div", { class: "eg-cleaned" }, ...pairs),
        ...(many > EXAMPLES ? [h("button", { type: "button", class: "eg-link", onclick: () => { example += 1; redraw(); } }, icon("again", 15), word("ft_clean_others"))] : [])];
    });

    // --- photo by photo ---

    let filter = "all", shownRows = PAGE;
    const shownNames = new Set(Object.keys(set.values).slice(0, 2)), marked = new Set();
    // What was typed, by the name that the server knows it by: a visitor may have typed its label.
    const named = (name, field) => set.values[name].find((one) => label(one) === field.value.trim()) ?? field.value.trim();
    const field = (name, text, on) => h("input", { type: "text", class: "eg-input", list: `eg-values-${name}`, maxlength: 40, value: text && label(text), placeholder: label(name), "aria-label": label(name), onchange: on });
    const chip = (text, pressed, onclick) => h("button", { type: "button", "aria-pressed": String(pressed), onclick: () => { onclick(); redraw(); } }, text);

    const table_ = () => fold("change", word("ft_change"), () => {
      const filters = { all: () => true, ...Object.fromEntries(groups.map(([kind]) => [kind, (p) => has(p, kind)])), guessed: (p) => Object.keys(set.values).some((name) => guessed(p, name)), out };
      const listed = products.filter(filters[filter]), names = Object.keys(set.values).filter((name) => shownNames.has(name));
      const chips = Object.entries(filters).map(([name, fits]) => [name, products.filter(fits).length]).filter(([name, n]) => n || name === filter)
        .map(([name, n]) => chip(`${word(KINDS.includes(name) ? `ft_kind_${name}` : `ft_show_${name}`)} ${n}`, filter === name, () => { [filter, shownRows] = [name, PAGE]; }));
      const attributes = Object.keys(set.values).map((name) => chip(label(name), shownNames.has(name), () => (shownNames.has(name) ? shownNames.delete(name) : shownNames.add(name))));
      const bulk = names.map((name) => [name, field(name, "")]), all = listed.length > 0 && listed.every((p) => marked.has(p.name));
      const chosen = () => products.filter((p) => marked.has(p.name));
      const tools = h("div", { class: "eg-bulk" }, tuning.button(all ? "ft_none" : "ft_all", () => { all ? marked.clear() : listed.forEach((p) => marked.add(p.name)); redraw(); }),
        h("span", { class: "eg-quiet" }, word("ft_chosen_n", { n: marked.size })), ...(marked.size ? [...bulk.map(([, one]) => one), tuning.button("ft_set", () => {
          for (const [name, one] of bulk) if (one.value.trim()) chosen().forEach((p) => change(p, { [name]: named(name, one) }));
          redraw();
        }), tuning.button("ft_leave_out", () => { chosen().forEach((p) => change(p, { leave_out: true })); marked.clear(); redraw(); })] : []));
      const rows = listed.slice(0, shownRows).map((p) => {
        const mark = h("input", { type: "checkbox", "aria-label": word("ft_select"), onchange: () => { mark.checked ? marked.add(p.name) : marked.delete(p.name); redraw(); } });
        mark.checked = marked.has(p.name);
        const values = names.map((name) => {
          const one = field(name, value(p, name), () => { change(p, { [name]: named(name, one) }); one.classList.remove("is-guessed"); });
          if (guessed(p, name)) Object.assign(one, { title: word("ft_guessed") }).classList.add("is-guessed");
          return one;
        });
        return h("li", { class: out(p) ? "is-out" : "" }, h("label", {}, mark, picture(place.get(p.name))), h("div", {}, ...values, ...p.faults.map((each) => h("p", { class: "eg-warning" }, fault(each))),
          h("p", { class: "eg-quiet" }, `${p.size[0]} × ${p.size[1]}`, h("button", { type: "button", class: "eg-link", onclick: () => { change(p, { leave_out: !out(p) }); redraw(); } }, word(out(p) ? "ft_take_in" : "ft_leave_out")))));
      });
      return [h("p", { class: "eg-quiet" }, word("ft_change_text")), h("div", { class: "eg-chips eg-change" }, ...chips),
        ...(attributes.length > 2 ? [h("div", { class: "eg-chips" }, h("span", { class: "eg-quiet" }, word("ft_attributes")), ...attributes)] : []), tools,
        ...names.map((name) => h("datalist", { id: `eg-values-${name}` }, ...set.values[name].map((one) => h("option", { value: label(one) })))), h("ul", { class: "eg-table" }, ...rows),
        ...(shownRows < listed.length ? [tuning.button("ft_show_more", () => { shownRows += PAGE; redraw(); })] : [])];
    });

    return {
      wishes,
      get kept() { return kept().length; },
      draw() {
        const few = kept().length < least;
        return [head(), preview(), counts(), notes(), odd(), refused(), cleanup(), table_(),
          preparing() ?? h("div", { class: "eg-row" }, tuning.button("ft_continue", forward, { class: "eg-button is-primary", disabled: few }),
            h("button", { type: "button", class: "eg-link", onclick: table }, icon("download", 15), word("ft_table"))),
          few && h("p", { class: "eg-quiet" }, word("ft_too_few", { n: least }))].filter(Boolean);
      },
    };
  }

  Object.assign(tuning, { setView });
})();
