// Start, routes, keys, theme.
const report = { head: null, rows: [], at: new Map(), types: [] };

function route() {
  const [, view, id] = location.hash.split("/");
  if (view === "f") return { view: "function", address: decodeURIComponent(id || "") };
  if (view === "t") return { view: "type", id: Number(id) };
  return { view: ["types", "bridges", "coverage"].includes(view) ? view : "list" };
}

async function show() {
  const main = document.querySelector("main"), to = route();
  const views = { list: () => showList(main), function: () => showFunction(main, to.address), types: () => showTypes(main),
    type: () => showType(main, to.id), bridges: () => showBridges(main), coverage: () => showCoverage(main) };
  const tab = { function: "list", type: "types" }[to.view] || to.view;
  document.querySelectorAll("nav a").forEach((a) => a.dataset.view === tab ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current"));
  try { await views[to.view](); } catch (error) { main.replaceChildren(el("p", { class: "error" }, "This part of the report cannot be read: " + error.message)); throw error; }
}

function theme(next) {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme || (dark ? "dark" : "light");
  root.dataset.theme = next || (now === "dark" ? "light" : "dark");
  if (route().view === "coverage") show(); // a canvas keeps the colours that it was drawn with
}

document.addEventListener("keydown", (event) => {
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName), search = document.getElementById("search");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { if (typing) event.target.blur(); else location.hash = "#/"; return; }
  if (route().view === "list" && !(typing && event.target.type !== "search")) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };
    if (event.key in steps) { event.preventDefault(); return move(steps[event.key]); }
    if (event.key === "Enter" && event.target.tagName !== "A" && event.target.tagName !== "BUTTON") {
      const row = list.active ? list.active.getData() : typing && list.kept[0];
      if (row) location.hash = "#/f/" + row.entry;
      return;
    }
  }
  if (typing) return;
  if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
  if (event.key === "t") theme();
});

async function start() {
  if (!("DecompressionStream" in window)) throw new Error("this browser is too old to unpack the report (it needs DecompressionStream)");
  const head = await unpack("head"), f = head.functions;
  report.head = head;
  report.types = head.types;
  report.rows = f.entry.map((entry, i) => {
    const params = LEVELS[f.params[i]], results = LEVELS[f.results[i]];
    const row = { i, entry, name: f.name[i], package: head.packages[f.package[i]], params, results, prototype: f.prototype[i],
      confidence: LEVELS[Math.min(f.params[i], f.results[i])], source: head.words[f.source[i]], abi: head.words[f.abi[i]], kind: head.words[f.kind[i]] };
    row.text = `${entry} ${row.name} ${row.prototype}`.toLowerCase();
    return row;
  });
  report.rows.forEach((row) => report.at.set(row.entry, row.i));
  document.getElementById("theme").addEventListener("click", () => theme());
  window.addEventListener("hashchange", show);
  await show();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => document.querySelector("main").replaceChildren(el("p", { class: "error" }, error.message)));
