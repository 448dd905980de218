// Start from a photo: chosen, dropped anywhere or pasted; shrunk here, read by the server, shown beside what was read.
(() => {
  const { word, label, h, icon, iconButton, drawings } = window.ecomgen;
  const SIDE = 512; // the recogniser looks at less
  const MOST_BYTES = 64 * 2 ** 20;

  // A JPEG of at most SIDE pixels, on white: data:image/jpeg;base64,...
  async function shrunk(file) {
    if (file.size > MOST_BYTES) throw new Error("too large");
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = h("canvas", { width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)) });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.92);
  }
  const fileIn = (transfer) => [...(transfer?.files ?? [])][0];
  // What is dropped on the Fine-tune tab is a product set.
  const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.("#eg-finetune");

  function photo(element, props, trigger, watch) {
    let picture = ""; // the photo as it was sent, while it is in use
    let told = {}; // what the server said of it
    let waiting; // for the answer
    let shaped = false; // whether pictures are to keep its shape
    let turn = 0; // an answer to an earlier photo is not this one's
    const field = h("input", { type: "file", accept: "image/*", class: "eg-offscreen", tabindex: "-1", "aria-hidden": "true", onchange: () => {
      take(field.files[0]);
      field.value = "";
    } });

    async function take(file) {
      if (!file) return;
      document.querySelector("#eg-tabs button[role=tab]")?.click();
      told = { waiting: true };
      shaped = false;
      turn += 1;
      try {
        picture = await shrunk(file);
      } catch {
        picture = "";
        return answer({ turn, problem: word("photo_unreadable") });
      }
      draw();
      clearTimeout(waiting);
      waiting = setTimeout(() => answer({ turn, problem: word("photo_failed") }), 60_000);
      trigger("read", { turn, photo: picture.slice(picture.indexOf(",") + 1) });
    }
    function answer(value) {
      if (value.turn !== turn) return;
      clearTimeout(waiting);
      told = value;
      if (value.problem) picture = "";
      draw();
      if (value.shown) document.querySelector("#eg-go")?.focus({ preventScroll: true });
    }
    function remove(tell) {
      turn += 1;
      clearTimeout(waiting);
      picture = "";
      told = {};
      shaped = false;
      draw();
      if (tell) trigger("forget");
    }
    function draw() {
      const { shown = {}, note, value, problem } = told;
      const choose = h("button", { type: "button", class: "eg-chip eg-photo-choose", title: word("photo_hint"), onclick: () => field.click() },
        icon("camera", 17), word("photo"));
      const close = iconButton("close", "photo_remove", () => remove(Boolean(picture)));
      if (!picture && !problem) return element.replaceChildren(choose, field);
      const values = Object.values(shown).map((name) => label(name)).join(ecomgen.language === "zh" ? "、" : ", ");
      const lines = told.waiting
        ? [h("b", {}, word("photo_reading"))]
        : problem
          ? [h("b", {}, word("photo")), h("p", {}, problem)]
          : [h("b", {}, word("photo_read"), values ? `${ecomgen.language === "zh" ? "：" : ": "}${values}` : ""), h("p", {}, word(note, { value: label(value ?? "") }))];
      const warns = problem || ["photo_cannot", "photo_rest", "photo_nothing", "photo_no_product"].includes(note);
      const use = h("input", { type: "checkbox", onchange: () => {
        shaped = use.checked;
        trigger("use", { on: shaped });
      } });
      use.checked = shaped;
      const shape = told.again && !told.waiting
        ? h("label", { class: "eg-photo-shape" },
            h("img", { src: `data:image/png;base64,${told.again}`, alt: word("photo_again"), title: word("photo_again") }), use, h("span", {}, word("photo_shape")))
        : null;
      if (shape && told.unlike) lines.push(h("p", { class: "eg-photo-unlike" }, word("photo_unlike")));
      element.replaceChildren(
        h("div", { class: `eg-photo${warns ? " is-problem" : ""}${told.waiting ? " is-waiting" : ""}` },
          h("button", { type: "button", class: "eg-photo-tile", title: word("photo_hint"), "aria-label": word("photo"), onclick: () => field.click() },
            picture ? h("img", { src: picture, alt: "" }) : icon("camera", 24)),
          h("div", { class: "eg-photo-text", role: "status", "aria-live": "polite" }, ...lines), ...(shape ? [shape] : []), close), field);
    }

    document.addEventListener("dragover", (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      document.body.classList.add("eg-dragging");
      document.body.dataset.drop = word("photo_drop");
    }, true);
    document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("eg-dragging"), true);
    document.addEventListener("drop", (event) => {
      document.body.classList.remove("eg-dragging");
      if (!holdsFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      take(fileIn(event.dataTransfer));
    }, true);
    document.addEventListener("paste", (event) => {
      const file = fileIn(event.clipboardData);
      if (file) event.preventDefault();
      take(file);
    }, true);
    // An example, a theme or an earlier picture was chosen instead.
    document.addEventListener("ecomgen-photo-gone", () => remove(false));
    watch("value", () => answer(props.value || {}));
    drawings.add(draw);
    draw();
  }

  window.ecomgen.photo = photo;
})();
