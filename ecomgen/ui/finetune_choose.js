// Fine-tune, step 2: what it begins with, how long, and the button that starts it.
(() => {
  const { word, h, copy, tuning } = window.ecomgen;

  function chooseStep(state, { redraw, started, options }) {
    let command = "", fault = "", starting = false, turn = 0;
    const choice = () => (state.choice ??= {});
    const value = (key) => choice()[key] ?? { name: options().name, base: options().base, method: "full", minutes: options().machine.minutes }[key];
    const wanted = () => ({ upload: state.upload, prepared: state.prepared, ...Object.fromEntries(["name", "base", "method", "minutes"].map((key) => [key, value(key)])) });

    const line = h("code", {}), trouble = h("div", {}), until = h("p", { class: "eg-quiet" });
    function tell() {
      const time = new Date(Date.now() + value("minutes") * 60000).toLocaleTimeString(ecomgen.language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });
      const { device, name } = options().machine;
      until.textContent = `${device === "cuda" ? word("ft_on_gpu", { name }) : word("ft_on_cpu")} ${word("ft_done_at", { time })}`;
      line.textContent = command;
      trouble.replaceChildren(...(fault ? [tuning.problem(fault)] : []));
    }
    async function read() {
      if (!state.prepared || !options()) return;
      const mine = ++turn;
      let told = {}, said = "";
      try {
        told = await tuning.asked("command", wanted());
      } catch (error) {
        said = error.message;
      }
      if (mine !== turn) return;
      [command, fault] = [told.command ?? "", said];
      tell();
    }
    let later;
    function set(key, given) {
      choice()[key] = given;
      state.save();
      clearTimeout(later);
      later = setTimeout(read, 250);
    }

    async function start() {
      starting = true;
      redraw();
      try {
        const { id } = await tuning.asked("jobs", { ...wanted(), visitor: state.visitor });
        delete state.choice;
        starting = false;
        started(id);
        return;
      } catch (error) {
        fault = error.message;
      }
      starting = false;
      redraw();
    }

    return {
      read,
      get summary() { return ""; },
      draw() {
        if (!options()) return [tuning.busy(word("ft_loading"))];
        const field = (key, node, note) => h("label", { class: "eg-field" }, h("span", {}, word(key)), node, note ?? null);
        const name = h("input", { type: "text", class: "eg-input", id: "eg-ft-name", maxlength: 48, value: value("name"), spellcheck: "false", autocomplete: "off", oninput: () => set("name", name.value.trim()) });
        const base = h("select", { class: "eg-input", onchange: () => set("base", base.value) }, ...options().bases.map((b) => h("option", { value: b.name, selected: b.name === value("base") }, b.title || b.name)));
        const minutes = h("input", { type: "number", class: "eg-input", min: 0.1, max: 1440, step: "any", value: value("minutes"), id: "eg-ft-minutes", oninput: () => { set("minutes", Number(minutes.value)); tell(); } });
        const methods = h("div", { class: "eg-methods", role: "radiogroup", "aria-label": word("ft_method") }, ...options().methods.map((method) => {
          const radio = h("input", { type: "radio", name: "eg-ft-method", value: method, onchange: () => set("method", method) });
          radio.checked = value("method") === method;
          return h("label", {}, radio, h("span", {}, h("b", {}, word(`ft_method_${method}`)), h("span", { class: "eg-quiet" }, word(`ft_method_${method}_text`))));
        }));
        tell();
        return [h("div", { class: "eg-fields" }, field("ft_name", name), field("ft_base", base), field("ft_minutes", minutes)),
          h("div", { class: "eg-field" }, h("span", {}, word("ft_method")), methods), until, trouble,
          h("div", { class: "eg-row" }, tuning.button(starting ? "ft_starting" : "ft_start", start, { class: "eg-button is-primary", disabled: starting || !state.prepared })),
          h("details", { class: "eg-fold" }, h("summary", {}, word("ft_command")), h("div", { class: "eg-code" }, line, tuning.button("copy", () => copy(command, word("copied")))))];
      },
    };
  }

  window.ecomgen.tuning.chooseStep = chooseStep;
})();
