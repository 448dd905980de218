// Fine-tune, step 1: a product set on its way to the server in pieces. Texts reach the page as text only.
(() => {
  const { word, h, icon } = window.ecomgen;
  const TRIES = 4;
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

  // Asks again and again until it is no longer on its way; `told({what, share})` hears how far it is.
  async function finished(path, body, told) {
    for (;;) {
      const answer = await asked(path, body);
      if (!answer.underway) return answer;
      told(answer.underway);
      await wait(600);
    }
  }

  function uploadStep(state, { redraw, forward, options }) {
    let sending = null, view = null, fault = "", checking = false, preparing = false, far = { what: "", share: 0 };

    // Brings a set onto the server by `begin`, which answers with its id, and has it looked at.
    async function bring(begin) {
      fault = "";
      try {
        const id = await begin();
        forget();
        state.upload = id;
        state.save();
        sending = null;
        await check();
      } catch (error) {
        if (!sending?.ending.signal.aborted) fault = error.message;
      }
      sending = null;
      redraw();
    }
    const take = (files) => bring(async () => {
      const { kind, chosen } = sorted(files, options());
      sending = { done: 0, all: chosen.reduce((sum, f) => sum + f.size, 0), ending: new AbortController() };
      redraw();
      return send(chosen, kind, (done) => { sending.done = done; progress(); }, sending.ending.signal);
    });
    const choose = (name) => bring(async () => (await asked("uploads", { on_server: name })).id);

    async function check() {
      if (!state.upload || checking) return;
      [checking, view, far, fault] = [true, null, { what: "", share: 0 }, ""];
      redraw();
      try {
        const set = await finished(`uploads/${state.upload}/set`, null, tell);
        view = tuning.setView(state, set, { least: options().least_photos, redraw, changed, other, forward: prepare, table, preparing: () => (preparing ? working() : null) });
        state.save();
      } catch (error) {
        fault = error.message;
        if (error.refused) forget();
      }
      checking = false;
      redraw();
    }
    function changed() {
      delete state.prepared;
      state.save();
    }
    function forget() {
      for (const key of ["upload", "edits", "without", "cleaning", "prepared"]) delete state[key];
      view = null;
      state.save();
    }
    function other() {
      forget();
      fault = "";
      redraw();
    }

    async function prepare() {
      [preparing, fault, far] = [true, "", { what: "", share: 0 }];
      redraw();
      try {
        state.prepared = (await finished(`uploads/${state.upload}/prepare`, view.wishes(), tell)).prepared;
        state.photos = view.kept;
        state.save();
        forward();
      } catch (error) {
        fault = error.message;
      }
      preparing = false;
      redraw();
    }

    async function table() {
      fault = "";
      try {
        const { table: text } = await asked(`uploads/${state.upload}/table`, view.wishes());
        const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
        h("a", { href: url, download: "metadata.csv" }).click();
        setTimeout(() => URL.revokeObjectURL(url), 10000);
      } catch (error) {
        fault = error.message;
      }
      redraw();
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
    function tell(underway) {
      far = underway;
      if (!bar) return;
      bar.value = far.share;
      said.textContent = far.what || word("ft_checking");
    }
    function working() {
      [bar, said] = [h("progress", { max: 1, value: 0, class: "eg-progress" }), h("p", { role: "status" })];
      tell(far);
      return h("div", { class: "eg-working" }, said, bar);
    }
    function drop() {
      const zone = h("div", { class: "eg-drop" }, icon("empty", 40), h("p", { class: "eg-drop-title" }, word("ft_drop")),
        button("ft_choose_files", () => input.click(), { class: "eg-button is-primary" }), h("p", { class: "eg-quiet" }, word("ft_drop_hint", { mb: MOST_MB(options()) })));
      const there = options().on_server;
      if (there.length) zone.append(h("label", { class: "eg-on-server" }, h("span", { class: "eg-quiet" }, word("ft_on_server")),
        h("select", { class: "eg-input", onchange: (event) => event.target.value && choose(event.target.value) }, h("option", { value: "" }, word("ft_on_server_choose")), ...there.map((name) => h("option", { value: name }, name)))));
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

    return {
      check,
      get summary() { return view ? word("ft_photos_n", { n: view.kept }) : ""; },
      draw() {
        if (!options()) return [busy(word("ft_loading"))];
        const body = sending ? [arriving()] : checking ? [working()] : view ? view.draw() : state.upload ? [h("div", { class: "eg-row" }, button("try_again", check, { class: "eg-button is-primary" }), button("ft_other_photos", other))] : [drop()];
        return [input, ...(fault ? [problem(fault)] : []), ...body];
      },
    };
  }

  const tuning = { asked, problem, busy, button, send, sorted, uploadStep };
  Object.assign(window.ecomgen, { tuning });
})();
