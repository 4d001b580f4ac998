import assert from 'node:assert/strict';
import test from 'node:test';
import { blank, expressionAt, functionStart, type Language, names } from './identifiers';

const found = (text: string, language: Language = 'c'): string[] =>
  names(blank(text, language), 0, text.split('\n').length, language).map((n) => n.name);

test('names in strings and comments are none', () => {
  assert.deepEqual(found('total = a + b; // add c\nputs("d e"); /* f\ng */ h = \'i\';'), ['total', 'a', 'b', 'h']);
  assert.deepEqual(found('s = "quote \\" still"; x = 1;'), ['s', 'x']);
  assert.deepEqual(found('char c = \'"\'; y = z;'), ['c', 'y', 'z']);
});

test('an unclosed string ends with its line', () => {
  assert.deepEqual(found('a = "open\nb = 1;'), ['a', 'b']);
});

test('raw strings of C++, Rust and Go are passed over', () => {
  assert.deepEqual(found('auto s = R"x(in )" side)x"; n = 1;', 'cpp').includes('side'), false);
  assert.deepEqual(found('let s = r#"in "side" x"#; let n = m;', 'rust').filter((x) => x !== 'r'), ['s', 'n', 'm']);
  assert.deepEqual(found('s := `in\nside`; n := m', 'go'), ['s', 'n', 'm']);
});

test('lifetimes and characters of Rust, and nested comments', () => {
  assert.deepEqual(found("let x: &'a T = y; let c = 'q'; let e = '\\n'; /* a /* b */ c */ z", 'rust'), ['x', 'T', 'y', 'c', 'e', 'z']);
});

test("digits may be grouped by ' in C++", () => {
  assert.deepEqual(found("int n = 1'000'000; m = n;", 'cpp'), ['n', 'm']);
});

test('members, calls, keywords, numbers and directives are no variables', () => {
  assert.deepEqual(found('#define X y\nif (p->next.value == 0x1f) return f(q, 10u);'), ['p', 'q']);
  assert.deepEqual(found('std::cout << ns::v << w;', 'cpp'), ['w']);
  assert.deepEqual(found('println!("{}", v); Vec::new(); if a != b {}', 'rust'), ['v', 'a', 'b']);
  assert.deepEqual(found('for i := 0..n { }', 'rust'), ['i', 'n'], 'a range is no member');
});

test('a name is told once a line, at its place', () => {
  assert.deepEqual(names(blank('x = x + x;\nx++;', 'c'), 0, 1, 'c'), [
    { name: 'x', line: 0, column: 0 },
    { name: 'x', line: 1, column: 0 },
  ]);
});

test('a long comment before a function takes no longer than its length', () => {
  const text = `/*\n${' * what was a program once\n'.repeat(40_000)} */\nint main(void)\n{\n  int x;\n}\n`;
  const blanked = blank(text, 'c');
  const began = performance.now();
  assert.equal(functionStart(blanked, 40_004, 'c'), 40_002);
  assert.ok(performance.now() - began < 3000, 'no line looks back at all before it');
});

test('blanking keeps every line and column', () => {
  const text = 'a "b\\n" /* c\n d */ \'e\' // f\n`g`';
  for (const language of ['c', 'cpp', 'rust', 'go'] as const) {
    const b = blank(text, language);
    assert.equal(b.length, text.length);
    assert.deepEqual([...b.matchAll(/\n/g)].map((m) => m.index), [...text.matchAll(/\n/g)].map((m) => m.index));
  }
});

test('any text can be scanned, however broken', () => {
  const pieces = ['"', "'", '/*', '*/', '//', '`', 'R"(', 'r#"', '{', '}', '(', '\\', '\n', 'x', "'a", '#', ';'];
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: 30 }, () => pieces[random(pieces.length)]).join('');
    for (const language of ['c', 'cpp', 'rust', 'go'] as const) {
      const b = blank(text, language);
      assert.equal(b.length, text.length, JSON.stringify(text));
      const line = random(10);
      assert.ok(functionStart(b, line, language) <= line);
    }
  }
});

const start = (text: string, line: number, language: Language): number => functionStart(blank(text, language), line, language);

test('the function begins with its head, also when that has several lines', () => {
  const c = '#include <x.h>\nint g = 3;\nstatic int\nadd(int a,\n    int b)\n{\n  if (a) {\n    a++;\n  }\n  return a + b;\n}\nint main(void) {\n  return 0;\n}\n';
  assert.equal(start(c, 7, 'c'), 2);
  assert.equal(start(c, 9, 'c'), 2);
  assert.equal(start(c, 12, 'c'), 11);
  assert.equal(start(c, 1, 'c'), 1, 'outside of a function');
});

test('classes, namespaces and impl blocks are no functions', () => {
  const cpp = 'namespace a {\nclass B : public C {\n  int x;\n  int get() const {\n    return x;\n  }\n};\nstruct S f(int v) {\n  return {v};\n}\n}\n';
  assert.equal(start(cpp, 4, 'cpp'), 3);
  assert.equal(start(cpp, 8, 'cpp'), 7);
  const rust = 'impl Foo {\n    fn bar(&self) -> i32 {\n        let x = 1;\n        x\n    }\n}\n';
  assert.equal(start(rust, 3, 'rust'), 1);
  const go = 'package main\n\ntype T struct {\n\ta int\n}\n\nfunc (t *T) Get() int {\n\tfor i := range 3 {\n\t\tt.a += i\n\t}\n\treturn t.a\n}\n';
  assert.equal(start(go, 8, 'go'), 6);
  assert.equal(start(go, 3, 'go'), 3);
});

test('the last line of a function still belongs to it', () => {
  assert.equal(start('int main(void)\n{\n  int a = 1;\n}\n', 3, 'c'), 0);
  assert.equal(start('void f(void) { int a = 1; }\n', 0, 'c'), 0);
});

test('the expression at the cursor has what it is a member of, not its members', () => {
  const text = '  x = list->head.next[i].value + other;';
  assert.equal(expressionAt(text, 2), 'x');
  assert.equal(expressionAt(text, text.indexOf('head')), 'list->head');
  assert.equal(expressionAt(text, text.indexOf('value') + 2), 'list->head.next[i].value');
  assert.equal(expressionAt(text, text.indexOf('other') + 5), 'other');
  assert.equal(expressionAt(text, 0), undefined);
});
