// The conditions of menus and keys, evaluated as VS Code does: `&&`, `||`, `!`, `==`, `!=`
// and parentheses. What else VS Code knows is refused, so that nothing passes unnoticed.

/** The values of context keys. What is not there is undefined. */
export type Context = Readonly<Record<string, string | boolean>>;

/** A condition that has been read. */
export type When =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly When[] }
  | { readonly kind: 'not'; readonly term: When }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'equals'; readonly key: string; readonly value: string }
  | { readonly kind: 'constant'; readonly value: boolean };

const token = /\s*(&&|\|\||==|!=|!|\(|\)|'[^']*'|[^\s'()!=&|<>~]+)/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match?.[1] === undefined) throw new Error(`condition ${text}: not understood from character ${(at + 1).toString()} on`);
    found.push(match[1]);
  }
  return found;
}

/** Reads a condition. */
export function parse(text: string): When {
  const rest = tokens(text);
  const wrong = (what: string): never => {
    throw new Error(`condition ${text}: ${what}`);
  };

  const accept = (what: string): boolean => rest[0] === what && rest.shift() !== undefined;
  const list = (kind: 'and' | 'or', operator: string, element: () => When): When => {
    const terms = [element()];
    while (accept(operator)) terms.push(element());
    const [only] = terms;
    return only && terms.length === 1 ? only : { kind, terms };
  };
  const either = (): When => list('or', '||', both);
  const both = (): When => list('and', '&&', term);
  const word = (): string => {
    const next = rest.shift();
    return next !== undefined && /^['\w]/.test(next) ? next : wrong(`a word is missing before ${next ?? 'the end'}`);
  };
  const term = (): When => {
    if (accept('!')) return { kind: 'not', term: term() };
    if (accept('(')) {
      const inner = either();
      return accept(')') ? inner : wrong(') is missing');
    }
    const key = word();
    if (key === 'true' || key === 'false') return { kind: 'constant', value: key === 'true' };
    const negative = accept('!=');
    if (!negative && !accept('==')) return { kind: 'key', key };
    // Only single words may go without quotes.
    const value = (rest[0] === undefined || rest[0].startsWith('.') ? rest.shift() : word()) ?? wrong('a value is missing');
    const equals: When = { kind: 'equals', key, value: value.replace(/^'(.*)'$/, '$1') };
    return negative ? { kind: 'not', term: equals } : equals;
  };

  const whole = either();
  return rest.length === 0 ? whole : wrong(`${rest[0] ?? ''} is too much`);
}

/** Whether a condition holds. */
export function holds(when: When, context: Context): boolean {
  switch (when.kind) {
    case 'and': return when.terms.every((t) => holds(t, context));
    case 'or': return when.terms.some((t) => holds(t, context));
    case 'not': return !holds(when.term, context);
    case 'key': return Boolean(context[when.key]);
    case 'constant': return when.value;
    case 'equals':
      // To VS Code these two ask whether a key is set.
      if (when.value === 'true' || when.value === 'false') return Boolean(context[when.key]) === (when.value === 'true');
      return context[when.key] === when.value;
  }
}

/** A condition with one mistake in it: each term left out, and each turned into its opposite. */
export function mistakes(when: When): When[] {
  const here: When[] = when.kind === 'constant' ? [{ kind: 'constant', value: !when.value }] : [{ kind: 'not', term: when }];
  if (when.kind !== 'and' && when.kind !== 'or') return here;
  return [
    ...here,
    ...when.terms.flatMap((t, i) => [
      { ...when, terms: when.terms.filter((_, j) => j !== i) },
      ...mistakes(t).map((m) => ({ ...when, terms: when.terms.map((other, j) => (i === j ? m : other)) })),
    ]),
  ];
}
