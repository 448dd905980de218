// Fine-tune, step 3: the jobs and how they go. Each part is drawn again only when what it shows has changed, so that a poll disturbs nobody.
(() => {
  const { word, h, icon, tuning } = window.ecomgen;
  // What a job says that it does -> its words here.
  const DOING = {
    "Measuring this machine": "measure",
    "Reading the photos": "read",
    "Looking at the photos": "look",
    "Learning to draw products": "draw",
    "Learning what belongs to which words": "words",
    "Drawing from nothing": "detail",
    "Drawing with the base": "gain",
    "Drawing with the new checkpoint": "gain",
    "Asking for the base's words": "forgot",
    "Comparing with the base's photos": "forgot",
    Done: "gain",
  };
  const LEARNING = ["loss autoencoder", "loss adversarial"];

  function far(job) {
    if (job.state === "done") return { share: 1 };
    return { name: DOING[job.what] ?? "start", share: job.share, left: job.share > 0.02 ? job.seconds_left : null };
  }
  const state = (job) => (job.asked && job.state === "running" ? word("ft_state_ending") : word(`ft_state_${job.state}`, { n: job.place }));

  function shape(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  // One line, scaled to its box; the numbers stand below it as text.
  function curve(key, points) {
    if (points.length < 2) return null;
    const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const at = ([x, y]) => `${(((x - left) / (right - left || 1)) * 300).toFixed(1)},${(78 - ((y - low) / (high - low || 1)) * 76).toFixed(1)}`;
    const short = (value) => (Math.abs(value) < 1 ? value.toFixed(4) : value.toFixed(1));
    const said = word("ft_curve_now", { name: word(key), first: short(ys[0]), last: short(ys.at(-1)) });
    return h("figure", { class: "eg-curve" }, shape("svg", { viewBox: "0 0 300 80", preserveAspectRatio: "none", role: "img", "aria-label": said }, shape("polyline", { points: points.map(at).join(" ") })), h("figcaption", {}, said));
  }
  // The two phases of drawing one after the other, each against its own first loss.
  function loss(curves) {
    const phases = LEARNING.map((name) => curves[name] ?? []).filter((p) => p.length);
    return phases.length ? phases.at(-1) : [];
  }

  // A node whose children are made again only when `key` is another than last time.
  function part(tag, options) {
    const node = h(tag, options);
    let last;
    return { node, show(key, make) {
      const now = JSON.stringify([ecomgen.language, key]);
      if (now !== last) node.replaceChildren(...make());
      last = now;
    } };
  }

  function watchStep(kept, { redraw, opened, compare, visible }) {
    let jobs = null, job = null, fault = "", timer = 0, reading = false, at = null;
    const list = part("div", {}), head = part("div", {}), bar = h("progress", { max: 1, value: 0, class: "eg-progress" }), told = part("p", { class: "eg-quiet", role: "status" });
    const tools = part("div", { class: "eg-row" }), curves = part("div", { class: "eg-curves" }), samples = part("div", {}), log = part("pre", { class: "eg-log" }), trouble = part("div", {});
    const fold = h("details", { class: "eg-fold" }, h("summary", {}), log.node);

    async function act(wish) {
      fault = "";
      try {
        await tuning.asked(`jobs/${job.id}/${wish}`, { sure: true });
        if (wish === "delete" || (wish === "cancel" && job.state !== "running")) choose(null);
      } catch (error) {
        fault = error.message;
      }
      await read();
    }
    function choose(id) {
      [kept.job, job, at] = [id, null, null];
      kept.save();
      opened();
    }

    async function read() {
      if (reading) return;
      reading = true;
      try {
        ({ jobs } = await tuning.asked("jobs"));
        if (kept.job && !jobs.some((one) => one.id === kept.job)) [kept.job, job] = [null, null];
        kept.job ??= jobs[0]?.id;
        if (kept.job) {
          const wanted = kept.job, now = await tuning.asked(`jobs/${wanted}`);
          if (wanted === kept.job) {
            const ended = job && job.id === now.id && job.state !== now.state;
            job = now;
            if (ended) redraw();
          }
        }
        fault = "";
      } catch (error) {
        fault = error.message;
      }
      reading = false;
      paint();
    }
    function poll() {
      clearInterval(timer);
      timer = setInterval(() => visible() && read(), 2000);
    }

    function picture() {
      const names = job.samples;
      if (!names.length) return [h("p", { class: "eg-quiet" }, word("ft_samples_none"))];
      const last = names.length - 1, chosen = Math.min(at ?? last, last);
      const image = h("img", { alt: word("ft_samples"), class: "eg-samples" }), said = h("span", { class: "eg-quiet" });
      const show = (n) => {
        image.src = `finetune/jobs/${job.id}/pictures/${names[n]}?${job.what === "Learning to draw products" ? Math.floor(Date.now() / 20000) : ""}`;
        said.textContent = word("ft_samples_step", { n: n + 1, all: names.length });
      };
      show(chosen);
      const slide = h("input", { type: "range", min: 0, max: last, value: chosen, class: "eg-slide", "aria-label": word("ft_samples_slide"), oninput: () => { at = Number(slide.value) === last ? null : Number(slide.value); show(Number(slide.value)); } });
      slide.value = chosen;
      return [h("h3", {}, word("ft_samples")), image, ...(last ? [h("label", { class: "eg-slider" }, slide, said)] : [])];
    }

    function actions() {
      const sure = (key, wish) => () => window.confirm(word(key)) && act(wish);
      const ending = job.asked !== "";
      const done = job.state === "done" || (job.usable && !["running", "queued"].includes(job.state));
      return {
        queued: [tuning.button("ft_cancel", sure("ft_cancel_sure", "cancel"))],
        running: [tuning.button("ft_stop", () => act("stop"), { disabled: ending }), tuning.button("ft_cancel", sure("ft_cancel_sure", "cancel"), { disabled: job.asked === "cancel" })],
        stopped: [tuning.button("ft_resume", () => act("resume"), { class: "eg-button is-primary" }), ...(done ? [tuning.button("ft_see", compare)] : []), tuning.button("ft_discard", sure("ft_discard_sure", "delete"))],
        failed: [tuning.button("ft_resume", () => act("resume")), tuning.button("ft_discard", sure("ft_discard_sure", "delete"))],
        done: [tuning.button("ft_see", compare, { class: "eg-button is-primary" })],
      }[job.state] ?? [];
    }

    function paint() {
      trouble.show(fault, () => (fault ? [tuning.problem(fault)] : []));
      list.show([jobs?.map((one) => [one.id, one.title, one.state, one.asked, one.place, Math.round(100 * far(one).share)]), kept.job], () => !jobs ? [tuning.busy(word("ft_loading"))] : !jobs.length ? [h("p", { class: "eg-quiet" }, word("ft_jobs_none"))]
        : [h("ul", { class: "eg-jobs" }, ...jobs.map((one) => h("li", {}, h("button", { type: "button", "aria-pressed": String(one.id === kept.job), onclick: () => { choose(one.id); read(); } },
          h("b", {}, one.title), h("span", { class: `eg-state is-${one.state}` }, one.state === "running" && !one.asked ? `${state(one)} ${Math.round(100 * far(one).share)} %` : state(one))))))]);
      const shown = Boolean(job);
      for (const one of [head.node, bar, told.node, tools.node, curves.node, samples.node, fold]) one.hidden = !shown;
      if (!shown) return;
      const { name, share, left } = far(job);
      const active = job.state === "running" || job.state === "queued";
      head.show([job.title, job.state, job.reason], () => [h("h3", {}, job.title), ...(job.reason ? [tuning.problem(job.reason)] : [])]);
      bar.hidden = !active && job.state !== "stopped";
      bar.value = share;
      const memory = job.memory ? word(job.accelerator ? "ft_memory_gpu" : "ft_memory", { mb: Math.round(job.memory / 2 ** 20), gpu: Math.round((job.accelerator ?? 0) / 2 ** 20) }) : "";
      const time = job.state === "running" && left != null ? (left < 60 ? word("ft_left_s") : word("ft_left_m", { n: Math.ceil(left / 60) })) : "";
      const doing = job.state === "queued" ? word("ft_doing_wait") : job.state === "running" ? word(`ft_doing_${name}`) : "";
      told.show([doing, time, memory], () => [[doing, time, memory].filter(Boolean).join(" · ")]);
      tools.show([job.id, job.state, job.asked, job.usable], actions);
      curves.show([job.id, job.curve], () => [curve("ft_loss", loss(job.curve)), curve("ft_kid", job.curve.kid ?? [])].filter(Boolean));
      samples.show([job.id, job.samples, job.samples[0] === "reconstructions" && Math.round(20 * share)], picture);
      fold.firstChild.textContent = word("ft_log");
      log.show(job.log, () => [job.log.join("\n")]);
    }

    poll();
    return {
      read,
      get job() { return job; },
      get any() { return Boolean(jobs?.length); },
      get summary() { return job ? `${job.title}: ${state(job)}` : ""; },
      draw() {
        paint();
        return [trouble.node, list.node, head.node, bar, told.node, tools.node, samples.node, curves.node, fold];
      },
    };
  }

  Object.assign(window.ecomgen.tuning, { watchStep });
})();
