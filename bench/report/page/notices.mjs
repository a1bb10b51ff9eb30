// SPDX-License-Identifier: Apache-2.0
// Writes the licences of the packages that went into a bundle: node notices.mjs METAFILE OUTPUT, where METAFILE is
// esbuild's, beside node_modules. Fails if a package states none or brings no text.
import {existsSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

const [metafile, output] = process.argv.slice(2);
const root = dirname(metafile);
const facts = folder => JSON.parse(readFileSync(join(root, folder, 'package.json')));
const files = new Map();  // folder of a package → how many of its files are in the bundle
for (const input of Object.keys(JSON.parse(readFileSync(metafile)).inputs)) {
  const found = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
  if (found) files.set(found[1], (files.get(found[1]) ?? 0) + 1);
}
if (files.size === 0) throw new Error(`${metafile}: no package in the bundle`);
const folders = new Set(files.keys());
// A package that comes as one file was bundled by its authors and may hold what it depends on.
for (const [folder, count] of files) {
  if (count > 1) continue;
  for (const name of Object.keys(facts(folder).dependencies ?? {})) {
    if (existsSync(join(root, 'node_modules', name))) folders.add(`node_modules/${name}`);
  }
}

// Packages with the same text share it.
const texts = new Map();
for (const folder of [...folders].sort()) {
  const {name, version, license} = facts(folder);
  if (typeof license !== 'string') throw new Error(`${folder}: package.json states no licence`);
  const file = readdirSync(join(root, folder)).find(f => /^(licen[cs]e|copying)(\.|$)/i.test(f));
  if (file === undefined) throw new Error(`${folder}: brings no text of its licence (${license})`);
  const text = readFileSync(join(root, folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
}
let notices = 'This report holds the following software, whole or in part.\n';
for (const [text, packages] of texts) notices += `\n${packages.join(', ')}\n\n${text}\n`;
writeFileSync(output, notices);
