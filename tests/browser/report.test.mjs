// The HTML report as people use it: search, filter, open, link, print, keyboard, size, and names that attack it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { HOSTILE, report } from "./sample.mjs";

const HANDLE = "main.(*Server).handle";
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let browser;

before(async () => { browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGS }); });
after(() => browser?.close());

function html(input, ...args) {
  const out = resolve(input.replace(/\.json$/, "") + ".html");
  execFileSync(process.env.GOABI, ["annotate", input, "--format", "html", "-o", out, ...args]);
  return out;
}

function html_of(name, made) {
  writeFileSync(`${name}.json`, JSON.stringify(made));
  return html(`${name}.json`);
}

/** Opens a file; that anything is said on the console or asked of the network fails the test in `close`. */
async function open(file, hash = "", options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => { said.push(dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => { if (!/^(file|data|blob):/.test(request.url())) said.push(request.url()); });
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForSelector("html[data-ready]", { timeout: 60000 });
  return { page, close: async () => { assert.deepEqual(said, []); await page.close(); } };
}

const count = (page) => page.textContent("#count");
const server = () => html("server");

test("search and filters find a function, and it opens", async () => {
  const { page, close } = await open(server());
  const all = Number((await count(page)).match(/^(\d+) functions/)[1]);
  assert.ok(all > 1000, `${all} functions`);
  await page.fill("#search", "server handle");
  await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("1 of"));
  await page.click(`.tabulator-row >> text=${HANDLE}`);
  await page.waitForSelector("#name");
  assert.equal(await page.textContent("#name"), HANDLE);
  assert.match(await page.evaluate(() => location.hash), /^#\/f\/0x[0-9a-f]+$/);
  const text = await page.textContent("main");
  for (const part of ["keeps a1 (RAX)", "mov [rsp+8], rax", "Called from 1 place", "decides", "a2[0:8] spilled", "arg_8  Stack[0x10]", "return address"])
    assert.ok(text.includes(part), part);
  await page.goBack();
  assert.equal(await page.inputValue("#search"), "server handle", "the search is still there");
  await page.click("#clear");
  await page.selectOption("#by-package", "=main");
  await page.waitForFunction((all) => !document.getElementById("count").textContent.startsWith(`${all} `), all);
  const names = await page.$$eval(".tabulator-cell[tabulator-field=name]", (cells) => cells.map((cell) => cell.textContent));
  assert.ok(names.length > 1 && names.every((name) => name.startsWith("main.")), names.join());
  for (const by of ["confidence", "source", "abi", "kind"]) assert.ok((await page.$$(`#by-${by} option`)).length > 1, by);
  await close();
});

test("a deep link opens its function, and a wrong one says so", async () => {
  const file = server();
  const first = await open(file);
  const entry = await first.page.evaluate((name) => [...document.querySelectorAll(".tabulator-row")].length && name, HANDLE)
    && execFileSync(process.env.GOABI, ["annotate", "server", "--only", HANDLE], { encoding: "utf8" }).split(" ")[0];
  await first.close();
  const { page, close } = await open(file, `#/f/${entry}`);
  assert.equal(await page.textContent("#name"), HANDLE);
  await page.evaluate(() => { location.hash = "#/f/0x1"; });
  await page.waitForSelector(".error");
  assert.match(await page.textContent(".error"), /No function begins at 0x1/);
  await close();
});

test("the keyboard is enough", async () => {
  const { page, close } = await open(server());
  await page.keyboard.press("/");
  await page.keyboard.type("main.average");
  await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("1 of"));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#name");
  assert.equal(await page.textContent("#name"), "main.average");
  await page.keyboard.press("Escape");
  await page.waitForSelector("#search");
  const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("t");
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), before);
  await close();
});

test("types, bridges and coverage are shown", async () => {
  const { page, close } = await open(html("bridges"), "#/types");
  await page.fill("#search", "runtime.g");
  await page.click("table >> text=/^runtime\\.g$/").catch(() => page.click("table a >> nth=0"));
  await page.waitForSelector("#name");
  await page.evaluate(() => { location.hash = "#/coverage"; });
  await page.waitForSelector("canvas");
  assert.equal((await page.$$("canvas")).length, 2);
  await page.evaluate(() => { location.hash = "#/bridges"; });
  await page.waitForFunction(() => document.querySelector("main h2")?.textContent === "Between Go and C");
  assert.ok((await page.$$("#bridges a")).length > 3, "the places are in the picture");
  await close();
});

test("arrows between the places cross only where they must", async () => {
  const mark = (at, next) => ({ at, role: "r", name: at, comment: "", next, callers: [], frame_type: null, stack: null });
  // Two ways that a list by address would draw across each other twice.
  const ways = [mark("0x1", ["0x4"]), mark("0x2", ["0x3"]), mark("0x3", ["0x6"]), mark("0x4", ["0x5"]), mark("0x5", []), mark("0x6", [])];
  const { page, close } = await open(html_of("ways", report(["main.a"], { annotations: ways })), "#/bridges");
  await page.waitForSelector("#bridges");
  const arrows = await page.$$eval("#bridges path.arrow", (paths) => paths.map((path) => [path.getPointAtLength(0), path.getPointAtLength(path.getTotalLength())].map((p) => [p.x, p.y])));
  assert.equal(arrows.length, 4);
  const cross = (a, b) => a[0][0] === b[0][0] && (a[0][1] - b[0][1]) * (a[1][1] - b[1][1]) < 0;
  assert.equal(arrows.filter((a, i) => arrows.some((b, j) => j < i && cross(a, b))).length, 0);
  await close();
});

