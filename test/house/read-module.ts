/**
 * What a source text says about itself: what it imports, and whether it exports a default. Read from the syntax tree,
 * so that types, re-exports, `require` and `import()` count too, and a comment or a string does not.
 */
import ts from "typescript";

export interface SourceText {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Module {
  readonly path: string;
  readonly imports: readonly string[];
  readonly exportsDefault: boolean;
  /** Lines that are comments and nothing else. */
  readonly comments: readonly string[];
}

export function readModule({ path, text }: SourceText): Module {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const nodes = flatten(file);
  return {
    path,
    imports: nodes.flatMap((node) => specifierOf(node) ?? []),
    exportsDefault: nodes.some(isDefaultExport),
    comments: text.match(/^\s*(?:\/\*|\*|\/\/).*$/gm) ?? [],
  };
}

function flatten(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return [node, ...children.flatMap(flatten)];
}

function specifierOf(node: ts.Node): string | undefined {
  const specifier = specifierNode(node);
  return specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
}

function specifierNode(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  return ts.isCallExpression(node) && loadsModule(node.expression) ? node.arguments[0] : undefined;
}

/** `import(…)`, `require(…)`, `require.resolve(…)`. */
function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  const called = ts.isPropertyAccessExpression(callee) ? callee.expression : callee;
  return ts.isIdentifier(called) && called.text === "require";
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === "default";
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}
