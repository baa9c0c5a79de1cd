// The table of functions: search, filters, keyboard.
const list = { table: null, active: null, rows: null };

function choices(name, values, counts) {
  const label = (value) => `${value || "(none)"} (${counts.get(value)})`;
  const options = values.map((value) => el("option", { value: "=" + value }, label(value)));
  const box = el("select", { id: "by-" + name, "aria-label": name, onchange: applyFilter });
  box.append(el("option", { value: "" }, "any " + name), ...options);
  return box;
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

function tools() {
  const search = el("input", { type: "search", id: "search", placeholder: "Search names, prototypes, addresses  ( / )",
    "aria-label": "Search", oninput: soon(applyFilter, 120) });
  const boxes = ["package", "confidence", "source", "abi", "kind"].map((name) => {
    const counts = tally(report.rows.map((row) => row[name]));
    const order = name === "confidence" ? (a, b) => LEVELS.indexOf(b) - LEVELS.indexOf(a) : (a, b) => counts.get(b) - counts.get(a);
    return choices(name, [...counts.keys()].sort(order), counts);
  });
  const clear = el("button", { id: "clear", onclick: () => { search.value = ""; boxes.forEach((b) => (b.value = "")); applyFilter(); } }, "Clear");
  return el("div", { class: "tools" }, search, boxes, clear, el("span", { id: "count", class: "count", role: "status" }));
}

function soon(work, delay) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, delay); };
}

function wanted() {
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = ["package", "confidence", "source", "abi", "kind"]
    .map((name) => [name, document.getElementById("by-" + name).value])
    .filter(([, value]) => value).map(([name, value]) => [name, value.slice(1)]);
  return (row) => chosen.every(([name, value]) => row[name] === value) && words.every((word) => row.text.includes(word));
}

function applyFilter() {
  if (!list.table) return;
  const fits = wanted();
  list.kept = report.rows.filter(fits);
  list.table.setFilter((row) => fits(row));
  count();
}

function count() {
  const shown = list.kept.length, all = report.rows.length;
  document.getElementById("count").textContent = shown === all ? `${all} functions` : `${shown} of ${all} functions`;
}

function mark(row) {
  if (list.active) list.active.getElement().classList.remove("active");
  list.active = row || null;
  if (!row) return;
  row.scrollTo("nearest", false).catch(() => {});
  row.getElement().classList.add("active");
}

function move(step) {
  list.rows = list.rows || list.table.getRows("active");
  const now = list.active ? list.rows.indexOf(list.active) : -1;
  mark(list.rows[Math.max(0, Math.min(list.rows.length - 1, now + step))]);
}

function showList(main) {
  if (list.view) { main.className = "list"; main.replaceChildren(list.view); list.table.redraw(); return; }
  const grid = el("div", { class: "grid", id: "functions", tabindex: "0", "aria-label": "Functions" });
  list.view = el("div", { style: "display: contents" }, tools(), grid);
  main.className = "list";
  main.replaceChildren(list.view);
  const text = (cell) => document.createTextNode(cell.getValue());
  const column = (title, field, width, more) => ({ title, field, width, formatter: text, sorter: "string", ...more });
  list.kept = report.rows;
  list.table = new Tabulator(grid, {
    data: report.rows, index: "i", height: "100%", layout: "fitDataStretch", rowHeight: 27, placeholder: "Nothing fits",
    columns: [
      column("Address", "entry", 120, { sorter: (a, b, x, y) => x.getData().i - y.getData().i,
        formatter: (cell) => el("a", { href: "#/f/" + cell.getValue() }, cell.getValue()) }),
      column("Function", "name", 340), column("Package", "package", 170),
      column("Confidence", "confidence", 125, { formatter: (cell) => level(cell.getValue()),
        sorter: (a, b) => LEVELS.indexOf(a) - LEVELS.indexOf(b) }),
      column("Source", "source", 120), column("ABI", "abi", 105), column("Kind", "kind", 85),
      column("Prototype", "prototype", undefined, { minWidth: 300 }),
    ],
  });
  const forget = () => { list.rows = null; list.active = null; };
  list.table.on("dataFiltered", forget);
  list.table.on("dataSorted", forget);
  list.table.on("rowClick", (event, row) => { if (event.target.tagName !== "A") location.hash = "#/f/" + row.getData().entry; });
  count();
}

/** The virtual table holds only what is on the screen, so paper gets a table of its own. */
const PRINTED = 5000;
window.addEventListener("beforeprint", () => {
  const paper = document.getElementById("print");
  if (route().view !== "list") return paper.replaceChildren();
  const kept = list.kept.slice(0, PRINTED);
  const lines = kept.map((row) => [row.entry, row.name, row.confidence, row.prototype]);
  const rest = list.kept.length > PRINTED ? el("p", {}, `The first ${PRINTED} of ${list.kept.length} functions; filter for fewer.`) : "";
  paper.replaceChildren(rest, rows(["Address", "Function", "Confidence", "Prototype"], lines));
});
window.addEventListener("afterprint", () => document.getElementById("print").replaceChildren());
