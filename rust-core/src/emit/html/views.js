// Types with their layouts, the ways between Go and C, and how much is known.

const SHOWN_TYPES = 500, GRID_ROWS = 64;

function typeLayout(type) {
  const size = Number(type.size), word = 8, cell = 46, height = 30, left = 60;
  const lines = Math.min(Math.ceil(size / word), GRID_ROWS);
  if (!lines || !type.fields) return null;
  const picture = svg("svg", { width: left + word * cell + 10, height: 24 + lines * height + 10, role: "img", "aria-label": "Layout" }, hatch());
  for (let b = 0; b < word; b++) picture.append(svg("text", { x: left + b * cell + cell / 2, y: 15, "text-anchor": "middle", class: "faint" }, "+" + b));
  for (let n = 0; n < lines; n++) {
    picture.append(svg("text", { x: left - 8, y: 24 + n * height + 19, "text-anchor": "end", class: "faint" }, "+" + n * word));
    const bytes = Math.min(word, size - n * word);
    picture.append(svg("rect", { x: left, y: 24 + n * height, width: bytes * cell, height, fill: "url(#hatch)", class: "box" }));
  }
  type.fields.forEach((field, i) => {
    let at = field.offset, rest = report.types[field.type] ? Number(report.types[field.type].size) : 0, first = true;
    while (rest > 0 && at < lines * word) {
      const part = Math.min(rest, word - (at % word)), y = 24 + Math.floor(at / word) * height, x = left + (at % word) * cell;
      picture.append(svg("rect", { x, y, width: part * cell, height, class: `box tone${i % TONES}` }));
      if (first) picture.append(svg("text", { x: x + 5, y: y + 19 }, short(field.name || "_", Math.floor((part * cell - 8) / 8))));
      first = false; at += part; rest -= part;
    }
  });
  const cut = size > lines * word ? el("p", { class: "facts" }, `The first ${lines * word} of ${size} bytes.`) : null;
  return el("div", { class: "scroll" }, picture, cut);
}

const short = (text, room) => (text.length <= room ? text : text.slice(0, Math.max(1, room - 1)) + "…");

function showTypes(main) {
  main.className = "";
  const search = el("input", { type: "search", id: "search", placeholder: "Search types  ( / )", "aria-label": "Search types", oninput: soon(draw, 120) });
  const out = el("div");
  function draw() {
    const word = search.value.toLowerCase();
    const found = report.types.filter((t) => t.go_name.toLowerCase().includes(word) || t.c_name.toLowerCase().includes(word));
    const line = (t) => [el("a", { href: "#/t/" + t.id }, t.go_name || t.c_name), t.kind, `${t.size}`, el("code", {}, t.c_name), t.source];
    const more = found.length > SHOWN_TYPES ? el("p", { class: "facts" }, `The first ${SHOWN_TYPES} of ${found.length}; search for others.`) : "";
    out.replaceChildren(more, rows(["type", "kind", "bytes", "C name", "from"], found.slice(0, SHOWN_TYPES).map(line)));
  }
  main.replaceChildren(el("div", { class: "tools" }, search), out);
  draw();
}

function showType(main, id) {
  main.className = "";
  const type = report.types[id];
  if (!type) return main.replaceChildren(el("p", { class: "error" }, "There is no such type."));
  const to = (n) => (report.types[n] ? el("a", { href: "#/t/" + n }, report.types[n].go_name || report.types[n].c_name) : "?");
  const facts = [`${type.size} bytes`, `aligned to ${type.align}`, type.kind, "from " + type.source, "C name " + type.c_name];
  const fields = (type.fields || []).map((f, i) => [`+${f.offset}`, el("span", { class: `chip code tone${i % TONES}` }, f.name || "_"), to(f.type)]);
  const refs = ["elem", "key"].filter((k) => type[k] !== undefined).map((k) => [k, to(type[k])]);
  if (type.len !== undefined) refs.push(["len", `${type.len}`]);
  for (const k of ["params", "results"]) (type[k] || []).forEach((n) => refs.push([k.slice(0, -1), to(n)]));
  (type.methods || []).forEach((m) => refs.push(["method", el("span", {}, m.name + "  ", m.type === null ? "" : to(m.type))]));
  main.replaceChildren(el("div", { class: "tools" }, el("a", { href: "#/types" }, "All types")), el("h2", { id: "name" }, type.go_name || type.c_name),
    el("div", { class: "facts" }, facts.join("  ·  ")), typeLayout(type) || "",
    fields.length ? section("Fields", rows(["offset", "name", "type"], fields)) : "", refs.length ? rows([], refs) : "");
}

