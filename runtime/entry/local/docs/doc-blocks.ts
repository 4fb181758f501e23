/** The parts of a page that are made from the sources, between two comments; what people wrote around them stays. */

/** `page` with the named block made anew. Throws when the page does not hold it exactly once. */
export function withBlock(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- made by npm run docs: ${name} -->`, `<!-- end of ${name} -->`];
  const parts = page.split(begin);
  const [before = "", rest = ""] = parts;
  const after = rest.split(end);
  if (parts.length !== 2 || after.length !== 2) throw new Error(`the page needs "${begin}" and "${end}" once each`);
  return `${before}${begin}\n\n${content.trim()}\n\n${end}${after[1] ?? ""}`;
}

/** Several blocks of one page. */
export function withBlocks(page: string, blocks: Readonly<Record<string, () => string>>): string {
  return Object.entries(blocks).reduce((text, [name, make]) => withBlock(text, name, make()), page);
}
