// The page of one function.

function typeName(value) {
  const of = (id) => (id === null || id === undefined ? null : report.types[id]);
  const real = of(value.type), made = of(value.shape);
  const id = real ? value.type : value.shape;
  const name = real ? real.go_name : made ? made.c_name : "?";
  return real || made ? el("a", { href: "#/t/" + id }, name) : name;
}

function valueTable(values) {
  if (!values.length) return el("p", {}, "none");
  const place = (v) => (piece) => el("span", { class: "chip code " + v.tone },
    (piece.size === v.value.size ? "" : piece.off + ":") + piece.loc + " " + piece.kind);
  const line = (v) => [
    el("span", { class: "chip code " + v.tone }, v.name), typeName(v.value), `${v.value.size} bytes`,
    v.value.pieces.length ? el("span", {}, v.value.pieces.map(place(v))) : "nowhere: it has no bytes", v.value.role || "",
  ];
  return rows(["name", "type", "size", "place", ""], values.map(line));
}

function registerTable(f, values) {
  const found = new Map();
  for (const v of values) for (const piece of v.value.pieces) {
    if (onStack(piece)) continue;
    const row = found.get(piece.loc) || ["", ""];
    row[v.incoming ? 0 : 1] = el("span", { class: "chip code " + v.tone }, partOf(v.value, piece, v.name));
    found.set(piece.loc, row);
  }
  if (f.closure_context) found.set(f.closure_context, ["closure context", ""]);
  if (!found.size) return null;
  return section("Registers", rows(["", "at entry", "at return"], [...found].map(([reg, row]) => [el("code", {}, reg), ...row])));
}

const section = (title, ...content) => el("section", {}, el("h3", {}, title), content);

/** The stack around the function's entry, lower addresses first. */
function frame(slots, values) {
  const height = 28, top = 24, left = 70, width = 330, total = top + slots.length * height + 26;
  const room = 24 + 8 * Math.max(0, ...slots.map((slot) => (slot.names || "").length));
  const tone = (slot) => (slot.value === undefined ? "plain" : values[slot.value].tone);
  const picture = svg("svg", { width: left + width + room, height: total, role: "img", "aria-label": "Stack frame, lower addresses on top" }, hatch());
  picture.append(svg("text", { x: left, y: 15, class: "faint" }, "from SP at entry, lower addresses on top"));
  slots.forEach((slot, n) => {
    const y = top + n * height;
    const box = { x: left, y, width, height, class: slot.padding ? "box" : "box " + tone(slot), fill: slot.padding ? "url(#hatch)" : null };
    picture.append(
      svg("text", { x: left - 8, y: y + 12, "text-anchor": "end", class: "faint" }, (slot.from < 0 ? "" : "+") + slot.from),
      svg("rect", box), svg("text", { x: left + 10, y: y + 19 }, short(slot.what, 34)),
      svg("text", { x: left + width - 10, y: y + 19, "text-anchor": "end", class: "faint" }, `${slot.to - slot.from}`),
      svg("text", { x: left + width + 12, y: y + 19, class: "faint" }, slot.names || ""));
  });
  const last = slots[slots.length - 1];
  picture.append(svg("text", { x: left - 8, y: top + slots.length * height + 12, "text-anchor": "end", class: "faint" }, "+" + last.to));
  return section("Frame", el("div", { class: "scroll" }, picture));
}

function evidence(f) {
  if (!f.evidence) return section("Evidence", el("p", { class: "facts" }, "The report was made without it (--evidence)."));
  const jump = (at) => el("a", { href: "#", onclick: (e) => { e.preventDefault(); const row = document.getElementById("i" + at);
    if (row) row.scrollIntoView({ block: "center" }); } }, at + " ");
  const sign = (e) => (e.decides ? "decides" : e.agrees ? "agrees" : "conflicts");
  const item = (e) => el("li", { class: sign(e) },
    el("strong", {}, sign(e) + " "), el("code", {}, e.source), " ", e.claim, " ", el("span", { class: "code" }, "at ", e.at.map(jump)),
    e.why ? el("div", { class: "why" }, e.why) : null);
  return section("Evidence", el("ul", { class: "evidence" }, f.evidence.map(item)));
}

