// The viewer: an address after # names a run, an attempt, a token; each view is filled from the server.

import { address, counted, get, h, part, short, visible } from "./dom.js";
import { List } from "./list.js";
import { closer } from "./zoom.js";

const byId = (id) => document.getElementById(id);
const main = byId("main"), LOOK_MS = 2500, MOST_PICKED = 200;
const VIEWS = [["run", "Run"], ["list", "Attempts"], ["compare", "Compare"], ["export", "Export"]];
const TABS = [["", "Trajectory"], ["tokens", "Tokens"], ["group", "Group"]];

let runs = [], now = null, list = null, listed = null, last = null;

/** Where we are: #/run/NAME[/t/KEY[/tokens]]?..., #/compare?a=&b= */
function where() {
  const [path, asked] = location.hash.slice(2).split("?");
  const pieces = path.split("/").map(decodeURIComponent), query = Object.fromEntries(new URLSearchParams(asked || ""));
  if (pieces[0] === "compare") return { view: "compare", run: query.b || query.a || "", query };
  if (pieces[0] !== "run") return { view: "runs", run: "", query };
  const [, run, what = "", key = "", tab = ""] = pieces;
  return { view: what === "t" || what === "list" ? "list" : what === "export" ? "export" : "run", run, key, tab, query };
}

const at = (run, ...rest) => address("run", run, ...rest);
const goTo = (hash) => { location.hash = hash.slice(1); };
const withQuery = (hash, query) => { const q = new URLSearchParams(query).toString(); return q ? `${hash}?${q}` : hash; };
const say = (text) => { byId("said").textContent = text; };

// What is picked for export, by run; kept for this tab.
const picks = (run) => new Set(JSON.parse(sessionStorage.getItem(`picked ${run}`) || "[]"));
function pick(run, key, on) {
  const held = picks(run);
  if (on) held.add(key); else held.delete(key);
  sessionStorage.setItem(`picked ${run}`, JSON.stringify([...held]));
  if (list && listed === run) list.picked = held;
  say(`${held.size} picked for export`);
}

function bar() {
  const select = byId("run");
  select.replaceChildren(h("option", { value: "" }, "all runs"), ...runs.map((run) => h("option", { value: run.name }, run.name)));
  select.value = now.run;
  const run = now.run || runs[0]?.name || "";
  const link = { run: at(run), list: at(run, "list"), compare: withQuery("#/compare", { a: now.query.a || run, b: now.query.b || "" }),
    export: at(run, "export") };
  byId("views").replaceChildren(...(run ? VIEWS : []).map(([name, title]) =>
    h("a", { href: link[name], "aria-current": now.view === name ? "page" : null }, title)));
  document.title = [now.key, now.run && visible(now.run), "saccade"].filter(Boolean).join(" · ");
}

async function show() {
  const before = now;
  now = where();
  try {
    if (!runs.length || now.view === "runs") runs = (await get("runs")).runs;
    bar();
    byId("live").textContent = "";
    byId("live").classList.remove("on");
    if (now.view === "list") await showList(before);
    else {
      list = listed = null;
      main.replaceChildren(h("div", { class: "inside" }, h("p", { class: "soft" }, "reading ...")));
      const made = await { runs: showRuns, run: showRun, compare: showCompare, export: showExport }[now.view]();
      if (made) main.replaceChildren(made);
    }
    if (before && before.view !== now.view) main.focus({ preventScroll: true });
  } catch (error) {
    list = listed = null;
    main.replaceChildren(h("div", { class: "inside" }, h("h1", {}, "This cannot be shown"), h("p", {}, error.message),
      h("p", {}, h("a", { href: "#/" }, "all runs"))));
  }
}

async function showRuns() {
  const cards = runs.map((run) => h("li", {}, h("a", { href: run.trajectories && run.kind !== "training" ? at(run.name, "list") : at(run.name) },
    h("b", {}, run.name), h("span", { class: "soft" }, [run.kind, run.updates ? `${run.updates} updates` : "",
      run.done ? "" : "going on or stopped", run.changed ? new Date(run.changed * 1000).toLocaleString() : ""].filter(Boolean).join(" · ")))));
  return h("div", { class: "inside" }, h("h1", {}, "Runs"), cards.length ? h("ul", { class: "runs" }, cards)
    : h("p", { class: "empty" }, "There are no runs here yet. They appear as soon as one writes its first file."));
}

