// Elements, colours, and the data that the file carries. Names come from a hostile program: they only ever become text.
const SVG = "http://www.w3.org/2000/svg";
const TONES = 6;
const LEVELS = ["unknown", "guess", "likely", "exact"];

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** The JSON in the script element `id`: gzip, in base64. */
async function unpack(id) {
  const node = document.getElementById(id);
  const bytes = Uint8Array.from(atob(node.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Functions of the last few blocks that were looked at. */
const blocks = new Map();
async function block(n) {
  if (!blocks.has(n)) {
    if (blocks.size > 8) blocks.delete(blocks.keys().next().value);
    blocks.set(n, await unpack("b" + n));
  }
  return blocks.get(n);
}

const nameOf = (value, prefix, n) => value.name || prefix + (n + 1);
const partOf = (value, piece, name) =>
  piece.off === 0 && piece.size === value.size ? name : `${name}[${piece.off}:${piece.off + piece.size}]`;
const onStack = (piece) => piece.loc.startsWith("stack+");

/** Parameters, then results, each with its name and its colour. */
function valuesOf(f) {
  const all = [];
  f.params.forEach((value, n) => all.push({ value, name: nameOf(value, "a", n), incoming: true }));
  f.results.forEach((value, n) => all.push({ value, name: nameOf(value, "r", n), incoming: false }));
  all.forEach((v, n) => (v.tone = "tone" + (n % TONES)));
  return all;
}

function rows(heads, lines, attributes) {
  const head = heads.length ? el("thead", {}, el("tr", {}, heads.map((h) => el("th", { scope: "col" }, h)))) : null;
  const body = el("tbody", {}, lines.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell)))));
  return el("div", { class: "scroll" }, el("table", { class: "plain", ...attributes }, head, body));
}

const level = (name) => el("span", { class: name }, name);

/** A pattern for bytes that hold nothing. */
function hatch() {
  const lines = svg("path", { d: "M0 8 L8 0", stroke: "var(--hatch)" });
  return svg("defs", {}, svg("pattern", { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse" }, lines));
}

function link(address, text) {
  const known = report.at.has(address);
  return known ? el("a", { href: "#/f/" + address }, text || address) : el("span", {}, text || address);
}
