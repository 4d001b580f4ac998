/** The text of a page, apart from the editor, for tests to look at it as it is. */

export interface PageParts {
  readonly nonce: string;
  /** The source expression of style sheets. */
  readonly styles: string;
  readonly style: string;
  readonly script: string;
  readonly title: string;
}

/** The shell of a page. Nothing is allowed but its own script and style sheet. */
export function pageText(parts: PageParts): string {
  const policy = [
    "default-src 'none'",
    `style-src ${parts.styles}`,
    `script-src 'nonce-${parts.nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${parts.title}</title>
<link rel="stylesheet" href="${parts.style}">
</head>
<body>
<script nonce="${parts.nonce}" src="${parts.script}"></script>
</body>
</html>
`;
}