async function showRun() {
  const inside = h("div", { class: "inside" }), { run, query } = now;
  inside.append(await part("run", { run, other: query.other }));
  const other = h("select", { "aria-label": "run to compare the settings with",
    onchange: () => goTo(withQuery(at(run), other.value ? { other: other.value } : {})) },
  h("option", { value: "" }, "choose a run"), ...runs.filter((each) => each.name !== run).map((each) => h("option", { value: each.name }, each.name)));
  other.value = query.other || "";
  inside.append(h("div", { class: "form" }, h("label", {}, "settings that differ from", other)));
  last = null;
  return inside;
}

async function showList(before) {
  if (listed !== now.run || !list) build();
  const panes = main.firstElementChild;
  panes.classList.toggle("reading", !!now.key);
  if (!now.key) { list.mark(null, -1); panes.lastElementChild.replaceChildren(h("p", { class: "empty" }, "Choose an attempt.")); return; }
  await showAttempt(panes.lastElementChild, before);
}

function build() {
  const { run } = now;
  listed = run;
  last = null;
  const words = h("input", { type: "search", placeholder: "search", "aria-label": "search attempts", id: "words" });
  const only = h("select", { "aria-label": "show" }), sort = h("select", { "aria-label": "order by" });
  const down = h("button", { type: "button", class: "icon", "aria-pressed": "false", "aria-label": "greatest first" }, "↓");
  const count = h("span", { class: "count", role: "status" }, "reading ...");
  const all = h("button", { type: "button", title: `the first ${MOST_PICKED}, for export`, onclick: () => pickAll(run) }, "pick all");
  const fill = (select, first, names) => {
    if (select.options.length > 1 && names.every((name, place) => select.options[place + 1]?.value === name)) return;
    const held = select.value;
    select.replaceChildren(h("option", { value: "" }, first), ...names.map((name) => h("option", { value: name }, name)));
    select.value = held;
  };
  list = new List({
    run, picked: picks(run), onpick: (key, on) => pick(run, key, on),
    link: (row) => at(run, "t", row.key, ...(now.tab ? [now.tab] : [])),
    oncount: (found) => {
      const growing = found.indexed < found.total ? `, ${found.indexed} of ${found.total} read` : "";
      count.textContent = `${counted(found.matching, "attempt")}${growing}` + (found.bad ? `, ${found.bad} cannot be read` : "");
      fill(only, "all attempts", found.filters);
      fill(sort, "in order", found.sorts);
    },
  });
  let later = 0;
  const ask = () => list.ask({ words: words.value, only: only.value, sort: sort.value, down: down.getAttribute("aria-pressed") === "true" ? "1" : "" })
    .catch((error) => { count.textContent = error.message; });
  words.addEventListener("input", () => { clearTimeout(later); later = setTimeout(ask, 150); });
  only.addEventListener("change", ask);
  sort.addEventListener("change", ask);
  down.addEventListener("click", () => { down.setAttribute("aria-pressed", down.getAttribute("aria-pressed") !== "true"); ask(); });
  main.replaceChildren(h("div", { class: "panes" },
    h("section", { class: "left", "aria-label": "list" }, h("div", { class: "tools" }, words, only, h("div", { class: "order" }, sort, down)), h("div", { class: "found" }, count, all), list.box),
    h("section", { class: "right", "aria-label": "attempt", tabindex: 0 })));
  ask();
}

async function showAttempt(target, before) {
  const { run, key, tab, query } = now;
  list.mark(key, -1);
  const place = get("neighbours", { run, key, ...list.asked }).catch(() => ({ at: -1 }));
  const held = picks(run).has(key);
  const picked = h("button", { type: "button", id: "pick", "aria-pressed": String(held), onclick: () => togglePick() }, held ? "picked" : "pick");
  const tabs = h("div", { class: "tabs" }, h("a", { class: "back", href: at(run, "list") }, "‹ list"),
    h("nav", { "aria-label": "views of this attempt" }, ...TABS.map(([name, title]) =>
      h("a", { href: at(run, "t", key, ...(name ? [name] : [])), "aria-current": tab === name ? "page" : null }, title))),
    h("span", { class: "space" }), picked, step("before", "‹", "previous attempt"), step("after", "›", "next attempt"));
  function step(name, sign, said) {
    const button = h("button", { type: "button", class: "icon", "aria-label": said, id: name, disabled: true }, sign);
    place.then((found) => { button.disabled = !found[name]; button.addEventListener("click", () => move(name)); });
    return button;
  }
  const made = await part(tab || "trajectory", { run, key });
  if (now.run !== run || now.key !== key || now.tab !== tab) return;
  target.replaceChildren(tabs, made);
  if (!before || before.key !== key || before.tab !== tab) target.scrollTop = 0;
  if (tab === "tokens") tokens(target, query.at);
  else closer(target);
  const found = await place;
  if (list && now.key === key) list.mark(key, found.at);
}

