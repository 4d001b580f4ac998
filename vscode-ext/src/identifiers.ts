/**
 * Finds the names of variables in source text, for inline values and for commands at
 * the cursor. It knows strings and comments of C, C++, Rust and Go, not their
 * grammars: what it takes for a variable and is none has no value to show. Pure.
 */

/** A name in a line: where it begins, in UTF-16 units. */
export interface Name {
  name: string;
  line: number;
  column: number;
}

/** The languages whose texts it can scan. */
export type Language = 'c' | 'cpp' | 'rust' | 'go';

export function isScanned(languageId: string): languageId is Language {
  return ['c', 'cpp', 'rust', 'go'].includes(languageId);
}

const cKeywords =
  'auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false NULL';
const keywords: Readonly<Record<Language, ReadonlySet<string>>> = {
  c: new Set(cKeywords.split(' ')),
  cpp: new Set(
    `${cKeywords} alignas alignof and asm catch class co_await co_return co_yield concept const_cast consteval constexpr constinit decltype delete dynamic_cast explicit export final friend mutable namespace new noexcept not nullptr operator or override private protected public reinterpret_cast requires static_assert static_cast template thread_local throw try typeid typename using virtual wchar_t std`.split(
      ' ',
    ),
  ),
  rust: new Set(
    'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return Self static struct super trait true type unsafe use where while u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char str'.split(
      ' ',
    ),
  ),
  go: new Set(
    'break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var true false nil iota int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr byte rune string bool float32 float64 error any len cap make new append copy panic'.split(
      ' ',
    ),
  ),
};

/**
 * Replaces what strings, characters and comments hold by spaces, so that columns and
 * lines stay where they are.
 */
export function blank(text: string, language: Language): string {
  const out: string[] = [];
  let i = 0;
  /** Blanks up to an end. */
  const skip = (end: number): void => {
    out.push(text.slice(i, end).replaceAll(/[^\n]/g, ' '));
    i = end;
  };
  const find = (what: string, from: number): number => {
    const at = text.indexOf(what, from);
    return at < 0 ? text.length : at + what.length;
  };
  /** The end of a literal that a backslash can escape in, and a line's end ends. */
  const quoted = (quote: string, from: number): number => {
    for (let j = from; j < text.length; j++) {
      const c = text[j];
      if (c === '\\') j++;
      else if (c === quote) return j + 1;
      else if (c === '\n' && language !== 'rust') return j;
    }
    return text.length;
  };
  while (i < text.length) {
    const c = text[i];
    const next = text[i + 1];
    if (c === '/' && next === '/') {
      const end = text.indexOf('\n', i);
      skip(end < 0 ? text.length : end);
    } else if (c === '/' && next === '*') {
      skip(language === 'rust' ? nested(text, i) : find('*/', i + 2));
    } else if (c === '"') {
      const raw = rawPrefix(out, language);
      if (raw === 'cpp') {
        const delimiter = /^[^()\\\s]{0,16}(?=\()/.exec(text.slice(i + 1, i + 18))?.[0];
        skip(delimiter === undefined ? quoted('"', i + 1) : find(`)${delimiter}"`, i + 1));
      } else if (raw !== undefined) {
        skip(find(`"${raw}`, i + 1));
      } else {
        skip(quoted('"', i + 1));
      }
    } else if (c === '`' && language === 'go') {
      skip(find('`', i + 1));
    } else if (c === "'" && !(language === 'cpp' && /[0-9a-fA-F]/.test(text[i - 1] ?? ''))) {
      // In Rust it may begin a lifetime: a character is closed right after it.
      const char = /^'(?:\\(?:u\{[^}\n]*\}|x..|.)|[^\\'\n])'/u.exec(text.slice(i, i + 16))?.[0];
      if (char !== undefined) skip(i + char.length);
      else if (language === 'rust') skip(i + 1 + (/^\w*/.exec(text.slice(i + 1, i + 64))?.[0].length ?? 0));
      else skip(quoted("'", i + 1));
    } else {
      out.push(c ?? '');
      i++;
    }
  }
  return out.join('');
}

/**
 * What stands before an opening quote makes its string a raw one: of C++, or of Rust,
 * with the marks that end it.
 */
