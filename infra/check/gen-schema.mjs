// SPDX-License-Identifier: GPL-3.0-or-later
// Rebuilds the schema of the AWS provider from the bindings that are generated from it and published as an npm package.
// The package is read as text; nothing of it is executed. What comes out is the provider's schema (MPL-2.0).
//   node gen-schema.mjs PACKAGE_FOLDER OUT.json [TERRAFORM_FOLDER…]     without folders: every type
import fs from "node:fs";
import path from "node:path";
const [pkg, out, ...tfDirs] = process.argv.slice(2);
const lib = path.join(pkg, "lib");
const lower1 = (s) => s[0].toLowerCase() + s.slice(1);

let wanted = null;
if (tfDirs.length) {
  wanted = new Set();
  const walk = (d) => fs.readdirSync(d, { withFileTypes: true }).forEach((e) => {
    if (e.name.startsWith(".")) return;
    const p = path.join(d, e.name);
    if (e.isDirectory()) walk(p);
    else if (/\.(tf|tftest\.hcl)$/.test(e.name))
      for (const m of fs.readFileSync(p, "utf8").matchAll(/\b(resource|data|ephemeral)\s*"?\s*"(aws_\w+)"/g))
        wanted.add((m[1] === "resource" ? "" : m[1] + "-") + m[2].replace(/_/g, "-"));
  });
  tfDirs.forEach(walk);
}
const SIMPLE = { string: "string", number: "number", boolean: "bool", stringList: ["list", "string"], numberList: ["list", "number"],
  booleanList: ["list", "bool"], stringMap: ["map", "string"], numberMap: ["map", "number"], booleanMap: ["map", "bool"],
  stringListList: ["list", ["list", "string"]], stringMapList: ["list", ["map", "string"]], stringListMap: ["map", ["list", "string"]],
  stringMapMap: ["map", ["map", "string"]], any: "dynamic", anyMap: ["map", "dynamic"] };
const warn = [], dropped = [];

function parse(file) {
  const src = fs.readFileSync(file, "utf8").replace(/^\/\/# sourceMappingURL.*$/m, "");
  const classes = {};
  for (const m of src.matchAll(/^class (\w+) extends cdkt[nf]\.(\w+) \{\n([\s\S]*?)^\}$/gm)) classes[m[1]] = { base: m[2], body: m[3] };
  const fns = {};
  for (const m of src.matchAll(/^function (\w+)ToHclTerraform\(struct\) \{\n([\s\S]*?)^\}$/gm)) fns[m[1]] = m[2];
  return { src, classes, fns };
}
// name -> {type, storage} as written by synthesizeHclAttributes / fooToHclTerraform
function hclMeta(text) {
  const r = {};
  for (const m of text.matchAll(/^ +"?([a-z0-9_]+)"?: \{\n +value: .*\n +isBlock: (true|false),\n +type: "(\w+)",\n +storageClassType: "(\w+)",/gm))
    r[m[1]] = { type: m[3], storage: m[4] };
  return r;
}
function block(mod, cls, where) {
  const { body } = mod.classes[cls];
  const meta = hclMeta(mod.classes[cls].base.startsWith("Terraform") ? body : mod.fns[lower1(cls.replace(/OutputReference$/, ""))] ?? "");
  const raw = [];
  const re = /^ {4}\/\/ ([a-z0-9_]+) - computed: (true|false), optional: (true|false), required: (true|false)\n([\s\S]*?)(?=^ {4}\/\/ [a-z0-9_]+ - computed: |^ {4}\/\/ =====|(?![\s\S]))/gm;
  for (const m of body.matchAll(re)) {
    const [, name, c, o, r, rest] = m;
    if (mod.classes[cls].base === "TerraformProvider") {   // no OutputReference classes here: blocks come from the ToHclTerraform functions
      if (name === "alias") continue;
      const mt = meta[name], fn = mt && mod.fns[lower1(mt.storage.replace(/List$/, ""))];
      if (fn) { raw.push({ name, forced: { nesting: mt.type === "set" ? "set" : "list", min: 0, max: 0, block: { blocks: {}, attributes:
        Object.fromEntries(Object.entries(hclMeta(fn)).map(([n, x]) => [n, { type: x.type === "set" ? ["set", SIMPLE[x.storage][1]] : SIMPLE[x.storage], optional: true }])) } } }); continue; }
    }
    const a = { name, computed: c === "true", optional: o === "true", required: r === "true" };
    const cx = rest.match(/= new (\w+)\(this, "[a-z0-9_]+"(?:, (true|false))?\)/);
    const mt = meta[name];
    if (cx) {
      const ref = cx[1];
      if (mod.classes[ref]) {
        a.nested = mod.classes[ref].base === "ComplexObject" ? ref : mod.classes[ref].body.match(/return new (\w+)\(/)[1];
        a.single = mod.classes[ref].base === "ComplexObject";
        a.map = mod.classes[ref].base === "ComplexMap";
        a.set = mt ? mt.type === "set" : cx[2] === "true";
        a.struct = mt?.type === "struct";
      } else { a.type = "dynamic"; if (cx[1] !== "cdktn") warn.push(`${where}.${name}: ${ref} unresolved`); }
    }
    if (!a.nested) {
      const g = rest.match(/get(String|Number|Boolean|List|NumberList|StringMap|NumberMap|BooleanMap|AnyMap)Attribute\(/)?.[1];
      let t = mt ? SIMPLE[mt.storage] : { String: "string", Number: "number", Boolean: "bool", List: ["list", "string"], NumberList: ["list", "number"],
        StringMap: ["map", "string"], NumberMap: ["map", "number"], BooleanMap: ["map", "bool"], AnyMap: ["map", "dynamic"] }[g];
      const sm = rest.match(/new cdkt[nf]\.(String|Number|Boolean)Map\(/);
      if (!t && sm) t = ["map", { String: "string", Number: "number", Boolean: "bool" }[sm[1]]];
      if (Array.isArray(t) && t[0] === "list" && (mt ? mt.type === "set" : /Fn\.tolist\(/.test(rest))) t = ["set", t[1]];
      if (!t) { t = "dynamic"; warn.push(`${where}.${name}: type unknown (dynamic)`); }
      a.type = t;
    }
    raw.push(a);
  }
  // cdktf emits the schema's attributes in name order, then its nested blocks in name order
  let split = raw.some((a) => a.forced) ? -1 : raw.findIndex((a, i) => i > 0 && a.name < raw[i - 1].name);
  if (split < 0 || raw.slice(split).some((a) => !a.nested)) {   // no visible break: trailing nested, non-computed ones are blocks
    if (split >= 0) warn.push(`${where}: odd order at ${raw[split].name}`);
    split = raw.length;
    while (split > 0 && raw[split - 1].nested && !raw[split - 1].computed) split--;
  } else while (split > 0 && raw[split - 1].nested && !raw[split - 1].computed && raw[split - 1].name < raw[split].name) split--;
  const b = { attributes: {}, blocks: {} };
  raw.forEach((a, i) => {
    if (a.forced) { b.blocks[a.name] = a.forced; return; }
    const isBlock = a.nested && i >= split;
    const inner = a.nested && block(mod, a.nested, `${where}.${a.name}`);
    if (isBlock) b.blocks[a.name] = { nesting: a.struct ? "single" : a.map ? "map" : a.set ? "set" : "list",
      min: a.required ? 1 : 0, max: a.single && !a.struct ? 1 : 0, block: inner };
    else b.attributes[a.name] = { type: a.nested ? collection(a, inner) : a.type, computed: a.computed, optional: a.optional, required: a.required };
  });
  for (const [n, a] of Object.entries(b.attributes)) if (n.endsWith("_wo") && b.attributes[`${n}_version`]) a.writeOnly = true;   // provider naming rule
  return b;
}
const objectType = (b) => ["object", Object.fromEntries([...Object.entries(b.attributes).map(([n, a]) => [n, a.type]),
  ...Object.entries(b.blocks).map(([n, x]) => [n, [x.nesting === "set" ? "set" : "list", objectType(x.block)]])])];
const collection = (a, inner) => a.single && (a.struct || a.computed && !a.optional) ? objectType(inner) : [a.map ? "map" : a.set ? "set" : "list", objectType(inner)];

const res = { provider: null, resources: {}, data: {}, ephemeral: {}, version: null };
for (const dir of fs.readdirSync(lib)) {
  const file = path.join(lib, dir, "index.js");
  if (!fs.existsSync(file) || dir === "provider-functions") continue;
  if (wanted && dir !== "provider") {
    const key = dir.startsWith("data-aws-") ? "data-" + dir.slice(5) : dir.startsWith("ephemeral-aws-") ? "ephemeral-" + dir.slice(10) : "aws-" + dir;
    if (!wanted.has(key)) continue;
  }
  const mod = parse(file);
  for (const [cls, c] of Object.entries(mod.classes)) {
    if (!/^Terraform(Resource|DataSource|Provider|EphemeralResource)$/.test(c.base)) continue;
    const tf = c.body.match(/static tfResourceType = "(\w+)"/)?.[1];
    if (!tf) { warn.push(`${dir}: no tfResourceType`); continue; }
    res.version ??= mod.src.match(/providerVersion: '([\d.]+)'/)?.[1];
    const before = warn.length, b = block(mod, cls, tf);
    if (warn.length > before && c.base !== "TerraformProvider") { dropped.push(tf); continue; }   // never guess: leave the type out
    if (c.base === "TerraformProvider") res.provider = b;
    else if (c.base === "TerraformDataSource") res.data[tf] = b;
    else if (c.base === "TerraformEphemeralResource") res.ephemeral[tf] = b;
    else res.resources[tf] = b;
  }
}
// One type a line: a new type is one more line in a diff.
const lines = (o) => Object.keys(o).sort().map((k) => `    ${JSON.stringify(k)}: ${JSON.stringify(o[k])}`).join(",\n");
fs.writeFileSync(out, `{
  "notice": "Schema of hashicorp/aws ${res.version}, Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/). Generated by gen-schema.mjs: do not edit.",
  "version": ${JSON.stringify(res.version)},
  "provider": ${JSON.stringify(res.provider)},
  "resources": {\n${lines(res.resources)}\n  },
  "data": {\n${lines(res.data)}\n  },
  "ephemeral": {${Object.keys(res.ephemeral).length ? `\n${lines(res.ephemeral)}\n  ` : ""}}
}\n`);
const n = (o) => Object.keys(o).length;
console.log(`aws provider ${res.version}: ${n(res.resources)} resources, ${n(res.data)} data sources, ${n(res.ephemeral)} ephemeral; ${warn.length} warnings; ${fs.statSync(out).size} bytes`);
if (dropped.length) console.log("left out (structure not recoverable):", dropped.join(" "));
if (process.env.VERBOSE) warn.forEach((w) => console.log(" ", w));
