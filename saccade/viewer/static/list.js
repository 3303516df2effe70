// A list of any length: only the rows in sight exist, and they are asked for a page at a time.

import { get, h, short, visible } from "./dom.js";

const HIGH = 60, PAGE = 100, MOST = 500000;

export class List {
  /** `link(row)` is a row's address, `picked` a set of keys, `onpick` is told of changes. */
  constructor({ run, link, picked, onpick, oncount }) {
    Object.assign(this, { run, link, picked, onpick, oncount });
    this.asked = { words: "", only: "", sort: "", down: "" };
    this.pages = new Map();
    this.total = 0;
    this.here = null;
    this.ol = h("ol", {});
    this.box = h("div", { class: "list", tabindex: 0, role: "region", "aria-label": "attempts" }, this.ol);
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** Ask again: after a change of filter (from the top), or because the run has grown (where we are). */
  async ask(asked, { stay = false } = {}) {
    if (asked) this.asked = asked;
    this.pages = stay ? new Map([...this.pages].map(([at, rows]) => [at, Object.assign(rows, { old: true })])) : new Map();
    if (!stay) this.box.scrollTop = 0;
    await this.load(Math.floor(this.box.scrollTop / HIGH / PAGE));
    this.draw();
  }

  async load(page) {
    const known = this.pages.get(page);
    if (known && !known.old) return;
    this.pages.set(page, Object.assign(known || [], { old: false }));
    const asked = this.asked;
    const found = await get("rows", { run: this.run, start: page * PAGE, count: PAGE, ...asked });
    if (asked !== this.asked) return;
    this.pages.set(page, found.rows);
    this.total = Math.min(found.matching, MOST);
    this.ol.style.height = `${this.total * HIGH}px`;
    this.oncount(found);
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / HIGH) - 6);
    const end = Math.min(this.total, Math.ceil((this.box.scrollTop + this.box.clientHeight) / HIGH) + 6);
    const made = [];
    for (let at = first; at < end; at++) {
      const page = Math.floor(at / PAGE), rows = this.pages.get(page);
      if (!rows || rows.old) this.load(page).catch(() => this.pages.delete(page));
      const row = rows?.[at % PAGE];
      made.push(this.item(row, at));
    }
    const focused = document.activeElement?.closest?.(".row")?.dataset.key;
    this.ol.replaceChildren(...made);
    if (focused) this.ol.querySelector(`[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }

  item(row, at) {
    const li = h("li", { class: "row", "aria-setsize": this.total, "aria-posinset": at + 1, "data-key": row?.key });
    li.style.top = `${at * HIGH}px`;
    if (!row) return li;
    if (row.key === this.here) li.classList.add("here");
    const pick = h("input", { type: "checkbox", "aria-label": `pick ${row.id || row.key} for export`,
      onchange: () => this.onpick(row.key, pick.checked) });
    pick.checked = this.picked.has(row.key);
    const [sign, kind, said] = row.bad ? ["?", "bad", "unreadable"] : row.failed ? ["!", "bad", "failed on our side"]
      : row.right === true ? ["✓", "good", "right"] : row.right === false ? ["✗", "bad", "wrong"] : ["·", "soft", "not scored"];
    const worth = Object.values(row.rewards || {}).reduce((sum, value) => sum + value, 0);
    const link = h("a", { href: this.link(row), "aria-current": row.key === this.here ? "true" : null },
      h("span", { class: `sign ${kind}`, "aria-hidden": "true" }, sign),
      h("span", { class: "id", title: visible(row.id) }, h("span", { class: "sr" }, said + ", "), row.bad ? "record that cannot be read" : row.id),
      h("span", { class: "worth" }, row.bad ? "" : short(worth)),
      h("span", { class: "about" }, row.bad ? row.key : `answered ${row.answer || "nothing"}` + (row.target == null ? "" : `, target ${row.target}`)),
      h("span", { class: "sums" }, row.bad ? "" : [row.update ? `u${row.update}` : "", `${row.calls} call${row.calls === 1 ? "" : "s"}`,
        row.stop !== "done" ? row.stop : ""].filter(Boolean).join(" · ")));
    li.append(pick, link);
    return li;
  }

  /** Show which row is open, and bring it into sight when it is known where it stands. */
  mark(key, at) {
    this.here = key;
    if (at >= 0) {
      const top = at * HIGH;
      if (top < this.box.scrollTop || top + HIGH > this.box.scrollTop + this.box.clientHeight)
        this.box.scrollTop = Math.max(0, top - this.box.clientHeight / 2);
    }
    this.draw();
  }
}
