// Reports that no compiler makes: many functions, and names that attack the page.

export const HOSTILE = [
  "</script><script>window.hacked=1</script>",
  "<img src=x onerror=window.hacked=1>",
  "\"><svg onload=window.hacked=1>",
  "javascript:window.hacked=1",
  "{{constructor.constructor('window.hacked=1')()}}",
  "<!--<script>window.hacked=1//",
  "\u202egnp.\u0000\u001b[31m",
  "&lt;b&gt; ${window.hacked=1} `",
];

const LEVELS = ["exact", "likely", "guess"];

function sample(i, name) {
  const entry = 0x400000 + i * 64, at = (n) => "0x" + (entry + n).toString(16);
  const value = { name: i % 2 ? "" : name, role: null, type: 0, size: 8, pieces: [{ off: 0, size: 8, loc: "RAX", kind: "int" }] };
  return {
    entry: at(0), end: at(64), name, package: `example.com/p${i % 97}`, file: name, line: i, abi: "ABIInternal", c_abi: null, kind: "go",
    noreturn: false, pair: null, params: [value], results: [], closure_context: null, clobbers: ["RAX", "RBX"], arg_base: 8,
    frame: { size: 24, args: 8, stack_args: 0, stack_results: 0, spill: 8 }, source: { params: "spill", results: "code" },
    confidence: { params: LEVELS[i % 3], results: "likely" }, prototype: "", usercall: null, notes: [name],
    evidence: [{ source: "spill", claim: name, at: [at(4)], agrees: true, side: "params", decides: true, why: name }],
    listing: [{ at: at(4), bytes: "4889442408", text: "mov [rsp+8], rax", shows: name }],
    callers: { count: 1, list: [{ at: at(9), function: at(0), name, reads: ["RAX"] }] },
  };
}

export function report(names, extra = {}) {
  const functions = names.map((name, i) => sample(i, name));
  return {
    schema: "goabi.report/1", tool: { name: "goabi", version: "0" },
    binary: { sha256: "00ff", size: 1, format: "elf", os: "linux", arch: "amd64", image_base: "0x400000", entry: "0x400000" },
    go: { version: "go1.27", version_source: "buildinfo", abi: "ABIInternal", module: names[0], deps: [], settings: {}, pclntab: null,
      moduledata: [], cgo: false, obfuscated: false, stripped: true },
    packs: [], types: [{ id: 0, go_name: names[0], c_name: "", kind: "int", size: 8, align: 8, source: "rtype" }], functions, call_sites: [],
    annotations: [{ at: functions[0].entry, role: names[0], name: names[0], comment: names[0], next: [], callers: [], frame_type: null, stack: null }],
    notes: [{ at: null, text: names[0] }], ...extra,
  };
}
