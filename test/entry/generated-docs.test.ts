import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withBlock } from "../../runtime/entry/local/docs/doc-blocks";
import { generatedDocs } from "../../runtime/entry/local/docs/generated-docs";

const root = join(__dirname, "../..");
const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "");

describe("a generated page", () => {
  it.each(generatedDocs.map(({ path, render }) => [path, render] as const))(
    "%s says what the sources say; run `npm run docs` to renew it",
    async (path, render) => {
      const page = read(path);
      expect(page).toBe(await render(page));
    },
  );
});

const page = "# Page\n\n<!-- made by npm run docs: list -->\n\nold\n\n<!-- end of list -->\n\nby hand\n";

describe("a generated block", () => {
  it("is renewed, and the text around it stays", () => {
    expect(withBlock(page, "list", "new")).toBe(page.replace("old", "new"));
  });

  it("does not change when it is made twice", () => {
    const once = withBlock(page, "list", "| a |\n");
    expect(withBlock(once, "list", "| a |\n")).toBe(once);
  });

  it("takes a text with $ as it is", () => {
    expect(withBlock(page, "list", "`$&` and `$1`")).toContain("`$&` and `$1`");
  });

  it.each([
    ["has no such block", "# Page\n"],
    ["has it twice", page + page],
    ["does not end it", "<!-- made by npm run docs: list -->\n"],
  ])("is refused where the page %s", (_, text) => {
    expect(() => withBlock(text, "list", "new")).toThrow("once each");
  });
});
