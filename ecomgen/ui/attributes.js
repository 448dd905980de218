// The panel of attributes: a dropdown for each, marked where it is unsure, edited or of no use.
(() => {
  const { word, label, h, drawings } = window.ecomgen;
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  // The user's edits and what a photo showed live here and are sent along in the value, so that a reading of the prompt that was under way
  // when the user chose something can never undo the choice.
  function attributes(element, props, trigger, watch) {
    let edits = {};
    let photo = {}; // what was read in a photo
    const lines = new Map();
    const heading = h("div", { class: "eg-panel-head" });
    const list = h("div", { class: "eg-attributes" });
    const rules = h("div", { class: "eg-rules", role: "status" });
    element.replaceChildren(heading, rules, list);

    const send = () => {
      props.value = { ...props.value, edits, photo };
      trigger("edit");
      draw();
    };
    function line(row) {
      const id = `eg-attribute-${row.name.replace(/\W+/g, "-")}`;
      const select = h("select", { id, onchange: () => {
        edits = { ...edits, [row.name]: select.value || null };
        send();
      } });
      const name = h("span", { class: "eg-attribute-name" });
      const badge = h("span", { class: "eg-badge" });
      const whole = h("div", { class: "eg-attribute" }, h("label", { for: id }, name, badge), select);
      list.append(whole);
      return { whole, select, name, badge, shown: "" };
    }
    function draw() {
      const rows = props.value?.rows ?? [];
      const reset = h("button", { type: "button", class: "eg-link", onclick: () => { edits = {}; send(); } }, word("reset"));
      const notes = (props.value?.notes ?? []).map((note) => h("p", { class: "eg-rule-note" }, note[ecomgen.language] ?? note.en));
      rules.replaceChildren(...notes);
      heading.replaceChildren(h("h2", {}, word("understood")), ...(Object.keys(edits).length ? [reset] : []));
      for (const [name, old] of lines) if (!rows.some((row) => row.name === name)) { old.whole.remove(); lines.delete(name); }
      for (const row of rows) {
        if (!lines.has(row.name)) lines.set(row.name, line(row));
        const own = lines.get(row.name);
        const edited = row.name in edits;
        const value = (edited && row.state !== "ruled" ? edits[row.name] : row.value) ?? "";
        const state = edited && !["no_effect", "not_known", "ruled"].includes(row.state) ? "edited" : row.state;
        own.name.textContent = capital(label(row.name));
        const options = JSON.stringify([ecomgen.language, row.options, value]);
        if (own.shown !== options) {
          // Only then, so that an open list stays open while the prompt is read.
          own.shown = options;
          const known = row.options.includes(value) || !value ? row.options : [value, ...row.options];
          own.select.replaceChildren(h("option", { value: "" }, word("unspecified")), ...known.map((v) => h("option", { value: v }, label(v))));
          own.select.value = value;
        }
        own.whole.className = `eg-attribute${value ? "" : " is-unspecified"}${state ? ` is-${state.replace("_", "-")}` : ""}`;
        own.whole.dataset.state = state;
        own.badge.textContent = state ? word(state) : "";
        own.badge.title = state ? word(`${state}_hint`) : "";
      }
    }
    // Gradio's own input event swallows the first change after the server touched the field, such as a pasted prompt.
    let typing;
    document.addEventListener("input", (event) => {
      if (!event.target.closest("#eg-prompt")) return;
      clearTimeout(typing);
      typing = setTimeout(() => trigger("edit"), 120);
    });
    // Two readings may overtake each other; when the later answer is to the earlier prompt, ask again.
    let asked = 0;
    function isStale() {
      const field = document.querySelector("#eg-prompt input, #eg-prompt textarea");
      const stale = field && "prompt" in (props.value ?? {}) && field.value !== props.value.prompt;
      asked = stale ? asked + 1 : 0;
      if (stale && asked <= 3) trigger("edit");
    }
    // On a phone the options start closed, once they are there.
    const closing = innerWidth < 760 && setInterval(() => {
      const bar = document.querySelector("#eg-options > .label-wrap");
      if (bar?.classList.contains("open")) bar.click();
      else if (bar) clearInterval(closing);
    }, 100);
    watch("value", () => {
      const value = props.value || {};
      setTimeout(isStale, 150);
      const same = (a, b) => JSON.stringify(a ?? {}) === JSON.stringify(b);
      if (value.replace) {
        [edits, photo] = [value.edits ?? {}, value.photo ?? {}];
        if (same(photo, {}) && !value.of_photo) document.dispatchEvent(new Event("ecomgen-photo-gone"));
      } else if (!same(value.edits, edits) || !same(value.photo, photo)) props.value = { ...value, edits, photo };
      draw();
    });
    drawings.add(draw);
    draw();
  }

  window.ecomgen.attributes = attributes;
})();
