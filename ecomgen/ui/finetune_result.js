// Fine-tune, step 4: before and after beside each other, what it brought in plain words, and the checkpoints of one's own.
(() => {
  const { word, label, h, icon, iconButton, tuning } = window.ecomgen;
  const percent = (share) => `${share > 0 && share < 0.005 ? "<1" : Math.round(100 * share)} %`;
  const MANY_COPIES = 0.1, PATIENCE = 3, SHOWN_WORDS = 12;

  function verdict(gain) {
    const { kid_base: base, kid_tuned: tuned, kid_photos: photos } = gain;
    if (!base || !tuned || base[0] == null || tuned[0] == null) return [h("p", { class: "eg-quiet" }, word("ft_gain_none"))];
    const times = base[0] / Math.max(tuned[0], 1e-9);
    const best = tuned[0] <= Math.max(photos?.[0] ?? 0, tuned[1] ?? 0);
    const first = best ? word("ft_gain_best") : times >= 1.15 ? word("ft_gain_nearer", { n: times.toFixed(1) }) : word("ft_gain_same");
    const copies = gain.near_copies_1 ?? 0;
    return [h("p", { class: "eg-lead-number" }, first),
      h("p", { class: "eg-quiet" }, word("ft_gain_text", { n: gain.held_out, before: base[0].toFixed(4), after: tuned[0].toFixed(4) })),
      !copies ? h("p", {}, word("ft_copies_none")) : copies > MANY_COPIES ? tuning.problem(word("ft_copies_many", { share: percent(copies) })) : h("p", {}, word("ft_copies_few", { share: percent(copies) }))];
  }

  // Of several looks the best was kept; who hears of it may trust that more minutes do no harm.
  function choosing({ curve, best }) {
    const looks = curve.kid ?? [];
    if (looks.length < 2 || !best) return [];
    const at = looks.findIndex(([images]) => images === best[0]), early = looks.length - 1 - at >= PATIENCE;
    return [h("p", { class: "eg-quiet" }, [word(at === looks.length - 1 ? "ft_best_last" : "ft_best", { n: at + 1, all: looks.length }), early ? word("ft_best_early") : ""].filter(Boolean).join(" "))];
  }

  const listed = (words) => words.slice(0, SHOWN_WORDS).map(label).join(word("ft_comma")) + (words.length > SHOWN_WORDS ? word("ft_and_more", { n: words.length - SHOWN_WORDS }) : "");

  // What it can no longer do that the base could.
  function forgotten({ forgotten: told, base, generated, photos }) {
    const learnt = generated ? [h("p", { class: "eg-quiet" }, word(generated === photos ? "ft_generated_all" : "ft_generated", { n: generated, all: photos }))] : [];
    if (!told || !(told.kept.length + told.lost.length)) return learnt;
    const { kept, lost } = told, said = [];
    if (!kept.length) said.push(word("ft_forgot_all", { base, words: listed(lost) }));
    else if (lost.length) said.push(word("ft_forgot_some", { base, n: lost.length, all: kept.length + lost.length, words: listed(lost) }));
    else said.push(word("ft_forgot_none", { base, all: kept.length }));
    if (kept.length && told.right_base && told.right_tuned) said.push(word("ft_forgot_right", { words: listed(kept), before: percent(told.right_base[0]), after: percent(told.right_tuned[0]) }));
    if (kept.length && told.kid[0] != null) said.push(word("ft_forgot_distance", { base, n: told.kid[0].toFixed(4), floor: told.kid_floor[0].toFixed(4) }));
    if (told.photos && told.photos.kid_tuned[0] != null) said.push(word("ft_forgot_photos", { n: told.photos.held_out, before: told.photos.kid_base[0].toFixed(4), after: told.photos.kid_tuned[0].toFixed(4) }));
    return [...learnt, h("section", {}, h("h3", {}, word("ft_forgot")), h("p", {}, said[0]), said.length > 1 ? h("p", { class: "eg-quiet" }, said.slice(1).join(" ")) : null)];
  }

  // The pictures that are nearest to a photo it learnt from, each beside that photo: whoever looks sees whether they are copies.
  function pairs(now) {
    const nearest = (now.gain.nearest ?? []).slice(0, now.pairs);
    if (!nearest.length) return [];
    const image = (i, side) => h("img", { src: `finetune/jobs/${now.id}/pictures/pair-${i}-${side}`, alt: word(`ft_pair_${side}`), loading: "lazy" });
    return [h("section", {}, h("h3", {}, word("ft_pairs")), h("p", { class: "eg-quiet" }, word("ft_pairs_text")),
      h("ul", { class: "eg-pairs" }, ...nearest.map((one, i) => h("li", { class: one.near ? "is-near" : "" }, image(i, "picture"), image(i, "photo"),
        one.near ? h("span", { class: "eg-warning" }, word("ft_pair_near")) : null))))];
  }

  function resultStep(kept, { redraw, job, gone, published }) {
    let rows = null, of = null, fault = "", working = false, name = null;

    async function read() {
      const now = job();
      if (!now?.usable || ["queued", "running"].includes(now.state) || of === now.id + now.state) return;
      [of, rows, fault, name] = [now.id + now.state, null, "", null];
      try {
        ({ rows } = await tuning.asked(`jobs/${now.id}/sides`));
      } catch (error) {
        fault = error.message;
        of = null;
      }
      redraw();
    }
    async function act(wish, body, after) {
      [working, fault] = [true, ""];
      redraw();
      try {
        await after(await tuning.asked(`jobs/${job().id}/${wish}`, body));
      } catch (error) {
        fault = error.message;
      }
      working = false;
      redraw();
    }

    function sides(now) {
      if (!rows) return [fault ? null : tuning.busy(word("ft_sides_wait"))].filter(Boolean);
      const strip = (i, side) => h("img", { src: `finetune/jobs/${now.id}/pictures/side-${i}-${side}`, alt: "", class: "eg-strip" });
      return [h("div", { class: "eg-sides" }, ...rows.map((words, i) => h("section", {}, h("h3", {}, Object.values(words).map(label).join(", ") || "–"),
        h("figure", {}, h("figcaption", {}, word("ft_before", { name: now.base })), strip(i, "base")), h("figure", {}, h("figcaption", {}, word("ft_after")), strip(i, "tuned")))))];
    }

    function keeping(now) {
      if (now.published) {
        return [h("p", { class: "eg-notice is-info" }, icon("check"), h("span", {}, word("ft_published", { name: now.published }))),
          h("div", { class: "eg-row" }, h("a", { class: "eg-button is-primary", href: `?model=${encodeURIComponent(now.published)}` }, word("ft_go_create")),
            h("a", { class: "eg-button", href: `finetune/own/${encodeURIComponent(now.published)}/zip`, download: true }, icon("download", 15), word("ft_download")))];
      }
      const field = h("input", { type: "text", class: "eg-input", maxlength: 48, value: name ?? now.title, "aria-label": word("ft_name"), oninput: () => { name = field.value; } });
      return [h("div", { class: "eg-row" }, field,
        tuning.button("ft_publish", () => act("publish", { name: (name ?? now.title).trim() }, async (told) => { now.published = told.name; await published(); }), { class: "eg-button is-primary", disabled: working }),
        h("a", { class: "eg-button", href: `finetune/jobs/${now.id}/zip`, download: true }, icon("download", 15), word("ft_download")),
        tuning.button("ft_discard", () => window.confirm(word("ft_discard_sure")) && act("delete", { sure: true }, gone), { disabled: working })),
      h("p", { class: "eg-quiet" }, word("ft_publish_text"))];
    }

    return {
      read,
      summary: "",
      draw() {
        const now = job();
        if (!now?.usable) return [h("p", { class: "eg-quiet" }, word("ft_sides_none"))];
        return [h("div", { class: "eg-told" }, ...verdict(now.gain), ...choosing(now)), ...(fault ? [tuning.problem(fault)] : []), ...sides(now), ...forgotten(now.gain), ...pairs(now), ...keeping(now)];
      },
    };
  }

  // --- the checkpoints of one's own --------------------------------------------------------------------------------------

  // The card as it was written, as text only: it may have come with a zip from anyone.
  async function showCard(name) {
    const { card } = await tuning.asked(`own/${encodeURIComponent(name)}/card`);
    const dialog = h("dialog", { class: "eg-dialog eg-card-of", "aria-label": word("ft_card"), onclose: () => dialog.remove() },
      h("div", { class: "eg-dialog-head" }, h("h2", {}, name), iconButton("close", "close", () => dialog.close())), h("pre", { class: "eg-card-text" }, card || word("ft_card_none")));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  function ownList({ redraw, options }) {
    let own = [], fault = "", renaming = null, bringing = "";
    async function read() {
      try {
        ({ own } = await tuning.asked("own"));
      } catch (error) {
        fault = error.message;
      }
      redraw();
    }
    async function act(wish, body) {
      fault = "";
      try {
        ({ own } = await tuning.asked(`own/${wish}`, body));
        renaming = null;
      } catch (error) {
        fault = error.message;
      }
      redraw();
    }
    async function bringIn(file) {
      [fault, bringing] = ["", "0"];
      redraw();
      try {
        const { chosen } = tuning.sorted([file], options());
        const upload = await tuning.send(chosen, "zip", () => {}, new AbortController().signal);
        const name = file.name.replace(/\.zip$/i, "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 40) || "checkpoint";
        await act("import", { upload, name });
      } catch (error) {
        fault = error.message;
      }
      bringing = "";
      redraw();
    }
    const input = h("input", { type: "file", accept: ".zip", hidden: true, onchange: () => {
      const [file] = input.files;
      input.value = "";
      if (file) bringIn(file);
    } });
    function row({ name, problem }) {
      if (renaming === name) {
        const field = h("input", { type: "text", class: "eg-input", maxlength: 48, value: name, "aria-label": word("ft_new_name") });
        return h("li", {}, field, tuning.button("ft_save", () => act("rename", { name, new: field.value.trim() })), tuning.button("ft_back", () => { renaming = null; redraw(); }));
      }
      return h("li", {}, h("b", {}, name), problem ? h("span", { class: "eg-warning" }, problem) : null, h("span", { class: "eg-space" }),
        h("button", { type: "button", class: "eg-link", onclick: () => { renaming = name; redraw(); } }, word("ft_rename")),
        h("button", { type: "button", class: "eg-link", onclick: () => showCard(name).catch((error) => { fault = error.message; redraw(); }) }, word("ft_card")),
        h("a", { class: "eg-link", href: `finetune/own/${encodeURIComponent(name)}/zip`, download: true }, word("ft_download")),
        h("button", { type: "button", class: "eg-link", onclick: () => window.confirm(word("ft_delete_sure", { name })) && act("delete", { name }) }, word("ft_delete")));
    }
    return {
      read,
      draw: () => [h("h2", {}, word("ft_own")), ...(fault ? [tuning.problem(fault)] : []),
        own.length ? h("ul", { class: "eg-own" }, ...own.map(row)) : h("p", { class: "eg-quiet" }, word("ft_own_none")),
        bringing ? tuning.busy(word("ft_loading")) : tuning.button("ft_import", () => input.click()), input],
    };
  }

  Object.assign(window.ecomgen.tuning, { resultStep, ownList });
})();
