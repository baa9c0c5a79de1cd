// Two builds: what has changed, was added or removed, with both prototypes.
const report = { at: new Map() };

function soon(work, delay) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, delay); };
}

function detail(row) {
  const side = (title, face) => face ? section(title, el("div", { class: "facts code" }, [face.entry, face.abi, face.name].filter(Boolean).join("  ·  ")),
    el("pre", {}, face.prototype), face.usercall ? el("pre", {}, face.usercall) : null,
    el("p", { class: "facts" }, "parameters ", level(face.confidence.params), ", results ", level(face.confidence.results))) : "";
  document.getElementById("detail").replaceChildren(el("h2", { id: "name" }, row.name || "(no name)"),
    el("p", { class: "facts" }, row.what + (row.matched ? `, matched by ${row.matched}` : "")), side("Old", row.old), side("New", row.new));
}
const section = (title, ...content) => el("section", {}, el("h3", {}, title), content);

async function start() {
  const diff = await unpack("diff");
  const row = (what, matched, old, now) => ({ what, matched, old, new: now, name: (now || old).name || (old || now).name,
    entry: [old && old.entry, now && now.entry].filter(Boolean).join(" → "), prototype: (now || old).prototype });
  const all = [...diff.changed.map((c) => row(c.what.join(", "), c.matched, c.old, c.new)), ...diff.added.map((f) => row("added", "", null, f)),
    ...diff.removed.map((f) => row("removed", "", f, null))];
  all.forEach((r, i) => { r.i = i; r.text = `${r.entry} ${r.name} ${r.prototype} ${r.old ? r.old.prototype : ""}`.toLowerCase(); });
  const kinds = [...new Set(all.flatMap((r) => r.what.split(", ")))];
  const search = el("input", { type: "search", id: "search", placeholder: "Search  ( / )", "aria-label": "Search", oninput: soon(filter, 120) });
  const kind = el("select", { id: "by-what", "aria-label": "change", onchange: filter }, el("option", { value: "" }, "any change"), kinds.map((k) => el("option", { value: k }, k)));
  const said = el("span", { id: "count", class: "count", role: "status" }), grid = el("div", { class: "grid", style: "min-height: 45%" });
  const main = document.querySelector("main");
  main.className = "list";
  main.replaceChildren(el("div", { class: "tools" }, search, kind, said), el("div", {}, diff.notes.map((n) => el("p", { class: "error" }, n))),
    grid, el("div", { id: "detail", style: "overflow: auto; max-height: 50%" }));
  const text = (cell) => document.createTextNode(cell.getValue());
  const column = (title, field, width, more) => ({ title, field, width, formatter: text, sorter: "string", ...more });
  const table = new Tabulator(grid, { data: all, index: "i", height: "100%", layout: "fitDataStretch", rowHeight: 27, placeholder: "Nothing differs",
    columns: [column("Change", "what", 150), column("Function", "name", 340, { formatter: (cell) => el("a", { href: "#" + cell.getData().i }, cell.getValue() || "(no name)") }),
      column("Address", "entry", 220), column("By", "matched", 70), column("Prototype", "prototype", undefined, { minWidth: 300 })] });
  function filter() {
    const word = search.value.toLowerCase(), chosen = kind.value;
    const fits = (r) => r.text.includes(word) && (!chosen || r.what.split(", ").includes(chosen));
    table.setFilter(fits);
    said.textContent = `${all.filter(fits).length} of ${all.length}; ${diff.unchanged} functions are the same`;
  }
  const open = () => { const r = all[Number(location.hash.slice(1))]; if (location.hash && r) detail(r); };
  table.on("rowClick", (event, r) => { location.hash = "#" + r.getData().i; });
  window.addEventListener("hashchange", open);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== search) { event.preventDefault(); search.focus(); }
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  });
  said.textContent = `${all.length} differences; ${diff.unchanged} functions are the same`;
  open();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => document.querySelector("main").replaceChildren(el("p", { class: "error" }, error.message)));