test("paper gets the functions that fit", async () => {
  const { page, close } = await open(server());
  await page.selectOption("#by-package", "=main");
  const printed = await page.evaluate(() => { window.dispatchEvent(new Event("beforeprint")); return document.querySelectorAll("#print tbody tr").length; });
  assert.equal(printed, Number((await count(page)).split(" ")[0]));
  await close();
});

test("fifty thousand functions open, scroll and filter without a pause", async () => {
  const names = Array.from({ length: 50000 }, (_, i) => `example.com/p${i % 97}.(*Type${i % 1000}).method${i}`);
  const file = html_of("large", report(names));
  const start = Date.now();
  const { page, close } = await open(file);
  const opened = Date.now() - start;
  assert.ok((await page.$$(".tabulator-row")).length < 300, "only what is on the screen is there");
  const waits = await page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame), times = {};
    const timed = async (name, work) => { const from = performance.now(); work(); await frame(); await frame(); times[name] = Math.round(performance.now() - from); };
    const holder = document.querySelector(".tabulator-tableholder");
    await timed("scroll", () => { holder.scrollTop = holder.scrollHeight / 2; });
    await timed("filter", () => { document.getElementById("search").value = "method4999"; applyFilterNow(); });
    return times;
    function applyFilterNow() { document.getElementById("search").dispatchEvent(new Event("input")); }
  });
  await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("11 of 50000"));
  await page.click(".tabulator-row >> text=method49999");
  await page.waitForSelector("#name");
  console.log(`# 50,000 functions: opened in ${opened} ms, waits ${JSON.stringify(waits)} ms`);
  assert.ok(opened < 20000 && waits.scroll < 1500 && waits.filter < 3000, JSON.stringify({ opened, ...waits }));
  await close();
});

test("names cannot become markup or scripts", async () => {
  const file = html_of("hostile", report(HOSTILE));
  for (const hash of ["", "#/f/0x400000", "#/f/0x400040", "#/f/0x400080", "#/f/0x4001c0", "#/types", "#/t/0", "#/bridges", "#/coverage", "#/f/<img src=x onerror=window.hacked=1>"]) {
    const { page, close } = await open(file, hash);
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate(() => window.hacked), undefined, hash);
    assert.equal((await page.$$("main img, main script, main svg[onload]")).length, 0, hash);
    await close();
  }
  const { page, close } = await open(file);
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  const text = await page.textContent(".tabulator-row >> nth=0");
  assert.ok(text.includes(HOSTILE[0]), "the name is shown as it is");
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  await close();
});

test("no other script may run, and nothing may be loaded", async () => {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(server()).href);
  await page.waitForSelector("html[data-ready]");
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.injected = 1";
    document.body.append(script);
    const loaded = await fetch("https://example.com/").then(() => true, () => false);
    return [window.injected, loaded];
  });
  assert.deepEqual(ran, [undefined, false]);
  await page.close();
});

test("a comparison of two builds lists what has changed", async () => {
  const [old, now] = [report(["main.same", "main.changed", "main.gone"]), report(["main.same", "main.changed", "main.come"])];
  now.functions[1].params[0].pieces[0].loc = "RBX";
  writeFileSync("old.json", JSON.stringify(old));
  writeFileSync("new.json", JSON.stringify(now));
  execFileSync(process.env.GOABI, ["diff", "old.json", "new.json", "--format", "html", "-o", "changes.html"]);
  const { page, close } = await open(resolve("changes.html"));
  assert.equal(await count(page), "3 differences; 1 functions are the same");
  await page.selectOption("#by-what", "params");
  await page.click("a >> text=main.changed");
  await page.waitForSelector("#name");
  const text = await page.textContent("#detail");
  assert.ok(text.includes("params, matched by name") && text.includes("Old") && text.includes("New"), text);
  await close();
});

const SHOTS = process.env.SHOTS;
test("screenshots", { skip: SHOTS ? false : "SHOTS names no folder" }, async () => {
  const entry = execFileSync(process.env.GOABI, ["annotate", "server", "--only", HANDLE], { encoding: "utf8" }).split(" ")[0];
  const stack = execFileSync(process.env.GOABI, ["annotate", "server", "--only", "runtime.memmove"], { encoding: "utf8" }).split(" ")[0];
  const files = { server: server(), bridges: html("bridges") };
  const views = [["list", "server", ""], ["function", "server", `#/f/${entry}`], ["memmove", "server", `#/f/${stack}`], ["types", "server", "#/types"],
    ["bridges", "bridges", "#/bridges"], ["coverage", "server", "#/coverage"]];
  for (const scheme of ["light", "dark"]) for (const [name, file, hash] of views) {
    const { page, close } = await open(files[file], hash, { colorScheme: scheme, viewport: { width: 1200, height: name === "function" ? 1100 : 720 } });
    if (name === "types") await page.evaluate(() => { location.hash = "#/t/" + report.types.find((t) => t.go_name === "runtime.g" || (t.fields || []).length > 8).id; });
    await page.waitForTimeout(200);
    await page.screenshot({ path: `${SHOTS}/report-${name}-${scheme}.png` });
    await close();
  }
});
