// Moves through the paths of a report: which step is selected, and what is shown of it. All that comes from a spec or
// a model is put on the page as text (textContent), never as markup. Without this script the page is complete but still.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  root.classList.add("scripted");

  const make = (name, classes, ...children) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    for (const child of children) element.append(child);
    return element;
  };
  const key = (place, at) => `${place}.${at}`;

  // Where a part scrolls inside its own box, show one element of it without moving the page: in what can be seen of the
  // box between ``above`` and the lower edge of the window, less ``top``, which something covers.
  const reveal = (box, element, above = 0, top = 0) => {
    const outer = box.getBoundingClientRect();
    const inner = element.getBoundingClientRect();
    let high = Math.max(outer.top, above) + top;
    let low = Math.min(outer.bottom, innerHeight);
    if (low - high < 60) [high, low] = [outer.top + top, outer.bottom]; // Hardly any of it: the page will be moved.
    if (inner.top < high || inner.bottom > low) {
      box.scrollTop += inner.top - high - Math.max(0, (low - high - inner.height) / 3);
    }
  };

  class PathView {
    constructor(section) {
      this.section = section;
      this.number = Number(section.dataset.path);
      this.path = data[this.number - 1];
      this.last = this.path.steps.length;
      this.step = -1;
      this.find = (selector) => section.querySelector(selector);
      this.slider = this.find(".slider");
      this.box = this.find(".diagram > .sequence:not(.paper)");
      this.moves = new Set(); // fields that change anywhere in the path: the others are only told on request
      for (const [, changes] of this.path.steps) for (const [place, at] of changes) this.moves.add(key(place, at));
      this.short = new Map(Object.entries(this.path.short || {}));
      this.aside = new Set((this.path.aside || []).map(([place, at]) => key(place, at)));
      this.words = new Map();
      for (const item of section.querySelectorAll(".story > li")) this.words.set(Number(item.dataset.step), item);
      if (!this.slider) return; // A path without steps.
      this.slider.addEventListener("input", () => choose(this.number, Number(this.slider.value)));
      for (const button of section.querySelectorAll("[data-action]")) {
        button.addEventListener("click", () => act(button.dataset.action));
      }
      this.toggle = this.find(".all-steps");
      if (this.toggle) this.toggle.addEventListener("change", () => this.unfold(this.toggle.checked));
      this.unfold(false);
      const fit = this.find(".fit-width");
      fit.addEventListener("change", () => {
        this.box.classList.toggle("fit", fit.checked);
        this.markRow();
        this.saySideways();
      });
      this.fitNearly(fit);
      this.box.addEventListener("scroll", () => this.saySideways());
      new ResizeObserver(() => this.saySideways()).observe(this.box);
      this.find(".all-fields").addEventListener("change", () => this.showState());
      this.map = this.find(".map");
      this.map.addEventListener("click", (event) => {
        const place = this.map.getBoundingClientRect();
        const step = Math.ceil(((event.clientX - place.left) / place.width) * this.last);
        choose(this.number, Math.max(1, step), { bring: true, unfold: true });
      });
      this.box.addEventListener("click", (event) => {
        const row = event.target.closest(".row, .fold");
        if (!row) return;
        if (row.classList.contains("fold")) this.unfold(true);
        choose(this.number, Number(row.dataset.step || row.dataset.first));
      });
    }

    // A picture that is hardly wider than its place is shown smaller; any other scrolls sideways.
    fitNearly(fit) {
      const room = this.box.clientWidth;
      const width = this.box.querySelector(".picture:not([hidden]) > svg")?.width.baseVal.value ?? 0;
      if (!room || width <= room || room < 0.85 * width) return;
      fit.checked = true;
      this.box.classList.add("fit");
    }

    // Which columns are in sight, where not all are.
    saySideways() {
      const outer = this.box.getBoundingClientRect();
      const lanes = [...this.box.querySelectorAll(".picture:not([hidden]) .lane > .head")];
      if (!outer.width) return;
      const seen = lanes.map((lane) => lane.getBoundingClientRect()).map((lane) => lane.right > outer.left + 8 && lane.left < outer.right - 8);
      const first = seen.indexOf(true) + 1;
      const last = seen.lastIndexOf(true) + 1;
      const cut = this.box.scrollWidth > this.box.clientWidth + 2;
      const which = first === last ? `Column ${first}` : `Columns ${first} to ${last}`;
      this.find(".sideways").textContent = cut ? `${which} of ${lanes.length}: scroll sideways for the rest.` : "";
    }

    // Bring the step into sight, in words and in the picture, if it is not.
    bring() {
      const work = this.find(".work");
      if (!work) return;
      this.find(".panel").scrollTop = 0;
      this.saySideways(); // It takes a line.
      const covered = this.find(".controls").getBoundingClientRect().height;
      const now = this.find(".now").getBoundingClientRect();
      const box = this.box.getBoundingClientRect();
      const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, covered);
      const isIn = now.top >= covered - 1 && now.bottom <= innerHeight && seen >= Math.min(box.height, innerHeight / 3);
      if (!isIn || work.getBoundingClientRect().top > innerHeight / 3) work.scrollIntoView({ block: "start" });
      this.markRow();
      const row = this.section.querySelector(".picture:not([hidden]) .selected")?.getBoundingClientRect();
      const isBeside = getComputedStyle(this.find(".panel")).position === "sticky"; // Else the words are above.
      const room = isBeside ? innerHeight / 3 : this.find(".now").getBoundingClientRect().top - covered;
      if (row && row.height < innerHeight / 3) scrollBy(0, Math.min(Math.max(0, row.bottom + 4 - innerHeight), room));
    }

    unfold(all) {
      if (!this.toggle) return;
      this.toggle.checked = all;
      this.find(".picture.short").hidden = all;
      this.find(".picture.whole").hidden = !all;
      this.markRow();
    }

    valuesAt(step) {
      const values = this.path.start.map((fields) => [...fields]);
      for (const [, changes] of this.path.steps.slice(0, step)) {
        for (const [place, at, value] of changes) values[place][at] = value;
      }
      return values;
    }

    show(step) {
      this.step = step;
      if (!this.slider) return;
      const now = this.map.querySelector(".map-now");
      now.setAttribute("x", `${(100 * Math.max(step - 1, 0)) / this.last}%`);
      now.setAttribute("width", step > 0 ? `${100 / this.last}%` : "0");
      this.slider.value = step;
      const said = step === 0 ? `start of ${this.last}` : `step ${step} of ${this.last}`;
      this.slider.setAttribute("aria-valuetext", said);
      this.find(".where").textContent = said;
      this.showWords();
      this.showLogs();
      this.showMessages();
      this.showState();
      this.markRow();
      for (const event of this.section.querySelectorAll("[data-event]")) {
        const at = Number(event.dataset.event);
        event.classList.toggle("later", at > step);
        event.classList.toggle("at-step", at === step && step > 0);
      }
    }

    showWords() {
      const now = this.find(".now");
      const item = this.words.get(this.step);
      now.replaceChildren();
      if (!item) {
        now.append(make("p", "step-head", "The initial state, before any step."));
        return;
      }
      now.append(...item.cloneNode(true).children);
      for (const [number, other] of this.words) other.classList.toggle("at-step", number === this.step);
    }

    markRow() {
      for (const old of this.section.querySelectorAll(".selected, .lane-now")) old.classList.remove("selected", "lane-now");
      const picture = this.section.querySelector(".picture:not([hidden])");
      if (!picture || this.section.hidden) return;
      if (this.step < 1) {
        this.box.scrollTop = 0;
        return;
      }
      for (const row of picture.querySelectorAll(".row, .fold")) {
        const first = Number(row.dataset.step || row.dataset.first);
        const last = Number(row.dataset.step || row.dataset.last);
        if (first > this.step || this.step > last) continue;
        row.classList.add("selected");
        const actor = this.path.actors[this.path.steps[this.step - 1][0]];
        for (const lane of picture.querySelectorAll(".lane")) lane.classList.toggle("lane-now", lane.dataset.actor === actor);
        const names = picture.querySelector(":scope > svg").getBoundingClientRect().height;
        reveal(this.box, row, this.find(".controls").getBoundingClientRect().bottom, names + 4);
        if (row.classList.contains("row")) this.revealSideways(row);
      }
    }

    // The step's box, with what is said of it where there is room for both.
    revealSideways(row) {
      const outer = this.box.getBoundingClientRect();
      const shape = row.querySelector(":scope > g > rect").getBoundingClientRect();
      const all = [shape, ...[...row.querySelectorAll(".note")].map((note) => note.getBoundingClientRect())];
      const left = Math.min(...all.map((one) => one.left));
      const right = Math.max(...all.map((one) => one.right));
      const inner = right - left <= outer.width ? { left, right, width: right - left } : shape;
      if (inner.left < outer.left || inner.right > outer.right) {
        this.box.scrollLeft += inner.left - outer.left - Math.max(0, (outer.width - inner.width) / 2);
      }
    }

    showState() {
      const values = this.valuesAt(this.step);
      const before = this.step > 0 ? this.valuesAt(this.step - 1) : values;
      const [actor, changes, gone] = this.step > 0 ? this.path.steps[this.step - 1] : [-1, [], []];
      const changed = new Set(changes.map(([place, at]) => key(place, at)));
      const wiped = new Set(gone.map(([place, at]) => key(place, at)));
      const differences = new Map(changes.map(([place, at, , said]) => [key(place, at), said]));
      const all = this.find(".all-fields").checked;
      const told = (value) => (all ? value : this.short.get(value) ?? value);
      const target = this.find(".state-now");
      target.replaceChildren();
      this.path.actors.forEach((name, place) => {
        const rows = [];
        this.path.fields[place].forEach((field, at) => {
          if (!all && (!this.moves.has(key(place, at)) || this.aside.has(key(place, at)))) return;
          const value = make("td");
          const isChanged = changed.has(key(place, at)) && told(before[place][at]) !== told(values[place][at]);
          if (isChanged) {
            const said = differences.get(key(place, at));
            if (said) value.append(make("code", "", said), make("code", "whole", told(values[place][at])));
            else {
              const word = wiped.has(key(place, at)) ? " forgotten, now " : " → ";
              value.append(make("code", "was", told(before[place][at])), word, make("code", "", told(values[place][at])));
            }
          } else {
            value.append(make("code", "", told(values[place][at])));
          }
          const head = make("th", "", make("bdi", "", field));
          head.scope = "row";
          const row = make("tr", isChanged ? "changed" : "", head, value);
          if (wiped.has(key(place, at))) row.classList.add("wiped");
          rows.push(row);
        });
        if (!rows.length) return;
        const caption = make("caption", "", make("bdi", "", name));
        if (place === actor) caption.append(make("span", "badge mark", "this step"));
        target.append(make("table", "", caption, make("tbody", "", ...rows)));
      });
      const still = this.path.fields.flat().length - this.moves.size;
      if (all) return;
      const left = [];
      if (still > 0) left.push(`${still} fields that never change in this path`);
      if (this.aside.size) left.push(`${this.aside.size} that only keep the model's books`);
      if (left.length) target.append(make("p", "still", `Left out: ${left.join("; ")}.`));
    }

    showMessages() {
      const target = this.find(".under-way");
      const numbers = this.path.onLinks[this.step] || [];
      if (!numbers.length) {
        target.replaceChildren(make("p", "none", "None."));
        return;
      }
      const list = make("ul");
      for (const number of numbers) {
        const [place, message, late] = this.path.messages[number];
        const item = make("li", "", make("bdi", "place", place), " ", make("code", "", message));
        if (late) item.append(" ", make("span", "badge late", "held up"));
        list.append(item);
      }
      target.replaceChildren(list);
    }

    // Logs as people draw them: a box an offset, a transaction is a letter and a colour, marks stand under the border
    // before their offset.
    showLogs() {
      const target = this.find(".logs-now");
      if (!target) return;
      const earlier = this.step > 0 ? (this.path.shows[this.step - 1] || []).map((number) => this.path.logs[number]) : [];
      target.replaceChildren();
      const used = new Set();
      (this.path.shows[this.step] || []).forEach((number, place) => {
        const log = this.path.logs[number];
        // A name may say of its log that it is down; who shows it and where stays.
        const old = earlier.find((one) => one.name === log.name && one.actor === log.actor) ??
          (earlier[place]?.actor === log.actor ? earlier[place] : null);
        const known = new Set(old ? old.entries.map((entry) => JSON.stringify(entry)) : []);
        const title = make("h4", "", make("bdi", "", log.name));
        if (log.actor && log.actor !== log.name) title.append(make("span", "of", " on ", make("bdi", "", log.actor)));
        const cells = make("ol", "cells");
        log.entries.forEach((entry, at) => {
          const after = at > 0 ? log.entries[at - 1][0] : -1;
          const marks = log.marks.filter(([, offset]) => offset <= entry[0] && offset > after);
          const isNew = this.step > 0 && !known.has(JSON.stringify(entry));
          cells.append(cell(entry, marks, isNew));
          if (entry[3] >= 0) used.add(entry[3]);
        });
        const end = log.entries.length ? log.entries[log.entries.length - 1][0] : -1;
        const beyond = log.marks.filter(([, offset]) => offset > end);
        cells.append(endCell(log.entries.length ? end + 1 : null, beyond));
        const part = make("div", "log", title, cells);
        part.setAttribute("role", "group");
        part.setAttribute("aria-label", `log ${log.name}`);
        target.append(part);
        cells.scrollLeft = cells.scrollWidth;
      });
      const legend = make("ul", "key");
      for (const number of [...used].sort((a, b) => a - b)) {
        legend.append(make("li", `t${number % 6}`, make("span", "letter", letter(number)), make("bdi", "", this.path.transactions[number])));
      }
      if (used.size) target.append(legend);
      if (!target.childElementCount) target.append(make("p", "none", "None yet."));
    }
  }

  const letter = (number) => (number < 26 ? String.fromCharCode(65 + number) : `A${number - 25}`);

  const carets = (marks) => {
    const list = make("ul", "carets");
    for (const [name, offset] of marks) list.append(make("li", "", "▲ ", make("bdi", "", name), `: ${offset}`));
    return list;
  };

  const cell = ([offset, text, kind, transaction, state], marks, isNew) => {
    const box = make("div", "entry");
    if (kind === "marker" || kind === "gone") box.classList.add(kind);
    if (transaction >= 0) {
      box.classList.add(`t${transaction % 6}`);
      box.append(make("span", "letter", letter(transaction)));
    }
    if (["open", "committed", "aborted"].includes(state)) box.classList.add(state);
    if (isNew) box.classList.add("new");
    box.append(make("bdi", "said", text));
    const notes = [state, kind === "gone" ? "gone" : "", isNew ? "changed now" : ""].filter(Boolean);
    if (notes.length) box.append(make("span", "of", notes.join(", ")));
    return make("li", "cell", make("span", "offset", `${offset}`), box, carets(marks));
  };

  const endCell = (offset, marks) => {
    const box = make("div", "entry end", make("span", "of", offset === null ? "empty" : "end"));
    return make("li", "cell", make("span", "offset", offset === null ? "-" : `${offset}`), box, carets(marks));
  };

  // --- Which path, which step ---------------------------------------------------------------------------------------

  const views = [...document.querySelectorAll("section.path")].map((section) => new PathView(section));
  const links = [...document.querySelectorAll(".path-link")];
  let current = null;

  const choose = (path, step, { remember = true, bring = false, unfold = false } = {}) => {
    const view = views[Math.min(Math.max(path, 1), views.length) - 1];
    if (!view) return;
    const turned = view !== current;
    current = view;
    if (turned) {
      for (const other of views) other.section.hidden = other !== view;
      for (const link of links) {
        if (Number(link.dataset.path) === view.number) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
    const at = Math.min(Math.max(step, 0), view.last);
    if (unfold && at > 0 && !view.section.querySelector(`.picture:not([hidden]) .row[data-step="${at}"]`)) view.unfold(true);
    view.show(at);
    if (bring) view.bring();
    if (!remember) return;
    const place = views.length > 1 ? `#path=${view.number}&step=${view.step}` : `#step=${view.step}`;
    try {
      history.replaceState(null, "", place);
    } catch {
      // A page shown inside another may not have a history; it works without.
    }
  };

  const act = (action) => {
    if (action === "help") return void help();
    if (!current) return;
    const { step, last, path } = current;
    const fault = path.faults.find((number) => number > step) ?? path.faults[0];
    const target = { first: 0, back: step - 1, forward: step + 1, last, fault, pivot: path.pivot }[action];
    if (target !== undefined && target !== null) choose(current.number, target, { bring: true });
  };

  const help = () => {
    const dialog = document.getElementById("help");
    if (!dialog) return; // A page without paths has no keys to explain.
    if (dialog.open) dialog.close();
    else dialog.showModal();
  };
  document.querySelector("#help button")?.addEventListener("click", () => document.getElementById("help").close());

  const numberIn = (name) => {
    const found = new RegExp(`(?:^#|&)${name}=(\\d{1,9})(?=&|$)`).exec(location.hash);
    return found ? Number(found[1]) : null;
  };

  const follow = () => {
    const path = numberIn("path") ?? (current ? current.number : 1);
    const view = views[path - 1] ?? views[0];
    if (!view) return;
    const step = numberIn("step");
    const isLink = step !== null;
    choose(view.number, step ?? view.path.opens, { remember: false, bring: isLink, unfold: isLink });
  };

  const KEYS = {
    ArrowRight: "forward", j: "forward", ArrowLeft: "back", k: "back", ArrowDown: "forward", ArrowUp: "back",
    Home: "first", End: "last", f: "fault", p: "pivot", "?": "help",
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help")?.open) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const isSlider = target.matches(".slider");
    if (target.matches("input:not([type=checkbox]), textarea, select") && !isSlider) return;
    // A box that scrolls keeps the arrows that scroll it.
    if (event.key.startsWith("Arrow") && target.closest(".sequence, .cells")) return;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !isSlider) return; // They scroll the page.
    if (event.key === "a" && current) current.unfold(!current.toggle?.checked);
    else if (/^[1-9]$/.test(event.key) && views[Number(event.key) - 1]) {
      const view = views[Number(event.key) - 1];
      choose(view.number, view.step);
    } else if (KEYS[event.key]) act(KEYS[event.key]);
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-goto], a.path-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.path) {
      const view = views[Number(link.dataset.path) - 1];
      choose(view.number, view.step);
    } else {
      choose(Number(link.closest("section.path").dataset.path), Number(link.dataset.goto), { bring: true, unfold: true });
    }
  });

  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const command = button.parentElement.querySelector(".command");
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command); // No permission: one key press remains.
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => (button.textContent = "Copy"), 2500);
    });
  }

  // --- Light, dark, paper -------------------------------------------------------------------------------------------

  const theme = document.getElementById("theme");
  const setTheme = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
  };
  theme.addEventListener("click", () => {
    const now = root.dataset.theme ?? "system";
    setTheme({ system: "dark", dark: "light", light: "system" }[now]);
  });

  const opened = [];
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  addEventListener("afterprint", () => {
    while (opened.length) opened.pop().open = false;
  });

  try {
    history.scrollRestoration = "manual"; // The link says where to be.
  } catch {
    // As above.
  }
  for (const view of views) view.show(view.path.opens);
  addEventListener("hashchange", follow);
  addEventListener("resize", () => current?.markRow());
  follow();
})();
