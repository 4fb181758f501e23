import { openDiskFiles } from "../../runtime/entry/local/disk-files";
import { MemoryFiles } from "../fakes/memory-files";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { filesContract } from "./files.contract";

filesContract("memory", () => Promise.resolve({ files: new MemoryFiles(), close: () => Promise.resolve() }));
filesContract("disk", async () => {
  const folder = await temporaryFolder();
  return { files: await openDiskFiles(folder.path), close: () => folder.remove() };
});
