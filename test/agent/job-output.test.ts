import { Readable } from "node:stream";
import type { Log } from "../../runtime/core/ports";
import { startOutputFlow } from "../../runtime/agent/job-output";

const quiet = () => undefined;

/** Keeps what it is given in memory, as long as it has room. */
class Disk {
  room = Number.POSITIVE_INFINITY;
  text = "";

  get size(): number {
    return this.text.length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    const fits = Buffer.from(chunk).toString().slice(0, this.room);
    this.text += fits;
    this.room -= fits.length;
    if (fits.length < chunk.length) throw new Error("ENOSPC: no space left on device, write");
  }

  note(sentence: string): Promise<void> {
    return this.append(Buffer.from(`[${sentence}]`));
  }
}

describe("a job's output on a disk that is full for a while", () => {
  const carried = async (disk: Disk, pieces: readonly (readonly [text: string, room: number])[]) => {
    const failures: string[] = [];
    const log: Log = { debug: quiet, info: quiet, warn: quiet, error: (sentence) => failures.push(sentence) };
    async function* written(): AsyncGenerator<Buffer> {
      for (const [text, room] of pieces) {
        disk.room = room;
        yield Buffer.from(text);
        // What was written is taken before the disk changes.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const flow = startOutputFlow([Readable.from(written(), { highWaterMark: 1 })], disk, log);
    await flow.drain(1_000);
    return failures;
  };

  it("says where and how much of it was lost, once there is room again", async () => {
    const disk = new Disk();
    const failures = await carried(disk, [
      ["before ", Infinity],
      ["half of it", 5],
      ["nothing of it", 0],
      ["after", Infinity],
    ]);
    expect(disk.text).toBe("before half [18 bytes of output could not be kept here]after");
    expect(failures).toEqual(["output of the job is lost"]);
  });

  it("says so at its end when the job wrote no more", async () => {
    const disk = new Disk();
    await carried(disk, [
      ["before ", Infinity],
      ["lost", 0],
      ["", Infinity],
    ]);
    expect(disk.text).toBe("before [4 bytes of output could not be kept here]");
  });
});
