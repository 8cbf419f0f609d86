// SPDX-License-Identifier: GPL-3.0-or-later
// Rules of infra/aws that Terraform does not know: what is said of every variable, that every validation is tested, that
// no secret comes into Terraform's hands, that nothing opens the network, that schema.json holds the types that are used.
// Reads the files as text, formatted by "terraform fmt": blocks of the first level begin and end in the first column.
//   node rules.mjs MODULE_FOLDER     a line a rule: "PASS rule" or "FAIL rule: what, where"; exit status 1 if one failed
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const module = process.argv[2];
const read = (folder, ending) => fs.readdirSync(path.join(module, folder)).filter((f) => f.endsWith(ending)).sort()
  .map((name) => ({ name: path.join(folder, name), text: fs.readFileSync(path.join(module, folder, name), "utf8") }));
const sources = read(".", ".tf"), values = read("env", ".tfvars"), tests = read("tests", ".tftest.hcl"), mocks = read("tests/mocks", ".tfmock.hcl");
const readme = fs.readFileSync(path.join(module, "README.md"), "utf8");
const schema = JSON.parse(fs.readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), "schema.json"), "utf8"));

// Without comments, which may name what code may not.
const code = (file) => file.text.replace(/^\s*#.*$/gm, "").replace(/\s+#.*$/gm, "");
const blocks = (kind) => sources.flatMap((file) =>
  [...code(file).matchAll(new RegExp(`^${kind} ((?:"[^"]+" ?)*)\\{(?:\\}|\\n([\\s\\S]*?)^\\})$`, "gm"))].map((m) => {
    const labels = [...m[1].matchAll(/"([^"]+)"/g)].map((l) => l[1]);
    return { file: file.name, labels, name: labels[labels.length - 1], body: m[2] ?? "" };
  }));
const lines = (files, pattern) => files.flatMap((file) => code(file).split("\n").flatMap((line, i) => pattern.test(line) ? [`${file.name}:${i + 1}: ${line.trim()}`] : []));
const variables = blocks("variable"), outputs = blocks("output");
const count = (text, pattern) => [...text.matchAll(pattern)].length;

const rules = {
  "variables are typed, described, validated": () => variables.flatMap((v) => ["type", "description"].filter((a) => !new RegExp(`^  ${a} += \\S`, "m").test(v.body))
    .concat(/^  validation \{$/m.test(v.body) ? [] : ["validation"]).map((what) => `${v.name} has no ${what}`)),

  "every validation has an expect_failures": () => {
    const expected = {};
    for (const m of tests.map(code).join("\n").matchAll(/expect_failures = \[([^\]]*)\]/g))
      for (const v of m[1].matchAll(/var\.(\w+)/g)) expected[v[1]] = (expected[v[1]] ?? 0) + 1;
    return variables.filter((v) => (expected[v.name] ?? 0) < count(v.body, /^  validation \{$/gm))
      .map((v) => `${v.name}: ${count(v.body, /^  validation \{$/gm)} validations, ${expected[v.name] ?? 0} runs that expect it to fail`);
  },

  "README.md knows every variable": () => variables.filter((v) => !readme.includes(`\`${v.name}\``)).map((v) => v.name),

  "outputs are described": () => outputs.filter((o) => !/^  description += \S/m.test(o.body)).map((o) => o.name),

  // Names of secrets and flags that let AWS keep them are fine; what would hold one is not.
  "no secret in a variable, an output or the state": () => [
    ...variables.filter((v) => /password|passwd|secret|token|credential|private_?key|api_?key/i.test(v.name) || /sensitive/.test(v.body)).map((v) => `variable ${v.name}`),
    ...outputs.filter((o) => /secret_string|\bmaster_password\b|auth_token|admin_user_password\b|sensitive/.test(o.body)).map((o) => `output ${o.name}`),
    ...lines([...sources, ...values], /^\s*"?(master_password|admin_user_password|password|passwords|auth_token|secret_string|secret_binary)(_wo)?"? *=/),
    ...lines(sources, /"(random_password|aws_secretsmanager_secret_version|aws_iam_access_key|tls_private_key)"/),
  ],

  "no way in from the internet, none out": () => [
    ...lines([...sources, ...values], /0\.0\.0\.0\/0|::\/0/),
    ...lines(sources, /"aws_(internet_gateway|egress_only_internet_gateway|nat_gateway|eip|eip_association|lb|alb|elb)"/),
    ...lines(sources, /^\s+(publicly_accessible|map_public_ip_on_launch|assign_public_ip|associate_public_ip_address) += (?!false)/),
  ],

  // The tests read aws_vpc_security_group_*_rule.flow and .s3: a rule elsewhere would be one that they do not see.
  "rules name groups, and are those that are tested": () => [
    ...sources.flatMap((file) => [...code(file).matchAll(/^resource "(aws_vpc_security_group_(?:in|e)gress_rule|aws_security_group_rule)" "(\w+)"/gm)]
      .filter((m) => !["aws_vpc_security_group_ingress_rule flow", "aws_vpc_security_group_egress_rule flow", "aws_vpc_security_group_egress_rule s3"].includes(`${m[1]} ${m[2]}`))
      .map((m) => `${file.name}: ${m[1]}.${m[2]}`)),
    ...lines(sources, /\b(cidr_ipv4|cidr_ipv6|cidr_blocks|ipv6_cidr_blocks)\b/),
    ...lines(sources, /"aws_(network_interface_sg_attachment|network_acl_rule|vpc_security_group_rules_exclusive)"/),
  ],

  // Besides the VPC's own route there are those of the gateway endpoint, which AWS writes.
  "no way to another network": () => [
    ...lines(sources, /"aws_(route|vpn_\w+|customer_gateway|vpc_peering_\w+|ec2_transit_gateway\w*|ec2_client_vpn_\w+|ec2_local_gateway_\w+|dx_\w+|networkmanager_\w+|vpc_endpoint_service|vpclattice_\w+)"/),
    ...lines(sources, /^\s+(dynamic "route"|route|propagating_vgws)( \{| +=)/),
  ],

  "nobody logs in to a host over the network": () => [
    ...lines(sources, /"aws_(key_pair|ec2_instance_connect_endpoint)"/),
    ...lines(sources, /^\s+(key_name|user_data|user_data_base64) +=/),
  ],

  "every log group has the key and an end": () => blocks("resource").filter((b) => b.labels[0] === "aws_cloudwatch_log_group")
    .flatMap((b) => [/^  kms_key_id +=\s+aws_kms_key\.this\["logs"\]\.arn$/m, /^  retention_in_days +=\s+var\.log_retention_days$/m]
      .filter((wanted) => !wanted.test(b.body)).map((wanted) => `${b.file}: ${b.name}: ${/kms/.test(wanted.source) ? "kms_key_id" : "retention_in_days"}`)),

  "a flat module": () => lines(sources, /^module "/),

  "files name their licence": () => [...sources, ...values, ...tests, ...mocks].filter((f) => !f.text.startsWith("# SPDX-License-Identifier: ")).map((f) => f.name),

  "schema.json holds the types that are used and no others": () => {
    const used = (kind) => new Set(blocks(kind).map((b) => b.labels[0]));
    return [["resource", schema.resources], ["data", schema.data], ["ephemeral", schema.ephemeral]].flatMap(([kind, known]) => [
      ...[...used(kind)].filter((t) => !(t in known)).map((t) => `${t} is missing: run infra/check/update-schema.sh`),
      ...Object.keys(known).filter((t) => !used(kind).has(t)).map((t) => `${t} is used nowhere: run infra/check/update-schema.sh`),
    ]);
  },
};

let failed = false;
for (const [name, rule] of Object.entries(rules)) {
  const found = rule();
  failed ||= found.length > 0;
  console.log(found.length ? found.map((f) => `FAIL ${name}: ${f}`).join("\n") : `PASS ${name}`);
}
process.exit(failed ? 1 : 0);