const SHOWN_NODES = 120;

/** Places that lead to each other, in columns by how far they are from where a way begins. */
function layers(marks) {
  const by = new Map(marks.map((m) => [m.at, m])), depth = new Map();
  const targets = new Set(marks.flatMap((m) => m.next));
  const starts = marks.filter((m) => m.next.length && !targets.has(m.at));
  let edge = (starts.length ? starts : marks.filter((m) => m.next.length).slice(0, 1)).map((m) => m.at);
  for (let d = 0; edge.length && d < marks.length; d++) {
    const further = [];
    for (const at of edge) if (by.has(at) && !depth.has(at)) { depth.set(at, d); further.push(...by.get(at).next); }
    edge = further;
  }
  const columns = [];
  for (const [at, d] of depth) (columns[d] = columns[d] || []).push(by.get(at));
  return untangled(columns.filter(Boolean));
}

const SWEEPS = 6;

/** The same columns, each sorted by where its neighbours are, so that few arrows cross: the barycenter method. */
function untangled(columns) {
  const links = new Map();
  const join = (a, b) => { if (!links.has(a)) links.set(a, new Set()); links.get(a).add(b); };
  for (const mark of columns.flat()) for (const next of mark.next) { join(mark.at, next); join(next, mark.at); }
  let best = columns, fewest = crossings(columns);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const next = columns.map((c) => [...c]), forward = sweep % 2 === 0;
    for (let n = 1; n < next.length; n++) {
      const x = forward ? n : next.length - 1 - n, beside = new Map(next[forward ? x - 1 : x + 1].map((m, y) => [m.at, y]));
      const centre = (mark, y) => {
        const near = [...(links.get(mark.at) || [])].filter((at) => beside.has(at)).map((at) => beside.get(at));
        return near.length ? near.reduce((a, b) => a + b, 0) / near.length : y;
      };
      next[x] = next[x].map((mark, y) => [centre(mark, y), mark]).sort((a, b) => a[0] - b[0]).map(([, mark]) => mark);
    }
    columns = next;
    const count = crossings(next);
    if (count < fewest) [best, fewest] = [next, count];
  }
  return best;
}

/** Pairs of arrows between neighbouring columns that cross. */
function crossings(columns) {
  let count = 0;
  for (let x = 1; x < columns.length; x++) {
    const place = new Map(columns[x].map((mark, y) => [mark.at, y]));
    const ends = columns[x - 1].flatMap((mark, y) => mark.next.filter((at) => place.has(at)).map((at) => [y, place.get(at)]));
    for (let i = 0; i < ends.length; i++) for (let j = 0; j < i; j++) if ((ends[i][0] - ends[j][0]) * (ends[i][1] - ends[j][1]) < 0) count++;
  }
  return count;
}

function graph(marks) {
  const columns = layers(marks.slice(0, SHOWN_NODES)), width = 230, height = 46, gapX = 70, gapY = 18, place = new Map();
  const tall = Math.max(0, ...columns.map((c) => c.length));
  const total = { width: columns.length * (width + gapX), height: tall * (height + gapY) + 20 };
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" },
    svg("path", { d: "M0 0 L8 4 L0 8 z", class: "head" }));
  const picture = svg("svg", { id: "bridges", ...total, role: "img", "aria-label": "Ways between Go and C" }, svg("defs", {}, arrow));
  columns.forEach((column, x) => column.forEach((mark, y) => place.set(mark.at, { x: x * (width + gapX) + 4, y: y * (height + gapY) + 10 })));
  for (const mark of columns.flat()) for (const next of mark.next) {
    const a = place.get(mark.at), b = place.get(next);
    if (!b) continue;
    const [x1, y1, x2, y2] = [a.x + width, a.y + height / 2, b.x, b.y + height / 2];
    const path = b.x > a.x ? `M${x1} ${y1} C${x1 + gapX / 2} ${y1} ${x2 - gapX / 2} ${y2} ${x2} ${y2}`
      : `M${a.x + width / 2} ${a.y} C${a.x + width / 2} ${a.y - gapY * 2} ${b.x + width / 2} ${b.y - gapY * 2} ${b.x + width / 2} ${b.y}`;
    picture.append(svg("path", { d: path, class: b.x > a.x ? "arrow" : "arrow back", "marker-end": "url(#arrow)" }));
  }
  for (const mark of columns.flat()) {
    const { x, y } = place.get(mark.at);
    const node = svg("g", {}, svg("title", {}, mark.comment), svg("rect", { x, y, width, height, rx: 4, class: "box " + (mark.stack ? "tone0" : "plain") }),
      svg("text", { x: x + 8, y: y + 18 }, short(mark.name || mark.role, 27)),
      svg("text", { x: x + 8, y: y + 36, class: "faint" }, short(`${mark.at} ${mark.stack || mark.role}`, 27)));
    picture.append(report.at.has(mark.at) ? svg("a", { href: "#/f/" + mark.at }, node) : node);
  }
  return el("div", { class: "scroll" }, picture);
}

