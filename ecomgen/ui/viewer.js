// The large view: one picture of a list with all that is known and said of it; also deals unrated pictures one by one.
(() => {
  const { word, label, h, icon, iconButton, copy, toast, drawings, judging, pictureUrl, fileName, title, alt, chosen, CHANGES } = window.ecomgen;
  const key = (name) => h("kbd", { class: "eg-key", "aria-hidden": "true" }, name);
  const told = (error) => toast(error.message);
  let open; // what is open: {dialog, keydown}

  // list: {cards, at, total(), more() -> whether there are more cards now, deal, reasons, closed(card)}.
  function viewer(list) {
    open?.dialog.close();
    let at = list.at;
    let rated = 0;
    const drafts = new Map(); // card id -> comment as it is being written
    const dialog = h("dialog", { class: "eg-viewer", "aria-label": word("details") });
    const stage = h("div", { class: "eg-stage" });
    const side = h("aside", { class: "eg-viewer-side" });
    dialog.append(stage, side);
    const card = () => list.cards[at];

    async function go(step) {
      if (at + step < 0) return;
      if (at + step >= list.cards.length && !(await list.more().catch(told))) {
        if (!list.deal || step < 0) return;
        at = list.cards.length; // nothing left to rate
        return draw();
      }
      at += step;
      draw();
      list.cards.slice(at + 1, at + 3).forEach((next) => (new Image().src = pictureUrl(next)));
    }

    async function vote(liked, reasons = []) {
      const one = card();
      if (!one) return;
      const same = !list.deal && one.own?.liked === liked && !reasons.length && liked !== null;
      const comment = (drafts.get(one.id) ?? one.own?.comment ?? "").trim();
      const first = one.liked === null;
      const sent = judging.vote([one], { liked: same ? null : liked, reasons: same ? [] : reasons, comment });
      if (list.deal) {
        rated += first;
        go(1);
      }
      await sent.catch(told);
    }
    function reason(name) {
      const one = card();
      if (!one) return;
      if (list.deal) return vote(false, [name]);
      const there = new Set(one.own?.liked === false ? one.own.reasons : []);
      there.has(name) ? there.delete(name) : there.add(name);
      judging.vote([one], { liked: false, reasons: [...there], comment: drafts.get(one.id) ?? one.own?.comment ?? "" }).catch(told);
    }
    async function saveComment() {
      const one = card();
      const { liked = null, reasons = [] } = one.own ?? {};
      await judging.vote([one], { liked, reasons, comment: (drafts.get(one.id) ?? "").trim() }).then(() => toast(word("comment_saved")), told);
      said(one);
    }
    async function shortlist() {
      const one = card();
      if (!one) return;
      try {
        const chosenList = judging.list ?? (await judging.newList(word("shortlist_first")));
        const present = !one.shortlists.includes(chosenList.id);
        await judging.mark([one], "shortlist", chosenList.id, present);
        toast(word(present ? "listed_n" : "unlisted_n", { name: chosenList.name, n: 1 }));
      } catch (error) { told(error); }
    }
    async function undo() {
      try {
        const cards = await judging.undo();
        toast(word(cards ? "undone" : "nothing_to_undo"));
        const place = cards ? list.cards.indexOf(cards[0]) : -1;
        if (place >= 0 && place !== at) {
          at = place;
          rated = Math.max(0, rated - 1);
        }
        draw();
      } catch (error) { told(error); }
    }

    // --- drawing ---------------------------------------------------------------------------------------------------

    const row = (name, ...content) => h("div", { class: "eg-fact" }, h("dt", {}, word(name)), h("dd", {}, ...content));
    const verdict = (liked, name, letter) =>
      h("button", { type: "button", class: `eg-verdict is-${name}`, "data-action": name, "aria-pressed": String(card().liked === liked), onclick: () => vote(liked) },
        icon(name, 22), h("span", {}, word(name)), key(letter));

    function draw() {
      const one = card();
      const focused = side.contains(document.activeElement) ? document.activeElement.dataset.action : null;
      if (!one) return finished();
      const arrow = (name, side, step, dead) => iconButton(side, name, () => go(step), { class: `eg-arrow is-${side}`, disabled: dead });
      stage.replaceChildren(
        arrow("previous", "left", -1, at === 0),
        one.file
          ? h("figure", {}, h("img", { src: pictureUrl(one), alt: alt(one), draggable: "false" }))
          : h("figure", { class: "is-gone" }, h("p", {}, word("gone"))),
        arrow("next", "right", 1, !list.deal && at + 1 >= list.total()));
      const reasons = (one.own?.liked === false ? one.own : one).reasons ?? [];
      side.replaceChildren(
        h("header", {},
          h("span", { class: "eg-quiet" }, list.deal ? word("left_n", { n: Math.max(0, list.total() - rated).toLocaleString() }) : word("place_of", { at: (at + 1).toLocaleString(), all: list.total().toLocaleString() })),
          iconButton("undo", "undo", undo, { "data-action": "undo" }),
          iconButton("close", "close", () => dialog.close(), { "data-action": "close" })),
        h("h2", {}, title(one)),
        h("div", { class: "eg-tags" }, ...chosen(one).map(([name, value]) => h("span", { class: "eg-tag" }, h("b", {}, label(name)), ` ${label(value)}`))),
        h("div", { class: "eg-verdicts" }, verdict(true, "like", "L"), verdict(false, "dislike", "D")),
        h("div", { class: "eg-reasons", role: "group", "aria-label": word("why_not") },
          h("h3", {}, word("why_not")),
          ...list.reasons.map((name, i) =>
            h("button", { type: "button", class: "eg-chip", "data-action": `reason${i}`, "aria-pressed": String(one.liked === false && reasons.includes(name)), onclick: () => reason(name) },
              key(String(i + 1)), word(name)))),
        shortlistRow(one), tagRow(one), commentRow(one),
        h("section", { class: "eg-said", hidden: true }),
        more(one),
        h("p", { class: "eg-keys eg-quiet" }, word("keys")));
      if (focused) side.querySelector(`[data-action="${focused}"]`)?.focus();
      if (!dialog.contains(document.activeElement)) dialog.focus();
      said(one);
    }

    function shortlistRow(one) {
      const chosenList = judging.list;
      const present = Boolean(chosenList && one.shortlists.includes(chosenList.id));
      const which = h("select", { "aria-label": word("shortlist_which"), "data-action": "which", onchange: async () => {
        if (which.value) judging.list = { id: which.value };
        else await nameList(which).catch(told);
        draw();
      } },
        ...judging.lists.map((list) => h("option", { value: list.id, selected: list === chosenList }, list.name)),
        judging.lists.length ? null : h("option", { value: "-", disabled: true, selected: true }, word("shortlist_first")),
        h("option", { value: "" }, word("shortlist_new")));
      return h("div", { class: "eg-shortlist" },
        h("button", { type: "button", class: "eg-button eg-star", "data-action": "shortlist", "aria-pressed": String(present), onclick: shortlist },
          icon("star", 17), word(present ? "shortlist_in" : "shortlist_add"), key("S")), which);
    }

    function tagRow(one) {
      const form = h("form", { class: "eg-tag-form", onsubmit: async (event) => {
        event.preventDefault();
        const value = form.elements[0].value.trim();
        if (value) await judging.mark([one], "tag", value, true).catch(told);
        side.querySelector(".eg-tag-form input")?.focus();
      } }, h("input", { type: "text", maxlength: 60, list: "eg-known-tags", placeholder: word("tag_placeholder"), "aria-label": word("tags") }));
      return h("div", { class: "eg-tags eg-own-tags" },
        ...one.tags.map((tag) => h("span", { class: "eg-tag is-own" }, tag,
          h("button", { type: "button", "aria-label": word("tag_remove", { tag }), onclick: () => judging.mark([one], "tag", tag, false).catch(told) }, "×"))),
        form);
    }

    function commentRow(one) {
      const written = () => drafts.get(one.id) ?? one.own?.comment ?? "";
      const save = h("button", { type: "button", class: "eg-button", "data-action": "save", onclick: saveComment }, word("comment_save"));
      const show = () => (save.hidden = written().trim() === (one.own?.comment ?? ""));
      const area = h("textarea", { rows: 2, maxlength: 1000, "data-action": "comment", placeholder: word("comment_hint"), "aria-label": word("comment"), oninput: () => { drafts.set(one.id, area.value); show(); } });
      area.value = written();
      show();
      return h("div", { class: "eg-comment" }, area, save);
    }

    // What everyone said, which the server is asked for; this visitor's own judgement is remembered on the card.
    async function said(one) {
      const answer = await judging.asked(`pictures/${one.id}?visitor=${judging.visitor}`).catch(() => null);
      if (!answer || card() !== one || !dialog.isConnected) return;
      const box = side.querySelector(".eg-said");
      const own = answer.judgements.find((judgement) => judgement.own);
      if (own && !one.own) {
        one.own = own;
        const area = side.querySelector("textarea");
        if (area && !drafts.has(one.id)) area.value = own.comment;
      }
      box.hidden = !answer.judgements.length;
      box.replaceChildren(h("h3", {}, word("said")), ...answer.judgements.map((judgement) =>
        h("div", { class: "eg-judgement" },
          judgement.liked === null ? icon(judgement.comment ? "speech" : "undo", 16) : icon(judgement.liked ? "like" : "dislike", 16),
          h("div", {},
            h("b", {}, judgement.reviewer || word("anonymous")),
            h("span", { class: "eg-quiet" }, ` ${[...judgement.reasons.map((name) => word(name)), judgement.liked === null && !judgement.comment ? word("took_back") : ""].filter(Boolean).join(", ")}`),
            judgement.comment ? h("p", {}, judgement.comment) : null))));
    }

    function more(one) {
      const act = (change) => h("button", { type: "button", class: "eg-button", onclick: () => { dialog.close(); ecomgen.moreLikeThis(one, change); } }, word(`more_${change}`));
      return h("details", { class: "eg-more", open: moreOpen, ontoggle: (event) => (moreOpen = event.target.open) },
        h("summary", { "data-action": "more" }, word("more_details")),
        h("dl", { class: "eg-facts" },
          row("d_created", new Date(one.created).toLocaleString(ecomgen.language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" })),
          row("d_language", word(one.language === "zh" ? "chinese" : "english")),
          one.origin ? row("d_origin", word(`origin_${one.origin}`)) : null,
          ...(one.seedless ? [] : [row("d_seed", one.seed), row("d_psi", String(one.psi))]),
          row("d_model", one.model, h("span", { class: "eg-quiet" }, ` ${one.model_hash.slice(0, 12)}`))),
        h("h3", {}, word("d_command")),
        h("div", { class: "eg-code" }, h("code", {}, one.command), iconButton("copy", "copy", () => copy(one.command, word("copied")))),
        h("h3", {}, word("more")),
        h("div", { class: "eg-dialog-actions" }, ...CHANGES.map(act)),
        one.file ? h("a", { class: "eg-button", href: pictureUrl(one), download: fileName(one) }, icon("download", 16), word("download")) : null);
    }

    function finished() {
      stage.replaceChildren(h("div", { class: "eg-empty" }, icon("check", 40), h("h2", {}, word("deal_done")),
        rated ? h("p", {}, word("deal_done_text", { n: rated })) : null,
        h("button", { type: "button", class: "eg-button is-primary", onclick: () => dialog.close() }, word("back_to_gallery"))));
      side.replaceChildren(h("header", {}, h("span"), iconButton("undo", "undo", undo), iconButton("close", "close", () => dialog.close())));
      stage.querySelector("button").focus();
    }

    const KEYS = { ArrowLeft: () => go(-1), ArrowRight: () => go(1), ArrowUp: () => vote(true), ArrowDown: () => vote(false), l: () => vote(true), d: () => vote(false), s: shortlist, z: undo };
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
      const number = Number(event.key);
      const run = KEYS[event.key] ?? KEYS[event.key.toLowerCase()] ?? (number >= 1 && number <= list.reasons.length ? () => reason(list.reasons[number - 1]) : null);
      if (!run) return;
      event.preventDefault();
      run();
    });
    const again = (cards) => card() && cards.includes(card()) && draw();
    judging.listeners.add(again);
    drawings.add(draw);
    dialog.addEventListener("close", () => {
      judging.listeners.delete(again);
      drawings.delete(draw);
      dialog.remove();
      document.body.classList.remove("eg-viewing");
      open = undefined;
      list.closed(card());
    });
    dialog.tabIndex = -1;
    open = { dialog };
    document.body.append(dialog);
    document.body.classList.add("eg-viewing");
    dialog.showModal();
    draw();
    dialog.focus();
  }

  let moreOpen = false;

  // Ask for the name of a new shortlist, in a small form that takes the place of `node`; null when it was left.
  function nameList(node) {
    return new Promise((resolve, reject) => {
      const input = h("input", { type: "text", maxlength: 60, placeholder: word("shortlist_name"), "aria-label": word("shortlist_name") });
      const form = h("form", { class: "eg-name-list", onsubmit: (event) => {
        event.preventDefault();
        if (input.value.trim()) judging.newList(input.value).then(resolve, reject);
      }, onkeydown: (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        resolve(null);
      } }, input, h("button", { type: "submit", class: "eg-button" }, word("shortlist_make")));
      node.replaceWith(form);
      input.focus();
    });
  }

  Object.assign(window.ecomgen, { viewer, nameList });
})();