function rawPrefix(before: readonly string[], language: Language): string | undefined {
  if (language !== 'cpp' && language !== 'rust') return undefined;
  const tail = before.slice(-24).join('');
  if (language === 'cpp') return /(?:^|[^\w])(?:u8|[uUL])?R$/.test(tail) ? 'cpp' : undefined;
  return /(?:^|[^\w])(?:br|cr|r)(#*)$/.exec(tail)?.[1];
}

/** The end of a comment of Rust's, which may hold others. */
function nested(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('/*', i)) {
      depth++;
      i++;
    } else if (text.startsWith('*/', i)) {
      depth--;
      i++;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

/** What opens a block that is no function's. */
const noFunction: Readonly<Record<Language, RegExp>> = {
  c: /\b(?:struct|union|enum|extern)\b[^()]*$|=\s*$/,
  cpp: /\b(?:namespace|class|struct|union|enum|extern)\b[^()]*$|=\s*$/,
  rust: /^(?!.*\bfn\b).*\b(?:impl|trait|mod|struct|enum|union)\b/s,
  go: /^(?!\s*func\b)/,
};

/**
 * The line on which the function begins that a line is in, with its parameters; the
 * line itself where none is found.
 */
export function functionStart(blanked: string, line: number, language: Language): number {
  let at = 0;
  let start = 0; // of what may be a function's head
  let parens = 0;
  const open: { start: number; takes: boolean }[] = [];
  for (let i = 0; i < blanked.length && at <= line; i++) {
    const c = blanked[i];
    // A head begins with its first word: what was a comment before it can be long, and is not looked at again.
    if (i === start && (c === ' ' || c === '\n' || c === '\t')) start++;
    switch (c) {
      case '\n':
        at++;
        // In Go a statement ends with its line; a directive of C's does, too.
        if (parens === 0 && (language === 'go' || blanked[start] === '#')) start = i + 1;
        break;
      case '(':
        parens++;
        break;
      case ')':
        parens = Math.max(0, parens - 1);
        break;
      case '{': {
        const head = blanked.slice(start, i);
        open.push({ start: start + (/^\s*/.exec(head)?.[0].length ?? 0), takes: !noFunction[language].test(head) });
        start = i + 1;
        parens = 0;
        break;
      }
      case '}':
        // A block that ends on the line of interest still holds it.
        if (at < line) open.pop();
        start = i + 1;
        parens = 0;
        break;
      case ';':
        if (parens === 0) start = i + 1;
        break;
    }
  }
  const outermost = open.find((o) => o.takes);
  return outermost ? lineAt(blanked, outermost.start) : line;
}

function lineAt(text: string, offset: number): number {
  let n = 0;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) n++;
  return n;
}

/** The variables' names in lines `from` to `to`, both included: each once a line. */
export function names(blanked: string, from: number, to: number, language: Language): Name[] {
  const found: Name[] = [];
  const lines = blanked.split('\n');
  for (let line = Math.max(0, from); line <= Math.min(to, lines.length - 1); line++) {
    const text = lines[line] ?? '';
    if (language !== 'rust' && language !== 'go' && /^\s*#/.test(text)) continue; // a directive
    const seen = new Set<string>();
    for (const m of text.matchAll(/(?<!\w)[\p{L}_][\p{L}\p{N}_]*/gu)) {
      const name = m[0];
      const before = text.slice(0, m.index).trimEnd();
      const after = text.slice(m.index + name.length).trimStart();
      if (keywords[language].has(name) || seen.has(name)) continue;
      if (before.endsWith('->') || before.endsWith('::') || /(?:^|[^.])\.$/.test(before)) continue; // a member
      if (after.startsWith('::') || (after.startsWith('!') && language === 'rust' && !after.startsWith('!='))) continue;
      if (after.startsWith('(')) continue; // a call
      seen.add(name);
      found.push({ name, line, column: m.index });
    }
  }
  return found;
}

/**
 * The expression that the cursor is in: the name there, with what it is a member of.
 * Undefined where none is.
 */
export function expressionAt(text: string, column: number): string | undefined {
  for (const m of text.matchAll(/[\p{L}_$][\p{L}\p{N}_]*/gu)) {
    const end = m.index + m[0].length;
    if (column < m.index || column > end) continue;
    const before = /(?:(?:[\p{L}_$][\p{L}\p{N}_]*(?:\[[\p{L}\p{N}_]*\])*)(?:\.|->|::))*$/u.exec(text.slice(0, m.index))?.[0] ?? '';
    return before + m[0];
  }
  return undefined;
}
