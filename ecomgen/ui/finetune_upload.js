// Fine-tune, step 1: a product set on its way to the server in pieces, and what was understood of it. Texts reach the page as text only.
(() => {
  const { word, label, h, icon } = window.ecomgen;
  const LEAST = 24, PAGE = 24, TRIES = 4;
  const MOST_MB = (options) => Math.floor(options.most_bytes / 2 ** 20);

  async function asked(path, body, more = {}) {
    const headers = { "Accept-Language": ecomgen.language, ...(body && { "Content-Type": "application/json" }) };
    let answer, told;
    try {
      answer = await fetch(`finetune/${path}`, { headers, ...(body && { method: "POST", body: JSON.stringify(body) }), ...more });
      told = await answer.json();
    } catch {
      throw new Error(word("ft_failed"));
    }
    if (!answer.ok) throw Object.assign(new Error(told.error || told.detail || word("ft_failed")), { refused: answer.status < 500 });
    return told;
  }
  const problem = (text) => h("p", { class: "eg-notice is-problem", role: "alert" }, icon("details"), h("span", {}, text));
  const busy = (text) => h("p", { class: "eg-notice is-busy", role: "status" }, icon("details"), h("span", {}, text));
  const button = (key, onclick, options = {}) => h("button", { type: "button", class: "eg-button", onclick, ...options }, word(key));
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // Sends files in pieces; a piece that fails is asked about and sent again. `told(bytes)` hears how far it is.
  async function send(files, kind, told, signal) {
    const begun = await asked("uploads", { kind, names: files.map((f) => f.name), sizes: files.map((f) => f.size) });
    let before = 0;
    for (const [index, file] of files.entries()) {
      let offset = 0, failures = 0;
      while (offset < file.size) {
        signal.throwIfAborted();
        try {
          const answer = await asked(`uploads/${begun.id}/files/${index}?offset=${offset}`, null, {
            method: "POST", body: file.slice(offset, offset + begun.piece), signal,
            headers: { "Accept-Language": ecomgen.language, "Content-Type": "application/octet-stream" } });
          [offset, failures] = [answer.received, 0];
        } catch (error) {
          signal.throwIfAborted();
          if (error.refused || ++failures >= TRIES) throw error;
          await wait(1000 * failures);
          offset = (await asked(`uploads/${begun.id}`).catch(() => null))?.received[index] ?? offset;
        }
        told(before + offset);
      }
      before += file.size;
    }
    return begun.id;
  }

  // What a drop or a file dialog brought, as one zip or photos; throws a sentence.
  function sorted(files, options) {
    const zips = files.filter((f) => /\.zip$/i.test(f.name)), photos = files.filter((f) => /\.(png|jpe?g|jfif|webp)$/i.test(f.name));
    const kind = zips.length ? "zip" : "photos", chosen = zips.length ? zips : photos;
    if (!chosen.length || zips.length > 1 || (zips.length && photos.length)) throw new Error(word("ft_upload_mixed"));
    if (chosen.length > options.most_photos) throw new Error(word("ft_upload_many", { n: options.most_photos }));
    if (chosen.reduce((sum, f) => sum + f.size, 0) > options.most_bytes) throw new Error(word("ft_upload_large", { mb: MOST_MB(options) }));
    return { kind, chosen };
  }

  function uploadStep(state, { redraw, forward, options }) {
    let sending = null, set = null, fault = "", checking = false, preparing = false, shown = PAGE;
    const marked = new Set();
    const edits = () => (state.edits ??= {});
    const edited = (product, name) => edits()[product.name]?.[name] ?? product[name] ?? "";
    const out = (product) => edits()[product.name]?.leave_out === true;
    function change(product, changes) {
      edits()[product.name] = { ...edits()[product.name], ...changes };
      delete state.prepared;
      state.save();
    }

    async function take(files) {
      fault = "";
      const ending = new AbortController();
      try {
        const { kind, chosen } = sorted(files, options());
        const all = chosen.reduce((sum, f) => sum + f.size, 0);
        sending = { done: 0, all, ending };
        redraw();
        const id = await send(chosen, kind, (done) => { sending.done = done; progress(); }, ending.signal);
        Object.assign(state, { upload: id, edits: {}, prepared: null });
        state.save();
        sending = null;
        await check();
      } catch (error) {
        if (!ending.signal.aborted) fault = error.message;
      }
      sending = null;
      redraw();
    }

    async function check() {
      if (!state.upload || checking) return;
      [checking, set, shown] = [true, null, PAGE];
      marked.clear();
      redraw();
      try {
        set = await asked(`uploads/${state.upload}/set`);
        for (const product of set.products) product.warnings = product.faults.map((f) => word(`ft_${f.kind}`, { of: f.of.split("/").pop() }));
      } catch (error) {
        fault = error.message;
        if (error.refused) forget();
      }
      checking = false;
      redraw();
    }

    function forget() {
      for (const key of ["upload", "edits", "prepared"]) delete state[key];
      set = null;
      state.save();
    }

    async function prepare() {
      [preparing, fault] = [true, ""];
      redraw();
      try {
        state.prepared = (await asked(`uploads/${state.upload}/prepare`, { edits: edits() })).prepared;
        state.photos = set.products.filter((p) => !out(p)).length;
        state.save();
        forward();
      } catch (error) {
        fault = error.message;
      }
      preparing = false;
      redraw();
    }

    async function table() {
      try {
        const { table: text } = await asked(`uploads/${state.upload}/table`, { edits: edits() });
        const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
        h("a", { href: url, download: "metadata.csv" }).click();
        setTimeout(() => URL.revokeObjectURL(url), 10000);
      } catch (error) {
        fault = error.message;
        redraw();
      }
    }

    // --- bringing it ---

    const input = h("input", { type: "file", multiple: true, hidden: true, accept: ".zip,.png,.jpg,.jpeg,.webp", onchange: () => {
      const files = [...input.files];
      input.value = "";
      if (files.length) take(files);
    } });
    let bar, said;
    const mb = (bytes) => (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 1 : 0);
    function progress() {
      if (!sending || !bar) return;
      bar.value = sending.done / sending.all;
      said.textContent = word("ft_uploading", { done: mb(sending.done), all: mb(sending.all) });
    }
    function drop() {
      const zone = h("div", { class: "eg-drop" }, icon("empty", 40), h("p", { class: "eg-drop-title" }, word("ft_drop")),
        button("ft_choose_files", () => input.click(), { class: "eg-button is-primary" }), h("p", { class: "eg-quiet" }, word("ft_drop_hint", { mb: MOST_MB(options()) })));
      const over = (event) => { event.preventDefault(); event.stopPropagation(); zone.classList.toggle("is-over", event.type === "dragover"); };
      for (const type of ["dragover", "dragleave", "drop"]) zone.addEventListener(type, over);
      zone.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
      return zone;
    }
    function arriving() {
      bar = h("progress", { max: 1, value: 0, class: "eg-progress" });
      said = h("p", {});
      progress();
      return h("div", { class: "eg-drop is-busy" }, said, bar, h("button", { type: "button", class: "eg-link", onclick: () => sending.ending.abort() }, word("ft_upload_stop")));
    }

    // --- what was understood ---

    const picture = (index) => h("img", { src: `finetune/uploads/${state.upload}/photos/${index}`, alt: "", loading: "lazy", width: 96, height: 96 });

    function understood() {
      const kept = set.products.filter((p) => !out(p)), odd = set.products.filter((p) => p.warnings.length && !out(p));
      const counts = h("div", { class: "eg-counts" }, ...Object.entries(set.counts).map(([name, values]) =>
        h("p", {}, h("b", {}, label(name)), ...values.slice(0, 12).map(([value, n]) => h("span", { class: "eg-tag" }, `${label(value)} `, h("b", {}, String(n)))), values.length > 12 ? h("span", { class: "eg-quiet" }, "…") : null)));
      const refused = set.refused.length && h("details", { class: "eg-fold" }, h("summary", {}, word("ft_refused", { n: set.refused.length })),
        h("ul", { class: "eg-faults" }, ...set.refused.slice(0, 50).map((r) => h("li", {}, `${r.name}: ${r.reason}`))));
      const warned = odd.length && h("div", { class: "eg-odd" }, h("p", {}, h("b", {}, word("ft_odd", { n: odd.length })), " ", h("span", { class: "eg-quiet" }, word("ft_odd_text"))),
        h("ul", { class: "eg-odd-list" }, ...odd.slice(0, 8).map((p) => h("li", {}, picture(set.products.indexOf(p)), h("span", {}, p.warnings.join(" "))))),
        button("ft_leave_odd", () => { odd.forEach((p) => change(p, { leave_out: true })); redraw(); }));
      const few = kept.length < LEAST;
      return [h("div", { class: "eg-set-head" }, h("p", { class: "eg-lead-number" }, kept.length === set.products.length ? word("ft_photos_n", { n: kept.length }) : word("ft_photos_used", { n: kept.length, all: set.products.length })),
        h("button", { type: "button", class: "eg-link", onclick: () => { forget(); redraw(); } }, icon("undo", 15), word("ft_other_photos"))),
        h("div", { class: "eg-preview" }, ...Array.from({ length: Math.min(16, set.products.length) }, (_, i) => picture(Math.floor((i * set.products.length) / Math.min(16, set.products.length))))),
        counts, ...[warned, refused].filter(Boolean), looking(),
        h("div", { class: "eg-row" }, button(preparing ? "ft_preparing" : "ft_continue", prepare, { class: "eg-button is-primary", disabled: few || preparing }),
          h("button", { type: "button", class: "eg-link", onclick: table }, icon("download", 15), word("ft_table"))),
        ...(few ? [h("p", { class: "eg-quiet" }, word("ft_too_few", { n: LEAST }))] : [])];
    }

    // What was typed, by the name that the server knows it by: a visitor may have typed its label.
    const named = (name, field) => set.values[name].find((value) => label(value) === field.value.trim()) ?? field.value.trim();

    let open = false;
    function looking() {
      const fold = h("details", { class: "eg-fold", ontoggle: () => { if (fold.open !== open) { open = fold.open; redraw(); } } }, h("summary", {}, word("ft_change")));
      if (!open) return fold;
      fold.open = true;
      const field = (name, value, on) => h("input", { type: "text", class: "eg-input", list: `eg-values-${name}`, maxlength: 60, value: value && label(value), placeholder: label(name), "aria-label": label(name), onchange: on });
      const lists = Object.entries(set.values).map(([name, values]) => h("datalist", { id: `eg-values-${name}` }, ...values.map((value) => h("option", { value: label(value) }))));
      const bulk = Object.fromEntries(Object.keys(set.values).map((name) => [name, field(name, "")]));
      const chosen = () => set.products.filter((p) => marked.has(p.name));
      const tools = h("div", { class: "eg-bulk" }, button(marked.size === set.products.length ? "ft_none" : "ft_all", () => {
        if (marked.size === set.products.length) marked.clear();
        else set.products.forEach((p) => marked.add(p.name));
        redraw();
      }), h("span", { class: "eg-quiet" }, word("ft_chosen_n", { n: marked.size })), ...(marked.size ? [...Object.values(bulk), button("ft_set", () => {
        for (const [name, one] of Object.entries(bulk)) if (one.value.trim()) chosen().forEach((p) => change(p, { [name]: named(name, one) }));
        redraw();
      }), button("ft_leave_out", () => { chosen().forEach((p) => change(p, { leave_out: true })); marked.clear(); redraw(); })] : []));
      const rows = set.products.slice(0, shown).map((p, i) => {
        const mark = h("input", { type: "checkbox", "aria-label": word("ft_select"), onchange: () => { mark.checked ? marked.add(p.name) : marked.delete(p.name); redraw(); } });
        mark.checked = marked.has(p.name);
        const values = Object.keys(set.values).map((name) => {
          const one = field(name, edited(p, name), () => { change(p, { [name]: named(name, one) }); one.classList.remove("is-guessed"); });
          if (p.guessed.includes(name) && edits()[p.name]?.[name] === undefined) one.classList.add("is-guessed");
          return one;
        });
        return h("li", { class: out(p) ? "is-out" : "" }, h("label", {}, mark, picture(i)), h("div", {}, ...values,
          h("button", { type: "button", class: "eg-link", onclick: () => { change(p, { leave_out: !out(p) }); redraw(); } }, word(out(p) ? "ft_take_in" : "ft_leave_out")),
          ...p.warnings.map((text) => h("p", { class: "eg-warning" }, text))));
      });
      fold.append(h("p", { class: "eg-quiet" }, word("ft_change_text")), tools, ...lists, h("ul", { class: "eg-table" }, ...rows),
        ...(shown < set.products.length ? [button("ft_show_more", () => { shown += PAGE; redraw(); })] : []));
      return fold;
    }

    return {
      check,
      get summary() { return set ? word("ft_photos_n", { n: set.products.filter((p) => !out(p)).length }) : ""; },
      draw() {
        if (!options()) return [busy(word("ft_loading"))];
        const body = sending ? [arriving()] : checking ? [busy(word("ft_checking"))] : set ? understood() : [drop()];
        return [input, ...(fault ? [problem(fault)] : []), ...body];
      },
    };
  }

  Object.assign(window.ecomgen, { tuning: { asked, problem, busy, button, send, sorted, uploadStep } });
})();