function showBridges(main) {
  main.className = "";
  const marks = report.head.annotations;
  if (!marks.length) return main.replaceChildren(el("h2", {}, "Between Go and C"), el("p", {}, "Nothing of the kind was found in this program."));
  const line = (m) => [link(m.at), m.role, m.name, m.stack || "", m.comment];
  const cut = marks.length > SHOWN_NODES ? el("p", { class: "facts" }, `The picture has the first ${SHOWN_NODES} of ${marks.length} places.`) : "";
  main.replaceChildren(el("h2", {}, "Between Go and C"), graph(marks), cut,
    section("Places", rows(["at", "what", "name", "runs on", ""], marks.map(line))));
}

const SHOWN_PACKAGES = 20;
const charts = [];

function shares(title, names, of) {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue("--" + name).trim();
  const canvas = el("canvas", { role: "img", "aria-label": title });
  const datasets = [...LEVELS].reverse().map((name) => ({ label: name, data: names.map((n) => of(n)[name] || 0), backgroundColor: colour(name) }));
  const scale = { stacked: true, ticks: { color: colour("ink") }, grid: { color: colour("edge") } };
  const holder = el("div", { class: "chart", style: `height: ${60 + names.length * 26}px` }, canvas);
  queueMicrotask(() => charts.push(new Chart(canvas, { type: "bar", data: { labels: names.map((n) => short(n, 40)), datasets },
    options: { indexAxis: "y", maintainAspectRatio: false, animation: false, scales: { x: scale, y: { ...scale, ticks: { color: colour("ink"), autoSkip: false } } },
      plugins: { legend: { labels: { color: colour("ink") } } } } })));
  const numbers = names.map((n) => [n, ...[...LEVELS].reverse().map((l) => `${of(n)[l] || 0}`)]);
  return section(title, holder, el("details", {}, el("summary", {}, "as a table"), rows(["", ...[...LEVELS].reverse()], numbers)));
}

function showCoverage(main) {
  main.className = "";
  charts.splice(0).forEach((chart) => chart.destroy());
  const sides = { parameters: {}, results: {} }, packages = new Map();
  for (const row of report.rows) {
    sides.parameters[row.params] = (sides.parameters[row.params] || 0) + 1;
    sides.results[row.results] = (sides.results[row.results] || 0) + 1;
    const levels = packages.get(row.package) || {};
    levels[row.confidence] = (levels[row.confidence] || 0) + 1;
    packages.set(row.package, levels);
  }
  const sum = (levels) => Object.values(levels).reduce((a, b) => a + b, 0);
  const most = [...packages].sort((a, b) => sum(b[1]) - sum(a[1])).slice(0, SHOWN_PACKAGES);
  const named = new Map(most.map(([name, levels]) => [name || "(no package)", levels]));
  const rest = packages.size > most.length ? el("p", { class: "facts" }, `The ${most.length} largest of ${packages.size} packages.`) : "";
  main.replaceChildren(el("h2", {}, "How much is known"), shares("Parameters and results of all functions", ["parameters", "results"], (n) => sides[n]),
    shares("Functions by package, by the lower of their two confidences", [...named.keys()], (n) => named.get(n)), rest,
    section("About", rows([], Object.entries(report.head.about).map(([k, v]) => [k, el("code", {}, v)]))),
    report.head.notes.length ? section("Notes", el("ul", {}, report.head.notes.map((n) => el("li", {}, (n.at ? n.at + ": " : "") + n.text)))) : "");
}
