// Fine-tune, step 2: what it begins with, what else it learns from, how long, and the button that starts it.
(() => {
  const { word, h, copy, tuning } = window.ecomgen;

  function chooseStep(state, { redraw, started, options }) {
    let command = "", fault = "", starting = false, turn = 0, estimate = null;
    const choice = () => (state.choice ??= {});
    const value = (key) => choice()[key] ?? { name: options().name, base: options().base, method: "full", minutes: options().machine.minutes, liked: [] }[key];
    const sources = () => options()?.liked ?? [];
    const liked = () => value("liked").filter((id) => sources().some((one) => one.id === id));
    const wanted = () => ({ ...(state.prepared && { upload: state.upload, prepared: state.prepared }), liked: liked(), ...Object.fromEntries(["name", "base", "method", "minutes"].map((key) => [key, value(key)])) });
    const alone = () => !state.prepared;
    const waiting = () => alone() && !liked().length;

    const line = h("code", {}), trouble = h("div", {}), until = h("p", { class: "eg-quiet" }), how = h("p", { class: "eg-quiet" });
    const clock = (seconds) => new Date(Date.now() + seconds * 1000).toLocaleTimeString(ecomgen.language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });
    const minutes = (seconds) => Math.max(1, Math.round(seconds / 60));
    function tell() {
      const { device, name } = options().machine, where = device === "cuda" ? word("ft_on_gpu", { name }) : word("ft_on_cpu");
      const measured = estimate && word("ft_estimate", { n: minutes(estimate.seconds), time: clock(estimate.seconds) });
      const early = estimate && estimate.learning < 0.85 * 60 * value("minutes") && word("ft_estimate_early", { n: minutes(estimate.learning) });
      until.textContent = [where, measured || (fault || waiting() ? "" : word(estimate === false ? "ft_unmeasured" : "ft_measuring")), early].filter(Boolean).join(" ");
      how.textContent = estimate ? [word(estimate.light ? "ft_light" : "ft_no_light", { n: Math.round(100 * estimate.light) }), word("ft_kept_aside", { n: estimate.held_out })].join(" ") : "";
      line.textContent = command;
      trouble.replaceChildren(...(fault ? [tuning.problem(fault)] : []));
    }
    async function read() {
      if (!options()) return;
      const mine = ++turn;
      if (waiting()) {
        [command, fault, estimate] = ["", "", null];
        return tell();
      }
      let told = {}, said = "";
      try {
        told = await tuning.asked("command", wanted());
      } catch (error) {
        said = error.message;
      }
      if (mine !== turn) return;
      [command, fault, estimate] = [told.command ?? "", said, null];
      tell();
      if (said) return;
      let found;
      do { // the machine is measured when it is first asked
        found = await tuning.asked("estimate", wanted()).catch(() => false);
        if (found.measuring) await new Promise((resolve) => setTimeout(resolve, 3000));
        if (mine !== turn) return;
      } while (found.measuring && state.step === 2);
      if (found.measuring) return;
      estimate = found;
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

    function likedPictures() {
      const offered = sources().filter((one) => one.pictures);
      if (!offered.length) return [];
      const box = ({ id, name, pictures }) => {
        const check = h("input", { type: "checkbox", onchange: () => {
          set("liked", check.checked ? [...liked(), id] : liked().filter((one) => one !== id));
          redraw();
        } });
        check.checked = liked().includes(id);
        return h("label", {}, check, h("span", {}, h("b", {}, id === "all" ? word("ft_liked_all") : name), h("span", { class: "eg-quiet" }, word("ft_liked_n", { n: pictures }))));
      };
      return [h("fieldset", { class: "eg-field eg-liked" }, h("legend", {}, word(alone() ? "ft_liked_alone" : "ft_liked")),
        h("div", { class: "eg-methods" }, ...offered.map(box)), h("p", { class: "eg-quiet" }, word(alone() ? "ft_liked_alone_text" : "ft_liked_text", { n: options().least_photos })))];
    }

    return {
      read,
      // Whether there is something to learn from: photos, or enough pictures that people liked.
      get possible() { return Boolean(state.prepared) || sources().reduce((sum, one) => sum + one.pictures, 0) >= options()?.least_photos; },
      get summary() { return !state.prepared && this.possible ? word("ft_liked_offer") : ""; },
      draw() {
        if (!options()) return [tuning.busy(word("ft_loading"))];
        const field = (key, node, note) => h("label", { class: "eg-field" }, h("span", {}, word(key)), node, note ?? null);
        const name = h("input", { type: "text", class: "eg-input", id: "eg-ft-name", maxlength: 48, value: value("name"), spellcheck: "false", autocomplete: "off", oninput: () => set("name", name.value.trim()) });
        const base = h("select", { class: "eg-input", onchange: () => set("base", base.value) }, ...options().bases.map((b) => h("option", { value: b.name, selected: b.name === value("base") }, b.title || b.name)));
        const time = h("input", { type: "number", class: "eg-input", min: 0.1, max: 1440, step: "any", value: value("minutes"), id: "eg-ft-minutes", oninput: () => set("minutes", Number(time.value)) });
        const methods = h("div", { class: "eg-methods", role: "radiogroup", "aria-label": word("ft_method") }, ...options().methods.map((method) => {
          const radio = h("input", { type: "radio", name: "eg-ft-method", value: method, onchange: () => set("method", method) });
          radio.checked = value("method") === method;
          return h("label", {}, radio, h("span", {}, h("b", {}, word(`ft_method_${method}`)), h("span", { class: "eg-quiet" }, word(`ft_method_${method}_text`))));
        }));
        tell();
        return [h("div", { class: "eg-fields" }, field("ft_name", name), field("ft_base", base), field("ft_minutes", time)),
          h("div", { class: "eg-field" }, h("span", {}, word("ft_method")), methods), ...likedPictures(), h("div", { class: "eg-told" }, until, how), trouble,
          h("div", { class: "eg-row" }, tuning.button(starting ? "ft_starting" : "ft_start", start, { class: "eg-button is-primary", disabled: starting || waiting() })),
          h("details", { class: "eg-fold" }, h("summary", {}, word("ft_command")), h("div", { class: "eg-code" }, line, tuning.button("copy", () => copy(command, word("copied")))))];
      },
    };
  }

  window.ecomgen.tuning.chooseStep = chooseStep;
})();