function listing(f) {
  if (!f.listing) return null;
  const body = el("tbody");
  let next = null;
  for (const line of f.listing) {
    const at = BigInt(line.at);
    if (next !== null && next !== at) body.append(el("tr", { class: "gap" }, el("td", { colspan: 4 }, "…")));
    next = at + BigInt(line.bytes.length / 2);
    body.append(el("tr", { id: "i" + line.at, class: line.shows ? "shows" : null },
      el("td", {}, line.at), el("td", {}, line.bytes), el("td", {}, line.text), el("td", {}, line.shows ? "; " + line.shows : "")));
  }
  return section("Instructions that show it", el("div", { class: "scroll" }, el("table", { class: "listing code" }, body)));
}

function calls(title, calls, word) {
  if (!calls) return null;
  const counts = (calls.reads || []).map((r) => `${r.loc} ${r.calls}×${r.result ? "" : " (no result is there)"}`).join(", ");
  const lines = calls.list.map((c) => [el("code", {}, c.at), link(c.function, c.name || c.function), (c.reads || []).join(", ") || "nothing"]);
  const more = calls.count - calls.list.length;
  return section(`${title} ${calls.count} place${calls.count === 1 ? "" : "s"}`,
    counts ? el("p", { class: "facts" }, "read behind the calls: " + counts) : null, rows(["at", word, "reads"], lines),
    more > 0 ? el("p", { class: "facts" }, `and ${more} more`) : null);
}

function sites(list) {
  if (!list.length) return null;
  const callee = (s) => (s.api ? [s.api.dll, s.api.name].filter(Boolean).join("!") : s.interface ? `${s.interface.type}.${s.interface.method}` : "");
  const line = (s) => [el("code", {}, s.at), s.kind, callee(s) + (s.values.length ? `(${s.values.join(", ")})` : ""), el("span", {}, s.targets.map((t) => link(t)))];
  return section("Call sites", rows(["at", "kind", "callee", "targets"], list.map(line)));
}

async function showFunction(main, address) {
  const i = report.at.get(address);
  main.className = "";
  if (i === undefined) return main.replaceChildren(el("p", { class: "error" }, `No function begins at ${address}.`), el("a", { href: "#/" }, "All functions"));
  const { functions, frames, sites: within } = await block(Math.floor(i / report.head.block));
  const f = functions[i % report.head.block], slots = frames[i % report.head.block];
  if (route().address !== address) return; // another page was asked for meanwhile
  const values = valuesOf(f), params = values.slice(0, f.params.length), results = values.slice(f.params.length);
  const side = (name) => el("span", {}, level(f.confidence[name]), f.source[name] ? ", from " + f.source[name] : "");
  const facts = [f.entry + (f.end ? ".." + f.end : ""), f.kind, f.abi, f.file ? `${f.file}:${f.line}` : "", f.noreturn ? "does not return" : ""];
  const next = (step, text) => { const row = report.rows[i + step]; return row ? el("a", { href: "#/f/" + row.entry }, text) : null; };
  main.replaceChildren(
    el("div", { class: "tools" }, el("a", { href: "#/" }, "All functions"), next(-1, "← before"), next(1, "next →")),
    el("h2", { id: "name" }, f.name || "(no name)"), el("div", { class: "facts code" }, facts.filter(Boolean).join("  ·  ")),
    f.pair ? el("p", {}, f.pair.role === "wrapper" ? "forwards to " : "called through ", link(f.pair.target)) : "",
    el("pre", {}, f.prototype), f.usercall ? el("pre", {}, f.usercall) : "",
    el("div", { class: "columns" }, el("div", {}, section("Parameters", el("p", {}, side("params")), valueTable(params)),
      section("Results", el("p", {}, side("results")), valueTable(results)), registerTable(f, values)), frame(slots, values)),
    evidence(f), listing(f) || "", calls("Called from", f.callers, "in") || "", calls("Calls others at", f.callees, "of") || "",
    sites(within.filter((s) => s.in === f.entry)) || "",
    f.notes ? section("Notes", el("ul", {}, f.notes.map((n) => el("li", {}, n)))) : "");
  main.scrollTop = 0;
}
