// What the browser draws; photo.js, attributes.js and cards.js follow, in one script. Prompts and comments come from strangers, and gr.HTML
// evaluates the rendered template as a JavaScript template literal (so "${...}" in a prompt would run, Handlebars or
// not). Therefore no template here ever holds a value: every text reaches the page through textContent.
(() => {
  const { words, chinese } = window.ecomgenWords;
  let language = "en";
  const drawings = new Set(); // what to draw again when the language changes

  const word = (key, values = {}) =>
    words[key][language === "zh" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  const label = (name) => (language === "zh" && chinese[name]) || name;

  // One element: properties and on... listeners by name, everything else an attribute; children are nodes or text.
  function h(tag, options = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }

  // Put `wanted` into `parent`, touching only what differs, so that focus and loaded pictures stay.
  function arrange(parent, wanted) {
    wanted.forEach((node, i) => parent.childNodes[i] === node || parent.insertBefore(node, parent.childNodes[i] ?? null));
    while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
  }

  const PATHS = {
    like: "M7 10v11M7 10l4-7a2.5 2.5 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.3l-1.2 8A2 2 0 0 1 17.300 21H3.500V10H7",
    dislike: "M17 14V3M17 14l-4 7a2.500 2.500 0 0 1-2.500-2.500V15h-5a2 2 0 0 1-2-2.300l1.200-8A2 2 0 0 1 6.700 3H20.500v11H17",
    more: "M12 3l1.900 5.100L19 10l-5.100 1.900L12 17l-1.900-5.100L5 10l5.100-1.900zM19 16v5M16.500 18.500h5",
    download: "M12 4v11M7.500 10.500L12 15l4.500-4.500M5 20h14",
    details: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.500v.1",
    close: "M6 6l12 12M18 6L6 18",
    link: "M10 14a4 4 0 0 0 5.700 0l3.100-3.100a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.100 3.100a4 4 0 0 0 5.700 5.700L12 17.700",
    again: "M4 5v5h5M4.600 10A8 8 0 1 1 4 13",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    camera: "M4.500 8h3l1.500-2.500h6L16.500 8h3A1.500 1.500 0 0 1 21 9.500V18a1.500 1.500 0 0 1-1.500 1.500h-15A1.500 1.500 0 0 1 3 18V9.500A1.500 1.500 0 0 1 4.500 8zM12 16.800a3.600 3.600 0 1 0 0-7.200 3.600 3.600 0 0 0 0 7.200z",
    shoe: "M3 15.500V9.200c1.400 1 3.400.8 4.300-.7l5 4c1.500 1.100 3.300 1.500 5.200 1.700 2 .2 3.500 1.100 3.500 2.800v1H4.500A1.500 1.500 0 0 1 3 16.500zM10 10.700l-1.300 1.500M12.300 12.500L11 14M3 18h18",
    bag: "M5 9h14l1.200 10.500H3.800zM8.500 9V7.500a3.500 3.500 0 0 1 7 0V9M4.500 13h15",
    watch: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 9.500V12l1.700 1.200M9 7.500l.7-4.500h4.600l.7 4.500M9 16.500l.7 4.500h4.600l.7-4.500",
    glasses: "M2.500 10.500h19M6.500 16.500a3.500 3.500 0 0 0 3.500-3.500v-2.500H3V13a3.500 3.500 0 0 0 3.500 3.500zM17.500 16.500A3.500 3.500 0 0 0 21 13v-2.500h-7V13a3.500 3.500 0 0 0 3.500 3.500zM4 10.500l1.500-3M20 10.500l-1.500-3",
    star: "M12 3.500l2.600 5.400 5.900.800-4.300 4.100 1.100 5.900L12 16.900l-5.300 2.800 1.100-5.900-4.300-4.100 5.900-.800z",
    check: "M5 12.500l4.500 4.500L19 7.500",
    trash: "M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10 11v5.500M14 11v5.500",
    tag: "M3.500 11.500v-7h7l10 10-7 7zM8 8v.1",
    left: "M14.500 5.500L8 12l6.500 6.500",
    right: "M9.500 5.500L16 12l-6.500 6.500",
    search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20.500 20.500",
    undo: "M8 5L4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11h-4",
    sliders: "M4 7h9M17 7h3M15 4.500v5M4 17h3M11 17h9M9 14.500v5",
    compare: "M12 3.500v17M3 7h6v10H3zM15 7h6v10h-6z",
    speech: "M4 5h16v11h-9l-4.500 4v-4H4z",
    empty: "M4 5h16v14H4zM4 16l5-5 4 4 2.500-2.500L20 17M15.500 9.500v.1",
  };
  function icon(name, size = 18) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("width", size);
    svg.setAttribute("height", size);
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("eg-icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", PATHS[name]);
    svg.append(path);
    return svg;
  }
  const iconButton = (name, key, onclick, options = {}) =>
    h("button", { type: "button", class: "eg-icon-button", "aria-label": word(key), title: word(key), onclick, ...options }, icon(name));

  // --- language, theme, short messages -------------------------------------------------------------------------

  function translate(root) {
    for (const node of root.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
    for (const node of root.querySelectorAll("[data-word-label]")) {
      node.setAttribute("aria-label", word(node.dataset.wordLabel));
      node.title = word(node.dataset.wordLabel);
    }
  }
  function setLanguage(chosen) {
    if (!["en", "zh"].includes(chosen) || chosen === language) return;
    language = chosen;
    document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
    document.title = word("title");
    drawings.forEach((draw) => draw());
  }
  function setTheme(dark) {
    document.body.classList.toggle("dark", dark);
    document.querySelectorAll("[data-theme-toggle]").forEach((b) => b.setAttribute("aria-pressed", String(dark)));
  }
  function restoreTheme() {
    const asked = new URLSearchParams(location.search).get("__theme");
    const kept = localStorage.getItem("ecomgen-theme");
    if (!asked && kept) setTheme(kept === "dark");
    else setTheme(document.body.classList.contains("dark"));
  }

  let toastTimer;
  function toast(text, action) {
    let box = document.querySelector(".eg-toast");
    if (!box) (box = h("div", { class: "eg-toast", role: "status", "aria-live": "polite" }));
    box.replaceChildren(text, ...(action ? [h("button", { type: "button", onclick: () => { box.classList.remove("is-on"); action.run(); } }, action.name)] : []));
    // An open dialog covers all but its own children.
    (document.querySelector("dialog[open]") ?? document.body).append(box);
    box.classList.add("is-on");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => box.classList.remove("is-on"), action ? 6000 : 3200);
  }
  async function copy(text, message) {
    try {
      if (navigator.clipboard && window.isSecureContext) await navigator.clipboard.writeText(text);
      else {
        // Plain http on a local network has no clipboard API.
        const area = h("textarea", { class: "eg-offscreen", readonly: true });
        area.value = text;
        (document.querySelector("dialog[open]") ?? document.body).append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        if (!done) throw new Error("refused");
      }
      toast(message);
    } catch {
      toast(word("copy_failed"));
    }
  }

  // A part of the page that is our own markup: words by data-word, copy buttons by data-copy.
  function panel(element) {
    const draw = () => translate(element);
    drawings.add(draw);
    draw();
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-copy]");
      if (button) copy(element.querySelector(button.dataset.copy).textContent, word("copied"));
    });
  }

  function header(element, props, trigger, watch) {
    const buttons = [...element.querySelectorAll("[data-language]")];
    const draw = () => {
      translate(element);
      buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.language === language)));
    };
    drawings.add(draw);
    buttons.forEach((b) =>
      b.addEventListener("click", () => {
        setLanguage(b.dataset.language);
        trigger("language", { language: b.dataset.language });
      })
    );
    element.querySelector("[data-theme-toggle]").addEventListener("click", () => {
      const dark = !document.body.classList.contains("dark");
      setTheme(dark);
      localStorage.setItem("ecomgen-theme", dark ? "dark" : "light");
    });
    watch("value", () => setLanguage(props.value?.language));
    restoreTheme();
    setLanguage((navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en");
    draw();
  }

  function notice(element, props, watch) {
    const draw = () => {
      const { kind, text } = props.value || {};
      element.replaceChildren(...(text ? [h("p", { class: `eg-notice is-${kind}` }, icon("details"), h("span", {}, text))] : []));
    };
    element.setAttribute("role", "status");
    element.setAttribute("aria-live", "polite");
    watch("value", draw);
    draw();
  }

  function chips(element, trigger, themes) {
    const draw = () =>
      element.replaceChildren(
        h("div", { class: "eg-chips", role: "group", "aria-label": word("themes") },
          ...themes.map((theme) => {
            const [name, prompt] = language === "zh" ? theme.slice(2) : theme;
            return h("button", { type: "button", class: "eg-chip", title: prompt, onclick: () => trigger("pick", { prompt }) }, name);
          })));
    drawings.add(draw);
    draw();
  }

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  window.ecomgen = { newId, word, label, h, arrange, icon, iconButton, copy, toast, drawings, header, panel, notice, chips };
  Object.defineProperty(window.ecomgen, "language", { get: () => language });
})();
