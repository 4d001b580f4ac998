import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import test from 'node:test';

interface Command {
  command: string;
  icon?: string | { light: string; dark: string };
}

/** As far as it is looked at here. */
interface Manifest {
  icon: string;
  activationEvents: string[];
  contributes: {
    breakpoints: { language: string }[];
    commands: Command[];
    debuggers: {
      languages: string[];
      configurationAttributes: { launch: { properties: Record<string, { markdownDescription?: string }> } };
      configurationSnippets: { body: Record<string, unknown> }[];
    }[];
    keybindings: { command: string; when: string }[];
    menus: Record<string, { command: string; when: string }[]>;
  };
}

// Tests are started in the extension's directory.
const { contributes, activationEvents, icon } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as Manifest;
const debuggers = contributes.debuggers[0]!;
const properties = debuggers.configurationAttributes.launch.properties;

test('every launch argument that the debugger documents has a description, and no other has', () => {
  const text = fs.readFileSync('../adapter/dap/EXTENSIONS.md', 'utf8');
  const section = /## Launch configuration\n([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
  const documented = [...section.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap((m) => [...m[1]!.matchAll(/\w+/g)].map((w) => w[0]));
  assert.ok(documented.includes('program'));
  // inheritEnv is described beside env.
  assert.deepEqual(Object.keys(properties).sort(), [...new Set([...documented, 'inheritEnv'])].sort());
  for (const [name, p] of Object.entries(properties)) assert.ok(p.markdownDescription, name);
});

test('snippets use arguments that there are', () => {
  for (const { body } of debuggers.configurationSnippets) {
    for (const name of Object.keys(body)) assert.ok(['name', 'type', 'request'].includes(name) || name in properties, name);
  }
});

test('menus and keys lead to commands that there are, in sessions of this debugger only', () => {
  const known = new Set(contributes.commands.map((c) => c.command));
  for (const [menu, items] of Object.entries(contributes.menus)) {
    for (const { command, when } of items) {
      assert.ok(known.has(command), `${menu}: ${command}`);
      if (menu.startsWith('editor') || menu.startsWith('debug')) assert.match(when, /debugType == revexec/, `${menu}: ${command}`);
    }
  }
  for (const { command, when } of contributes.keybindings) {
    assert.ok(known.has(command), command);
    assert.match(when, /inDebugMode && debugType == revexec/);
  }
});

test('all pictures are there', () => {
  const files = contributes.commands.flatMap((c) => (typeof c.icon === 'object' ? [c.icon.light, c.icon.dark] : []));
  for (const file of [icon, ...files]) assert.ok(fs.existsSync(file), file);
});

test('breakpoints can be set in the languages that are debugged, and nothing activates the extension but debugging', () => {
  assert.deepEqual(
    contributes.breakpoints.map((b) => b.language),
    debuggers.languages,
  );
  for (const event of activationEvents) assert.match(event, /^onDebug/);
});
