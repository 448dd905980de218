// Which of two pictures is better: a blind view of pairs from the gallery or of two checkpoints, and who wins.
(() => {
  const { newId, word, h, icon, iconButton, toast, drawings, judging } = window.ecomgen;
  const SHOWN = 2000; // milliseconds for which the checkpoints' names are to be read
  const key = (name) => h("kbd", { class: "eg-key", "aria-hidden": "true" }, name);
  // On a phone the left picture stands above the right one.
  const better = (side) => word(matchMedia("(max-width: 640px)").matches ? { left: "compare_upper", right: "compare_lower" }[side] ?? `compare_${side}` : `compare_${side}`);
  const percent = (share) => `${Math.round(100 * share)} %`;
  const kept = { prompt: "", first: "", second: "" }; // what this page last asked two checkpoints for

  // A table of which checkpoint wins: {node, read(): asks again, stop(): leaves the page}.
  function winRates() {
    let rates = [];
    const node = h("section", { class: "eg-wins" });
    const range = ({ rate, low, high }) => {
      const strip = h("div", { class: "eg-range", "aria-hidden": "true" }, h("i"), h("b"));
      strip.firstChild.style.cssText = `left: ${100 * low}%; right: ${100 - 100 * high}%`;
      strip.lastChild.style.left = `${100 * rate}%`;
      return strip;
    };
    const draw = () => node.replaceChildren(h("h2", {}, word("compare_wins")), ...(rates.length ? [
      h("p", { class: "eg-quiet" }, word("compare_wins_hint")),
      h("table", {},
        h("thead", {}, h("tr", {}, ...["f_model", "compare_rate", "compare_count"].map((name) => h("th", { scope: "col" }, word(name))))),
        h("tbody", {}, ...rates.map((one) => h("tr", {},
          h("th", { scope: "row" }, one.model),
          h("td", {}, h("b", {}, percent(one.rate)), h("span", { class: "eg-quiet" }, ` (${percent(one.low)} – ${percent(one.high)})`), range(one)),
          h("td", {}, one.comparisons.toLocaleString()))))),
    ] : [h("p", { class: "eg-quiet" }, word("compare_no_wins"))]));
    const read = async () => {
      const answer = await judging.asked("winrates").catch(() => null); // what was there stays
      if (answer) rates = answer.rates;
      draw();
    };
    drawings.add(draw);
    draw();
    return { node, read, stop: () => drawings.delete(draw) };
  }

  // pictures: two ids to begin with, or none; closed() is called at the end.
  function compare({ pictures = [], closed = () => {} }) {
    let source = "pictures", checkpoints = null;
    let pair = null, answer = null; // answer: {id, winner, left, right: the checkpoints}
    let problem = "", busy = false, turn = 0, timer;
    let coming = []; // promises of the pairs that follow
    const done = []; // {id, pair}: what can be undone, the latest last

    const dialog = h("dialog", { class: "eg-viewer eg-compare", "aria-label": word("compare_title"), tabindex: -1 });
    const head = h("header", { class: "eg-compare-head" });
    const stage = h("div", { class: "eg-compare-stage" });
    const verdicts = h("div", { class: "eg-compare-verdicts" });
    const wins = winRates();
    const first = h("select", { onchange: () => ask() }), second = h("select", { onchange: () => ask() });
    const prompt = h("input", { type: "text", maxlength: 500, value: kept.prompt });
    const form = h("form", { class: "eg-compare-form", onsubmit: (event) => { event.preventDefault(); ask(); } });
    dialog.append(h("div", { class: "eg-compare-page" }, head, form, stage, verdicts, wins.node));

    // --- asking ------------------------------------------------------------------------------------------------------

    const fetched = (body) => {
      const promise = judging.asked(body.first ? "duel" : "pair", { ...body, visitor: judging.visitor }).then((told) => {
        if (told.pair) for (const side of ["left", "right"]) new Image().src = address(told.pair[side]);
        return told.pair;
      });
      promise.catch(() => {}); // told to whoever waits for it
      return promise;
    };
    const more = () => fetched(source === "duel" ? { first: first.value, second: second.value, prompt: prompt.value } : {});
    const address = (picture) => `pictures/${picture.id}.png`;

    async function next() {
      clearTimeout(timer);
      const mine = ++turn;
      const waited = coming.shift() ?? more();
      pair = answer = null;
      problem = "";
      busy = true;
      draw();
      try {
        const found = await waited;
        if (mine !== turn) return;
        pair = found;
        problem = pair ? "" : word("compare_none");
        // Two checkpoints draw the next pair while this one is looked at.
        if (source === "duel" && !coming.length) coming.push(more());
      } catch (error) {
        if (mine !== turn) return;
        problem = error.message;
      }
      busy = false;
      draw();
    }

    // Begin anew with what is chosen now.
    function ask() {
      Object.assign(kept, { prompt: prompt.value, first: first.value, second: second.value });
      coming = [];
      if (source === "pictures" || (checkpoints?.length > 1 && prompt.value.trim())) return next();
      clearTimeout(timer);
      turn++;
      pair = answer = null;
      busy = false;
      problem = word(checkpoints?.length > 1 ? "compare_ask" : "compare_only_one");
      draw();
    }

    async function choose(wanted) {
      source = wanted;
      if (source === "duel") {
        try {
          checkpoints = (await judging.asked("checkpoints")).checkpoints;
        } catch (error) {
          checkpoints = [];
          toast(error.message);
        }
        if (source !== wanted) return;
        const fill = (select, at) => {
          const value = select.value || kept[select === first ? "first" : "second"];
          const there = checkpoints.some((one) => one.name === value) ? value : checkpoints[at]?.name;
          select.replaceChildren(...checkpoints.map((one) => h("option", { value: one.name, selected: one.name === there }, one.title === one.name ? one.name : `${one.title} (${one.name})`)));
        };
        fill(first, 0);
        fill(second, 1);
      }
      ask();
      if (source === "duel" && !prompt.value) prompt.focus();
    }

    async function judge(winner) {
      if (!pair || answer || busy) return;
      busy = true;
      const mine = turn, judged = pair, id = newId();
      try {
        const told = await judging.asked("comparison", { id, left: judged.left.id, right: judged.right.id, winner, visitor: judging.visitor, reviewer: judging.reviewer });
        done.push({ id, pair: judged });
        wins.read();
        if (mine !== turn) return;
        answer = { winner, ...told };
        if (!coming.length) coming.push(more());
        timer = setTimeout(next, SHOWN);
      } catch (error) { toast(error.message); }
      if (mine !== turn) return;
      busy = false;
      draw();
    }

    async function undo() {
      const last = done.pop();
      if (!last) return toast(word("nothing_to_undo"));
      clearTimeout(timer);
      try {
        await judging.asked("comparison/undo", { id: last.id, visitor: judging.visitor });
      } catch (error) {
        done.push(last);
        return toast(error.message);
      }
      turn++;
      if (pair && !answer) coming.unshift(Promise.resolve(pair));
      ({ pair } = last);
      answer = null;
      problem = "";
      busy = false;
      wins.read();
      toast(word("undone"));
      draw();
    }

    // --- drawing -------------------------------------------------------------------------------------------------------

    function picture(side) {
      const won = answer && answer.winner === side;
      return h("figure", { class: `is-${side}${won ? " is-winner" : ""}` },
        h("button", { type: "button", class: "eg-compare-shot", "aria-label": better(side), onclick: () => judge(side) },
          h("img", { src: address(pair[side]), alt: word(`compare_picture_${side}`), draggable: "false" })),
        pair.left.prompt === pair.right.prompt ? null : h("p", { class: "eg-compare-asked" }, pair[side].prompt),
        answer ? h("figcaption", {}, answer[side], won ? h("span", { class: "eg-tag is-own" }, word("compare_chosen")) : null) : null);
    }

    function draw() {
      const had = dialog.contains(document.activeElement) && !form.contains(document.activeElement) ? document.activeElement.dataset.action : null;
      const inForm = form.contains(document.activeElement);
      const choice = (name, text) => h("button", { type: "button", class: "eg-chip", "data-action": name, "aria-pressed": String(source === name), onclick: () => choose(name) }, word(text));
      dialog.setAttribute("aria-label", word("compare_title"));
      head.replaceChildren(h("div", { class: "eg-ratings", role: "group", "aria-label": word("compare_source") }, choice("pictures", "compare_pictures"), choice("duel", "compare_checkpoints")),
        h("span", { class: "eg-space" }),
        iconButton("undo", "undo", undo, { "data-action": "undo", disabled: !done.length }),
        iconButton("close", "close", () => dialog.close(), { "data-action": "close" }));
      form.hidden = source !== "duel" || !(checkpoints?.length > 1);
      if (!inForm) drawForm();
      const same = pair && pair.left.prompt === pair.right.prompt;
      stage.replaceChildren(...(pair ? [
        h("h2", {}, same && pair.left.prompt ? pair.left.prompt : word("compare_title")),
        h("div", { class: "eg-compare-two" }, picture("left"), picture("right")),
      ] : problem ? [h("div", { class: "eg-empty", role: "status" }, icon("empty", 40), h("p", {}, problem))]
        : [h("p", { class: "eg-notice is-busy", role: "status" }, icon("details"), h("span", {}, word(source === "duel" ? "compare_drawing" : "loading_more")))]));
      const verdict = (winner, mark) => h("button", { type: "button", class: "eg-verdict", "data-action": winner, onclick: () => judge(winner) }, key(mark), h("span", {}, better(winner)));
      verdicts.hidden = !pair;
      verdicts.replaceChildren(...(answer
        ? [h("button", { type: "button", class: "eg-verdict is-next", "data-action": "next", onclick: next }, word("compare_next"))]
        : [verdict("left", "←"), verdict("neither", "↓"), verdict("right", "→")]),
      h("p", { class: "eg-keys eg-quiet" }, word("compare_keys")));
      if (had) dialog.querySelector(`[data-action="${had}"]`)?.focus();
      if (!dialog.contains(document.activeElement)) dialog.focus();
    }
    function drawForm() {
      for (const [node, text] of [[first, "compare_first"], [second, "compare_second"], [prompt, "compare_prompt"]]) node.setAttribute("aria-label", word(text));
      prompt.placeholder = word("compare_prompt_hint");
      form.replaceChildren(first, second, prompt, h("button", { type: "submit", class: "eg-button is-primary" }, word("compare_start")));
    }

    const KEYS = { ArrowLeft: () => judge("left"), ArrowRight: () => judge("right"), ArrowDown: () => judge("neither"), z: undo };
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.matches("input, select")) return;
      const run = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
      if (!run) return;
      event.preventDefault();
      run();
    });
    drawings.add(draw);
    dialog.addEventListener("close", () => {
      turn++;
      clearTimeout(timer);
      drawings.delete(draw);
      wins.stop();
      dialog.remove();
      document.body.classList.remove("eg-viewing");
      closed();
    });
    document.body.append(dialog);
    document.body.classList.add("eg-viewing");
    dialog.showModal();
    if (pictures.length) coming.push(fetched({ pictures }));
    wins.read();
    next();
    dialog.focus();
  }

  Object.assign(window.ecomgen, { compare, winRates });
})();
