/** For which kind of machine a program was built, read from its first bytes. */
import { open } from "node:fs/promises";

/** `e_machine` of ELF headers. */
const machines: Readonly<Record<number, string>> = { 0x03: "ia32", 0x28: "arm", 0x3e: "x64", 0xb7: "arm64" };

/**
 * Why it cannot run here, to be read after its name; `undefined`: it may, or it is none of the known kinds. Worth asking
 * only after it failed: an emulator may run what this refuses.
 */
export async function foreignKind(
  path: string,
  here: Pick<NodeJS.Process, "platform" | "arch">,
): Promise<string | undefined> {
  const built = kindOf(await firstBytes(path).catch(() => Buffer.alloc(0)));
  if (built === undefined) return undefined;
  const own = { platform: here.platform, arch: here.arch };
  const fits = built.platform === own.platform && (built.arch === undefined || built.arch === own.arch);
  if (fits) return undefined;
  const name = built.arch === undefined ? built.platform : `${built.platform} ${built.arch}`;
  return `is built for ${name}, and this machine is ${own.platform} ${own.arch}: put the runner for this one there`;
}

function kindOf(head: Buffer): { readonly platform: string; readonly arch?: string } | undefined {
  if (head.length < 20) return undefined;
  if (head.readUInt32BE(0) === 0x7f454c46)
    return { platform: "linux", arch: machines[head.readUInt16LE(18)] ?? "for another processor" };
  if ([0xfeedface, 0xfeedfacf, 0xcafebabe].includes(head.readUInt32LE(0))) return { platform: "darwin" };
  if (head.readUInt32BE(0) === 0xcafebabe) return { platform: "darwin" };
  return head.toString("latin1", 0, 2) === "MZ" ? { platform: "win32" } : undefined;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
