// The Fine-tune tab: four steps, one of them open. What was reached is kept in the browser; everything else is asked of the server.
(() => {
  const { word, h, drawings, tuning } = window.ecomgen;
  const KEPT = "ecomgen-finetune";

  function finetune(element, props, watch) {
    const state = { step: 1 };
    try {
      Object.assign(state, JSON.parse(localStorage.getItem(KEPT)) ?? {});
    } catch { /* what is not readable is begun anew */ }
    Object.defineProperty(state, "save", { value: () => {
      try {
        localStorage.setItem(KEPT, JSON.stringify(state));
      } catch { /* a full or forbidden store: this visit still works */ }
    } });
    let options = null, fault = "";
    const visible = () => element.checkVisibility() && document.visibilityState === "visible";
    const go = (step) => {
      state.step = step;
      state.save();
      if (step === 2) choose.read();
      if (step === 4) result.read();
      draw();
      sections[step - 1].scrollIntoView({ block: "nearest", behavior: "smooth" });
    };
    const upload = tuning.uploadStep(state, { redraw: () => paint(1), forward: () => go(2), options: () => options });
    const choose = tuning.chooseStep(state, { redraw: () => paint(2), options: () => options, started: async (id) => {
      state.job = id;
      go(3);
      await watching.read();
      ask();
    } });
    const watching = tuning.watchStep(state, { redraw: () => draw(), opened: () => draw(), compare: () => go(4), visible });
    const result = tuning.resultStep(state, { redraw: () => paint(4), job: () => watching.job,
      gone: async () => { state.job = null; await watching.read(); await ask(); go(3); },
      published: async () => { await Promise.all([own.read(), watching.read(), ask()]); } });
    const own = tuning.ownList({ redraw: () => drawOwn(), options: () => options });
    const steps = [upload, choose, watching, result];
    const finished = () => watching.job?.usable && !["queued", "running"].includes(watching.job.state);
    const open = [() => true, () => choose.possible, () => watching.any, finished];

    const sections = steps.map(() => h("section", { class: "eg-step" }));
    const mine = h("section", { class: "eg-step eg-mine" }), lead = h("p", { class: "eg-lead" }), trouble = h("div", {});

    function paint(number) {
      const section = sections[number - 1], step = steps[number - 1], isOpen = state.step === number;
      section.classList.toggle("is-open", isOpen);
      const head = h("button", { type: "button", class: "eg-step-head", "aria-expanded": String(isOpen), disabled: !isOpen && !open[number - 1](), onclick: () => !isOpen && go(number) },
        h("span", { class: "eg-step-number" }, String(number)), h("h2", {}, word(`ft_step${number}`)), isOpen ? null : h("span", { class: "eg-quiet" }, step.summary));
      const place = section.contains(document.activeElement) ? [...section.querySelectorAll("button, input, select, summary")].indexOf(document.activeElement) : -1;
      section.replaceChildren(head, ...(isOpen ? [h("div", { class: "eg-step-body" }, ...step.draw())] : []));
      if (place >= 0) [...section.querySelectorAll("button, input, select, summary")][place]?.focus({ preventScroll: true });
    }
    function drawOwn() {
      mine.replaceChildren(h("div", { class: "eg-step-body" }, ...own.draw()));
    }
    function draw() {
      lead.textContent = word("ft_lead");
      trouble.replaceChildren(...(fault ? [tuning.problem(fault), tuning.button("try_again", ask)] : []));
      steps.forEach((_, i) => paint(i + 1));
      drawOwn();
    }

    async function ask() {
      try {
        options = await tuning.asked("options");
        fault = "";
      } catch (error) {
        fault = error.message;
      }
      draw();
    }
    async function begin() {
      await Promise.all([ask(), watching.read(), own.read()]);
      if (state.upload) await upload.check();
      if (!open[state.step - 1]?.()) state.step = watching.any && !state.upload ? 3 : 1;
      go(state.step);
    }

    element.classList.add("eg-finetune");
    element.replaceChildren(lead, trouble, ...sections, mine);
    drawings.add(draw);
    let begun = false;
    watch("value", () => {
      state.visitor = props.value?.visitor ?? "";
      if (!visible()) return;
      if (begun) watching.read();
      else begin();
      begun = true;
    });
    draw();
  }

  window.ecomgen.finetune = finetune;
})();
