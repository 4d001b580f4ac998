// Looks into a package: what must be in it, and what must not.
import fs from 'node:fs';

/** All that a package consists of. */
const expected = [
  /^extension\.vsixmanifest$/,
  /^\[Content_Types\]\.xml$/,
  /^extension\/(package\.json|readme\.md|changelog\.md|LICENSE\.txt)$/i,
  /^extension\/dist\/[a-z]+(-style)?\.(js|css)$/,
  /^extension\/resources\/[\w/-]+\.(svg|png)$/,
  /^extension\/bin\/dap-revexec(\.exe)?$/,
];

/** The names of a zip file's entries, and their modes as Unix has them. */
export function entries(file) {
  const zip = fs.readFileSync(file);
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const found = [];
  for (let at = zip.readUInt32LE(end + 16), left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    found.push({ name: zip.toString('utf8', at + 46, at + 46 + name), mode: zip.readUInt16LE(at + 40) });
    at += 46 + name + extra + comment;
  }
  return found;
}

/** What is wrong with a package's contents: a list of sentences. */
export function faults(file) {
  const all = entries(file);
  const wrong = all.filter(({ name }) => !expected.some((e) => e.test(name))).map(({ name }) => `${name} does not belong into it`);
  for (const e of expected) if (!all.some(({ name }) => e.test(name))) wrong.push(`nothing in it is named like ${e}`);
  for (const { name, mode } of all) {
    if (name.startsWith('extension/bin/') && (mode & 0o111) !== 0o111) wrong.push(`${name} can't be executed`);
  }
  return wrong;
}