function togglePick() {
  const button = byId("pick"), on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? "picked" : "pick";
  pick(now.run, now.key, on);
  list.draw();
}

/** Pick what the list shows, or leave it all out when it is picked already. */
async function pickAll(run) {
  const { rows } = await get("rows", { run, start: 0, count: MOST_PICKED, ...list.asked });
  const held = picks(run), on = !rows.every((row) => held.has(row.key));
  for (const row of rows) pick(run, row.key, on);
  list.draw();
}

/** Point at a token: its numbers, and its address. */
function tokens(target, chosen) {
  if (!target.querySelector(".flow .t[id]")) return;
  const line = h("p", { class: "token-line", role: "status" }, "Choose a token to see its numbers and to link to it.");
  target.append(line);
  const open = (token) => {
    target.querySelector(".t.at")?.classList.remove("at");
    token.classList.add("at");
    const link = withQuery(at(now.run, "t", now.key, "tokens"), { at: token.id.slice(1) });
    line.replaceChildren(h("code", {}, token.textContent), "  ", token.title, "  ", h("a", { href: link }, "link to this token"));
    history.replaceState(null, "", link);
  };
  for (const token of target.querySelectorAll(".flow .t[id]")) token.addEventListener("click", () => open(token));
  target.openToken = open;
  const wanted = chosen && target.querySelector(`#t${CSS.escape(chosen)}`);
  if (wanted) { open(wanted); wanted.scrollIntoView({ block: "center" }); }
}

