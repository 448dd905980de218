// What Review sends to the server: votes, marks and their undoing. It knows no layout; whoever shows pictures listens.
(() => {
  const { newId, word } = window.ecomgen;

  const judging = {
    visitor: "",
    lists: [], // the shortlists: {id, name}
    listeners: new Set(), // told which cards have changed
    get reviewer() { return localStorage.getItem("ecomgen-reviewer") ?? ""; },
    set reviewer(name) { localStorage.setItem("ecomgen-reviewer", name.slice(0, 60)); },
    get list() {
      const kept = localStorage.getItem("ecomgen-shortlist");
      return this.lists.find((list) => list.id === kept) ?? this.lists.at(-1);
    },
    set list(chosen) { localStorage.setItem("ecomgen-shortlist", chosen.id); },
  };
  const done = []; // what can be undone, the latest last: functions
  const changed = (cards) => judging.listeners.forEach((listen) => listen(cards));

  // The answer to a question (no body) or a change; an Error with a sentence for the user when it failed.
  async function ask(path, body) {
    const headers = { "Accept-Language": ecomgen.language, ...(body && { "Content-Type": "application/json" }) };
    let answer;
    try {
      answer = await fetch(`review/${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
    } catch {
      throw new Error(word(body ? "vote_failed" : "gallery_failed"));
    }
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.error || word(body ? "vote_failed" : "gallery_failed"));
  }
  const asked = async (path, body) => (await ask(path, body)).json();

  const FIELDS = ["liked", "reasons", "comment", "reviewer", "own"]; // own: this visitor's judgement, where it is known
  const state = (card) => Object.fromEntries(FIELDS.map((name) => [name, card[name]]));

  // One judgement on each card; shown at once, and taken back where it could not be kept.
  async function vote(cards, judgement) {
    const before = new Map(cards.map((card) => [card, state(card)]));
    const votes = Object.fromEntries(cards.map((card) => [newId(), card.id]));
    const given = { reasons: [], comment: "", ...judgement, reviewer: judging.reviewer };
    for (const card of cards) {
      // A comment alone, or a rating taken back, leaves what others said as it is.
      const counts = given.liked !== null || card.own?.liked === card.liked;
      Object.assign(card, counts ? given : {}, { own: given });
    }
    changed(cards);
    const back = () => { before.forEach((was, card) => Object.assign(card, was)); changed(cards); };
    try {
      await asked("votes", { ...given, votes, visitor: judging.visitor });
    } catch (error) {
      back();
      throw error;
    }
    done.push({ cards, run: async () => { await asked("undo", { votes: Object.keys(votes), visitor: judging.visitor }); back(); } });
  }

  function show(cards, kind, value, present) {
    for (const card of cards) {
      if (kind === "deleted") card.deleted = present;
      else {
        const there = new Set(card[kind === "tag" ? "tags" : "shortlists"]);
        present ? there.add(value) : there.delete(value);
        card[kind === "tag" ? "tags" : "shortlists"] = [...there];
      }
    }
    changed(cards);
  }

  // Put a tag, a shortlist or a deletion on those cards that lack it, or take it off those that have it.
  async function mark(cards, kind, value, present) {
    const has = (card) => (kind === "deleted" ? card.deleted : card[kind === "tag" ? "tags" : "shortlists"].includes(value));
    const those = cards.filter((card) => has(card) !== present);
    if (!those.length) return 0;
    const send = (on) => asked("marks", { kind, value, present: on, pictures: those.map((card) => card.id), visitor: judging.visitor });
    await send(present);
    show(those, kind, value, present);
    done.push({ cards: those, run: async () => { await send(!present); show(those, kind, value, !present); } });
    return those.length;
  }

  // Undo the latest change of this page; the cards that it was about, or null when there was none.
  async function undo() {
    const last = done.pop();
    if (!last) return null;
    try {
      await last.run();
    } catch (error) {
      done.push(last);
      throw error;
    }
    return last.cards;
  }

  async function newList(name) {
    const made = await asked("shortlists", { name, visitor: judging.visitor });
    judging.lists.push(made);
    judging.list = made;
    return made;
  }

  // A file of the given pictures (ids) or of all that fit a filter, saved as a download.
  async function download(format, what) {
    const answer = await ask("export", { format, ...what });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `ecomgen-${new Date().toISOString().slice(0, 10)}.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  Object.assign(judging, { asked, vote, mark, undo, newList, download });
  window.ecomgen.judging = judging;
})();
