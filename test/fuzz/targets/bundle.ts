/** Packed folders: the server's check and the agent's unpacking of the same bytes must agree, and nothing may get out. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { unpackBundle } from "../../../runtime/agent/unpack";
import { bundleLimits, type BundleLimits } from "../../../runtime/core/bundle";
import { checkBundle } from "../../../runtime/sources/api/check-bundle";
import { hostileArchive } from "../archives";
import type { Dice } from "../dice";
import { shorterBytes } from "../minimise";
import { promise, type Stage, type Target } from "../target";

interface Input {
  readonly bytes: Buffer;
  /** How many come at once. */
  readonly piece: number;
  readonly small: boolean;
}

export const bundle: Target<Input> = {
  name: "bundle",
  share: 20,
  round: 1_000,
  open: async () => new Sandbox(),
  *smaller(input) {
    for (const bytes of shorterBytes(input.bytes)) yield { ...input, bytes };
  },
  show: ({ bytes, ...input }) => JSON.stringify({ ...input, base64: bytes.toString("base64") }),
};

const smallLimits: BundleLimits = {
  ...{ packedBytes: 4_096, unpackedBytes: 2_048, entries: 6, nameLength: 200 },
  headerBytes: 2_048,
};
/** Absolute paths in archives lead here. */
const outside = "/tmp/onejob-fuzz-outside";
const untouched = "untouched";

class Sandbox implements Stage<Input> {
  readonly #outer = realpathSync(mkdtempSync(join(tmpdir(), "onejob-fuzz-")));
  readonly #target = join(this.#outer, "deep", "target");

  constructor() {
    mkdirSync(this.#target, { recursive: true });
    for (const place of [this.#outer, join(this.#outer, "deep")]) writeFileSync(join(place, "sentinel"), untouched);
  }

  make(dice: Dice): Input {
    const bytes = hostileArchive(dice, outside);
    return { bytes, piece: dice.pick([65_536, 65_536, 4_096, 512, 513, 100, 7]), small: dice.percent(30) };
  }

  async attempt({ bytes, piece, small }: Input): Promise<void> {
    const limits = small ? smallLimits : bundleLimits;
    const checked = await checkBundle(pieces(bytes, piece), limits);
    const unpacked = await unpackBundle(pieces(bytes, piece), this.#target, limits);
    const refusedByDisk = !unpacked.ok && /this file system/.test(unpacked.problem);
    promise(
      checked.ok === unpacked.ok || refusedByDisk,
      () => `${JSON.stringify(checked)}, but ${JSON.stringify(unpacked)}`,
    );
    for (const verdict of [checked, unpacked]) {
      if (!verdict.ok) promise(isReadable(verdict.problem), () => `refused in these words: ${JSON.stringify(verdict)}`);
    }
    if (unpacked.ok) staysInside(this.#target);
    else promise(readdirSync(this.#target).length === 0, () => `refused, but left ${readdirSync(this.#target).join()}`);
    this.#checkOutside();
    for (const name of readdirSync(this.#target)) rmSync(join(this.#target, name), { recursive: true, force: true });
  }

  #checkOutside(): void {
    const deep = join(this.#outer, "deep");
    const found = [...readdirSync(this.#outer), ...readdirSync(deep)].sort().join();
    promise(found === "deep,sentinel,sentinel,target", () => `beside the target stands ${found}`);
    for (const place of [this.#outer, deep]) {
      promise(readFileSync(join(place, "sentinel"), "utf8") === untouched, () => "a file outside was written");
    }
    promise(!existsSync(outside), () => "an absolute path was written");
  }

  async close(): Promise<void> {
    rmSync(this.#outer, { recursive: true, force: true });
  }
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function isReadable(problem: string): boolean {
  return problem !== "" && problem.length < 1_000 && !/[\p{Cc}\p{Cs}]/u.test(problem);
}

/** Whichever way one goes in, links included. */
function staysInside(folder: string): void {
  for (const path of everything(folder)) {
    const isLink = lstatSync(path).isSymbolicLink();
    if (isLink && !existsSync(path)) continue;
    const real = realpathSync(path);
    promise(real === folder || real.startsWith(folder + sep), () => `${JSON.stringify(path)} leads to ${real}`);
    promise(isLink || (lstatSync(path).mode & 0o7022) === 0, () => `the rights of ${JSON.stringify(path)}`);
  }
}

/** Without going through links. */
function everything(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...everything(path)] : [path];
  });
}
