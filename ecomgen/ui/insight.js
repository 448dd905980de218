// Insight: what reviewers think, as plain bars. Every number also stands there as text; words reach the page as text only.
(() => {
  const { word, label, h, icon, drawings, winRates } = window.ecomgen;
  const PERIODS = [7, 30, 90, 0]; // days; 0: all of it
  const BARS = 8; // of one kind, until all are asked for
  const MOST_BYTES = 2 ** 20;

  const number = (value) => value.toLocaleString(ecomgen.language === "zh" ? "zh-CN" : "en-GB");
  const percent = (share) => (share == null ? "–" : (share > 0 && share < 0.005 ? "<1" : Math.round(100 * share)) + (ecomgen.language === "zh" ? "%" : "\u00a0%"));
  function shape(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  const part = (key, ...children) => h("section", { class: "eg-figure" }, h("h2", {}, word(key)), ...children);
  const nothing = (key) => h("p", { class: "eg-quiet" }, word(key));

  // --- asking --------------------------------------------------------------------------------------------------------

  async function asked(path, body) {
    const headers = { "Accept-Language": ecomgen.language, ...(body && { "Content-Type": "application/json" }) };
    const failed = () => word(body ? "trend_failed" : "in_failed");
    let answer, told;
    try {
      answer = await fetch(`insight/${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
      told = await answer.json();
    } catch {
      throw new Error(failed());
    }
    if (!answer.ok) throw new Error(told.error || failed());
    return told;
  }
  const base64 = (file) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(word("trend_failed")));
    reader.readAsDataURL(file);
  });

  // --- votes over time: up above the line, down below it ---------------------------------------------------------------

  const DAY = 86400000;
  // Days with votes as bars without gaps: of a day, a week, or a month, so that they stay wide enough to be seen.
  function bars(days) {
    const first = Date.parse(days[0][0]), last = Date.parse(days.at(-1)[0]);
    const span = (last - first) / DAY + 1;
    const each = span <= 45 ? "day" : span <= 320 ? "week" : "month";
    const monday = (time) => time - ((new Date(time).getUTCDay() + 6) % 7) * DAY;
    const start = (time) => (each === "day" ? time : each === "week" ? monday(time) : Date.UTC(new Date(time).getUTCFullYear(), new Date(time).getUTCMonth()));
    const found = new Map();
    for (let time = first; time <= last; time += DAY) found.set(start(time), { up: 0, down: 0 });
    for (const [day, up, down] of days) {
      const bar = found.get(start(Date.parse(day)));
      bar.up += up;
      bar.down += down;
    }
    return { each, bars: [...found].map(([time, counts]) => ({ day: new Date(time).toISOString().slice(0, 10), ...counts })) };
  }

  function votes({ days }) {
    if (!days.length) return part("in_votes", nothing("in_votes_none"));
    const { each, bars: all } = bars(days);
    const sums = { up: days.reduce((sum, d) => sum + d[1], 0), down: days.reduce((sum, d) => sum + d[2], 0) };
    const shown = { up: number(sums.up), down: number(sums.down) };
    const above = Math.max(...all.map((bar) => bar.up)), below = Math.max(...all.map((bar) => bar.down));
    const height = 150, scale = height / Math.max(1, above + below), line = above * scale;
    const width = Math.max(all.length, 12);
    const chart = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "eg-votes", role: "img",
      "aria-label": word("in_votes_about", { first: days[0][0], last: days.at(-1)[0], ...shown }) });
    all.forEach((bar, at) => {
      const told = shape("title", {}, `${bar.day}: ${word("in_votes_sum", { up: number(bar.up), down: number(bar.down) })}`);
      chart.append(shape("g", {}, told, shape("rect", { x: at, y: 0, width: 1, height, fill: "transparent" }),
        shape("rect", { x: at + 0.14, y: line - bar.up * scale, width: 0.72, height: bar.up * scale, class: "is-up" }),
        shape("rect", { x: at + 0.14, y: line, width: 0.72, height: bar.down * scale, class: "is-down" })));
    });
    chart.append(shape("line", { x1: 0, x2: width, y1: line, y2: line }));
    return part("in_votes",
      h("p", { class: "eg-legend" }, h("span", { class: "is-up" }, word("in_up")), h("span", { class: "is-down" }, word("in_down")), h("span", {}, word(`in_each_${each}`, { n: number(Math.max(...all.map((bar) => bar.up + bar.down))) }))),
      chart,
      h("p", { class: "eg-axis" }, h("span", {}, all[0].day), h("b", {}, word("in_votes_sum", shown)), h("span", {}, all.at(-1).day)));
  }

  // --- shares as bars, with where the true share lies --------------------------------------------------------------------

  const bar = (share, kind, whisker) => h("span", { class: `eg-bar ${kind}`, "aria-hidden": "true" },
    h("i", { style: `width:${100 * share}%` }), ...(whisker ? [h("u", { style: `left:${100 * whisker.low}%;width:${100 * (whisker.high - whisker.low)}%` })] : []));

  const open = new Set(); // lists that show all of their rows
  function list(name, rows, redraw) {
    const few = open.has(name) ? rows : rows.slice(0, BARS);
    const more = rows.length > few.length && h("button", { type: "button", class: "eg-link", onclick: () => { open.add(name); redraw(); } }, word("in_more", { n: rows.length }));
    return [h("ul", { class: "eg-bars" }, ...few), ...(more ? [more] : [])];
  }
  function row(name, text, about, ...drawn) {
    return h("li", { title: about }, h("span", { class: "eg-bar-name" }, name), h("span", { class: "eg-bar-text" }, text), ...drawn);
  }

  function approval(told, redraw) {
    if (!told.overall) return part("in_approval", nothing("in_approval_none"));
    const { share, judged } = told.overall;
    const kinds = Object.entries(told.approval).filter(([, rows]) => rows.length).map(([kind, rows]) => {
      const drawn = rows.map((one) => {
        const numbers = { share: percent(one.share), low: percent(one.low), high: percent(one.high), n: number(one.judged) };
        return row(kind === "checkpoint" ? one.value : label(one.value), word("in_short", numbers), word("in_value", numbers), bar(one.share, "is-up", one));
      });
      return h("div", {}, h("h3", {}, word(`in_by_${kind}`)), ...list(kind, drawn, redraw));
    });
    return part("in_approval", h("p", { class: "eg-lead-number" }, word("in_approval_all", { share: percent(share), n: number(judged) })),
      h("p", { class: "eg-quiet" }, word("in_approval_text")), h("div", { class: "eg-approvals" }, ...kinds));
  }

  function reasons(told) {
    if (!told.reasons.length) return part("in_reasons", nothing("in_reasons_none"));
    const most = told.reasons[0].votes;
    return part("in_reasons", h("ul", { class: "eg-bars" },
      ...told.reasons.map((one) => row(word(one.name), number(one.votes), null, bar(one.votes / most, "is-down")))));
  }

  function agreement(told) {
    if (!told.agreement) return part("in_agreement", nothing("in_agreement_none"));
    const { pictures, observed, by_chance, alpha } = told.agreement;
    const numbers = { observed: percent(observed), chance: percent(by_chance), n: number(pictures) };
    const verdict = alpha == null ? [] : [h("p", {}, word(alpha >= 0.67 ? "in_agreement_good" : alpha >= 0.2 ? "in_agreement_fair" : "in_agreement_poor"))];
    return part("in_agreement", h("p", { class: "eg-lead-number" }, word(alpha == null ? "in_agreement_same" : "in_agreement_text", numbers)), ...verdict,
      h("p", { class: "eg-quiet" }, word("in_agreement_n", numbers) + (alpha == null ? "" : ` (α ${alpha.toFixed(2)})`)));
  }

  // --- the market ----------------------------------------------------------------------------------------------------------

  function drift(one, redraw) {
    if (one.distance == null) return h("div", {}, h("h3", {}, label(one.attribute)), nothing("trend_no_pictures"));
    const widest = Math.max(...one.values.flatMap((v) => [v.market, v.made ?? 0, v.liked ?? 0]));
    const gap = one.values.filter((v) => v.value).sort((a, b) => Math.abs(b.market - b.made) - Math.abs(a.market - a.made))[0];
    const line = (key, share, kind) => h("div", { class: "eg-pair" }, h("span", {}, word(key)), bar((share ?? 0) / widest, kind), h("span", {}, percent(share)));
    const rows = one.values.map((v) => h("li", {}, h("span", { class: "eg-bar-name" }, v.value ? label(v.value) : word("trend_rest")),
      line("trend_market", v.market, "is-market"), line("trend_made", v.made, "is-up"), ...(v.liked == null ? [] : [line("trend_liked", v.liked, "is-liked")])));
    return h("div", {}, h("h3", {}, label(one.attribute), " ", h("span", { class: "eg-quiet" }, word("trend_on", { day: one.day }))),
      h("p", {}, word("trend_gap", { market: percent(gap.market), made: percent(gap.made), value: label(gap.value) }) + word("trend_distance", { share: percent(one.distance) })),
      ...list(`drift ${one.attribute}`, rows, redraw));
  }

  function insight(element, props, watch) {
    let told = null, problem = "", days = 0, turn = 0, reading = false, upload = null, sending = false;
    let taste = null, learning = false, refused = ""; // what “show the best” has learnt

    async function read() {
      const mine = ++turn;
      reading = true;
      wins.read();
      try {
        const answers = await Promise.all([asked(`summary${days ? `?days=${days}` : ""}`), asked("taste")]);
        if (mine !== turn) return;
        [told, taste] = answers;
        problem = "";
      } catch (error) {
        if (mine !== turn) return;
        problem = error.message;
      }
      reading = false;
      draw();
    }

    async function send(file) {
      sending = true;
      draw();
      try {
        if (file.size > MOST_BYTES) throw new Error(word("trend_large"));
        upload = await asked("trend", { table: await base64(file) });
        await read();
      } catch (error) {
        upload = { problem: error.message };
      }
      sending = false;
      draw();
    }

    async function learn() {
      [learning, refused] = [true, ""];
      draw();
      try {
        taste = await asked("taste", {});
      } catch (error) {
        refused = error.message;
      }
      learning = false;
      draw();
    }
    function best() {
      const numbers = taste?.votes ? { n: number(taste.votes), share: percent(taste.ranked) } : null;
      return part("taste", h("p", {}, numbers ? word("taste_votes", numbers) : word("taste_none")),
        h("div", { class: "eg-trend-tools" }, h("button", { type: "button", class: "eg-button", disabled: learning, onclick: learn }, word(learning ? "taste_learning" : "taste_learn"))),
        h("div", { role: "status", "aria-live": "polite" }, ...(refused ? [h("p", { class: "eg-notice is-problem" }, icon("details"), h("span", {}, refused))] : [])));
    }

    const wins = winRates(); // which checkpoint wins when two are compared
    wins.node.classList.add("eg-figure");

    const file = h("input", { type: "file", accept: ".csv,text/csv", hidden: true, onchange: () => {
      const [chosen] = file.files;
      file.value = "";
      if (chosen) send(chosen);
    } });

    function outcome() {
      if (sending) return [h("p", { class: "eg-quiet" }, word("trend_reading"))];
      if (!upload) return [];
      if (upload.problem) return [h("p", { class: "eg-notice is-problem" }, icon("details"), h("span", {}, upload.problem))];
      const faults = upload.problems.map((p) => h("li", {}, word("trend_line", { line: p.line, text: word(`trend_fault_${p.fault}`, { word: p.word }) })));
      const rest = upload.left_out - faults.length;
      return [h("p", {}, word("trend_taken", { n: number(upload.taken) })), ...(faults.length ? [h("p", {}, word("trend_left_out", { n: number(upload.left_out) })),
        h("ul", { class: "eg-faults" }, ...faults, ...(rest ? [h("li", {}, word("trend_more_left", { n: number(rest) }))] : []))] : [])];
    }

    function trend() {
      const shown = told.drift.length ? [h("div", { class: "eg-drifts" }, ...told.drift.map((one) => drift(one, draw)))] : [nothing("trend_none")];
      return part("trend", h("p", { class: "eg-quiet" }, word("trend_text")),
        h("div", { class: "eg-trend-tools" }, h("button", { type: "button", class: "eg-button", disabled: sending, onclick: () => file.click() }, icon("copy", 16), word("trend_choose")),
          h("a", { class: "eg-link", href: "insight/example.csv", download: "market-trend.csv" }, icon("download", 15), word("trend_example"))),
        h("div", { role: "status", "aria-live": "polite" }, ...outcome()), ...shown);
    }

    function draw() {
      const periods = h("div", { class: "eg-ratings", role: "group", "aria-label": word("in_period") }, ...PERIODS.map((n) =>
        h("button", { type: "button", class: "eg-chip", "aria-pressed": String(days === n), onclick: () => { days = n; draw(); read(); } }, n ? word("in_days", { n }) : word("in_always"))));
      const failed = problem ? [h("p", { class: "eg-notice is-problem" }, icon("details"), h("span", {}, problem)), h("button", { type: "button", class: "eg-button", onclick: read }, word("try_again"))] : [];
      const figures = told ? [votes(told), approval(told, draw), h("div", { class: "eg-figures" }, reasons(told), agreement(told)),
        wins.node,
        best(), trend()] : problem ? [] : [h("p", { class: "eg-quiet" }, word("in_loading"))];
      const focused = element.contains(document.activeElement) ? document.activeElement.textContent : "";
      element.replaceChildren(periods, ...failed, ...figures, file);
      if (focused) [...element.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
    }

    element.classList.add("eg-insight");
    drawings.add(draw);
    watch("value", () => element.checkVisibility() && !reading && read());
    draw();
    read();
  }

  window.ecomgen.insight = insight;
})();