async function showCompare() {
  const { query } = now, inside = h("div", { class: "inside" }, h("h1", {}, "Compare"));
  const able = runs.filter((run) => run.trajectories);
  const go = (more) => goTo(withQuery("#/compare", Object.fromEntries(Object.entries({ ...query, ...more }).filter(([, value]) => value))));
  const choose = (name, title, options, none = "choose") => {
    const select = h("select", { id: `compare-${name}`, onchange: () => go({ [name]: select.value }) }, h("option", { value: "" }, none),
      ...options.map((each) => h("option", { value: each }, each)));
    select.value = query[name] || "";
    return h("label", {}, title, select);
  };
  const names = able.map((run) => run.name);
  const form = h("div", { class: "form" }, choose("a", "before", names), choose("b", "after", names));
  inside.append(form);
  if (!query.a || !query.b) { inside.append(h("p", { class: "soft" }, "Choose two runs over the same items.")); return inside; }
  let found = await get("compare", { ...query, count: 200 });
  while (found.indexed[0] < found.indexed[1] && now.view === "compare") {
    say(`${found.indexed[0]} of ${found.indexed[1]} read`);
    await new Promise((done) => setTimeout(done, 300));
    found = await get("compare", { ...query, count: 200 });
  }
  form.append(choose("score", "right by", found.scores, "the answer"));
  const words = h("input", { type: "search", value: query.words || "", "aria-label": "search items", onchange: () => go({ words: words.value }) });
  form.append(h("label", {}, "search", words), choose("sort", "order by the change of", found.sorts, "in order"),
    h("button", { type: "button", class: "icon", "aria-pressed": String(query.down === "1"), "aria-label": "greatest first",
      onclick: () => go({ down: query.down === "1" ? "" : "1" }) }, "↓"));
  inside.append(h("div", { class: "kinds", role: "group", "aria-label": "what happened" }, ...found.kinds.map((kind) =>
    h("button", { type: "button", "aria-pressed": String(query.kind === kind), onclick: () => go({ kind: query.kind === kind ? "" : kind }) },
      h("b", {}, found.counts[kind]), kind))));
  const open = (side, run) => h("a", { href: at(run, "t", side.key) }, side.answer || "no answer");
  const titles = ["item", "target", "before", "after", ...(query.sort ? [query.sort] : []), ""];
  const rows = found.pairs.map((pair) => h("tr", {}, h("th", { scope: "row" }, pair.before.id), h("td", {}, pair.before.target ?? ""),
    h("td", {}, open(pair.before, query.a)), h("td", {}, open(pair.after, query.b)),
    query.sort ? h("td", {}, pair.values.map((value) => (value === null ? "none" : short(value))).join(" → ")) : null,
    h("td", { class: pair.kind === "fixed" ? "good" : pair.kind === "broken" ? "bad" : "soft" }, pair.kind)));
  inside.append(h("div", { class: "scroll pairs", tabindex: 0, role: "group", "aria-label": "items" }, h("table", {},
    h("thead", {}, h("tr", {}, ...titles.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows))));
  const left = [found.only_before && `${found.only_before} items only before`, found.only_after && `${found.only_after} only after`,
    found.matching > 200 && `the first 200 of ${found.matching} are shown`].filter(Boolean);
  inside.append(h("p", { class: "soft" }, [...left, "interval and test: saccade compare"].join("; ")));
  return inside;
}

async function showExport() {
  const { run } = now, keys = [...picks(run)];
  const link = (form) => `/export?${new URLSearchParams({ run, form, keys: keys.join(",") })}`;
  const items = keys.map((key) => h("li", {}, h("a", { href: at(run, "t", key) }, key), " ",
    h("button", { type: "button", "aria-label": `leave out ${key}`, onclick: () => { pick(run, key, false); show(); } }, "leave out")));
  return h("div", { class: "inside" }, h("h1", {}, "Export"),
    h("p", {}, keys.length ? `${counted(keys.length, "attempt")} picked.` : "Pick attempts in the list, or press x on an open one."),
    keys.length ? h("p", { class: "form" }, h("a", { href: link("html"), download: true }, "one HTML file, with its pictures"),
      h("a", { href: link("inspect"), download: true }, "inspect_ai log (JSON)")) : null,
    h("ol", {}, items));
}

async function move(name) {
  const found = await get("neighbours", { run: now.run, key: now.key, ...list.asked });
  if (found[name]) goTo(at(now.run, "t", found[name], ...(now.tab ? [now.tab] : [])));
}

/** The open run may be growing: look, and take in what is new without losing the place. */
async function look() {
  if (document.hidden || !now?.run || !["run", "list"].includes(now.view)) return;
  let found;
  try { found = await get("state", { run: now.run }); } catch { return; }
  const mark = JSON.stringify([found.total, found.indexed, found.metrics, found.generation, found.summary]);
  const fresh = Date.now() / 1000 - found.changed < 120 && !found.summary;
  byId("live").textContent = fresh ? "live" : "";
  byId("live").classList.toggle("on", fresh);
  if (last !== null && mark !== last) {
    if (now.view === "list" && list) await list.ask(null, { stay: true });
    else if (now.view === "run") {
      const top = main.scrollTop, made = await showRun();
      main.replaceChildren(made);
      main.scrollTop = top;
    }
  }
  last = mark;
}

/** The token before or after the chosen one, by the arrow keys. */
function nextToken(step) {
  const target = main.querySelector(".right"), all = [...target.querySelectorAll(".flow .t[id]")];
  const at = all.findIndex((each) => each.classList.contains("at"));
  const token = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  if (token) { target.openToken(token); token.scrollIntoView({ block: "nearest" }); }
}

function nextLook() {
  const looks = [...main.querySelectorAll("figure[data-look]")], at = looks.indexOf(document.activeElement);
  looks[(at + 1) % looks.length]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const run = now?.run, key = now?.key;
  const acts = {
    j: () => (key ? move("after") : main.querySelector(".row a")?.click()), k: () => key && move("before"),
    1: () => key && goTo(at(run, "t", key)), 2: () => key && goTo(at(run, "t", key, "tokens")), 3: () => key && goTo(at(run, "t", key, "group")),
    l: nextLook, x: () => key && togglePick(), "/": () => byId("words")?.focus(), "?": () => byId("keys").showModal(),
    r: () => run && goTo(at(run)), a: () => run && goTo(at(run, "list")), c: () => run && goTo(withQuery("#/compare", { a: run })),
    e: () => run && goTo(at(run, "export")),
    ...(key && now.tab === "tokens" ? { ArrowLeft: () => nextToken(-1), ArrowRight: () => nextToken(1) } : {}), Escape: () => key && goTo(at(run, "list")),
  };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
});

byId("run").addEventListener("change", (event) => goTo(event.target.value ? at(event.target.value, ...(now.view === "list" ? ["list"] : [])) : "#/"));
byId("help").addEventListener("click", () => byId("keys").showModal());
byId("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
addEventListener("hashchange", show);
setInterval(look, LOOK_MS);
show();
