/** The part of the Ledger contract about notes that are read and replaced; run by `ledgerContract`. */
import { noon } from "../fixtures/records";
import type { LedgerBench } from "./ledger.contract";

export function notesContract(bench: () => LedgerBench): void {
  const note = { name: "SECRET#key", value: "first", version: 1, expiresAt: noon + 1500 };
  const next = { ...note, value: "second", version: 2, expiresAt: noon + 9000 };

  it("is read as it was saved, under its own name alone", async () => {
    const { ledger } = bench();
    expect(await ledger.readNote("SECRET#key")).toBeUndefined();
    expect(await ledger.saveNote(note)).toEqual({ written: true, record: note });
    expect(await ledger.readNote("SECRET#key")).toEqual(note);
    expect(await ledger.readNote("key")).toBeUndefined();
  });

  it("is saved over the version before alone, and who is refused is told what stands there", async () => {
    const { ledger } = bench();
    expect(await ledger.saveNote(next)).toEqual({ written: false, current: undefined });
    await ledger.saveNote(note);
    expect(await ledger.saveNote({ ...note, value: "other" })).toEqual({ written: false, current: note });
    expect(await ledger.saveNote(next)).toEqual({ written: true, record: next });
    expect(await ledger.saveNote({ ...next, value: "other" })).toEqual({ written: false, current: next });
    expect(await ledger.readNote("SECRET#key")).toEqual(next);
  });

  it("is absent from its expiry on, for whoever reads, replaces or writes it anew", async () => {
    const { ledger, clock } = bench();
    await ledger.saveNote(note);
    clock.set(noon + 1499);
    expect(await ledger.readNote("SECRET#key")).toEqual(note);
    clock.set(noon + 1500);
    expect(await ledger.readNote("SECRET#key")).toBeUndefined();
    expect(await ledger.saveNote(next)).toEqual({ written: false, current: undefined });
    const anew = { ...next, version: 1 };
    expect(await ledger.saveNote(anew)).toEqual({ written: true, record: anew });
  });

  it("that was remembered can be read, and replaced as version 2", async () => {
    const { ledger } = bench();
    await ledger.remember("SECRET#key", "first", noon + 1500);
    expect(await ledger.readNote("SECRET#key")).toEqual(note);
    expect(await ledger.saveNote(next)).toEqual({ written: true, record: next });
    expect(await ledger.remember("SECRET#key", "third", noon + 9000)).toBe("second");
  });

  it("is replaced by exactly one of many at once, and the others learn by whom", async () => {
    const { ledger } = bench();
    await ledger.saveNote(note);
    const tries = Array.from({ length: 20 }, (_, n) => ledger.saveNote({ ...next, value: `${n}` }));
    const outcomes = await Promise.all(tries);
    const [winner, ...others] = outcomes.flatMap((outcome) => (outcome.written ? [outcome.record] : []));
    expect(others).toEqual([]);
    for (const outcome of outcomes) if (!outcome.written) expect(outcome.current).toEqual(winner);
  });

  it("that expired is purged, unless it was written anew", async () => {
    const { ledger, clock } = bench();
    await ledger.saveNote(note);
    clock.set(noon + 1500);
    await ledger.saveNote({ ...note, value: "anew", expiresAt: noon + 9000 });
    expect(await ledger.purge(noon, 10)).toEqual([]);
    expect((await ledger.readNote("SECRET#key"))?.value).toBe("anew");
  });
}
