/** Copies of a disk, byte for byte, keys that cannot be read included. */
import { openDatabase } from "../../src/storage/database.ts";
import { dump, restore } from "../disks.ts";

const create = async (disk: string): Promise<void> => {
  (await openDatabase(disk, () => undefined)).close();
};

/** `to` is a disk that nobody has used; one that was never written has no stores yet, and its copy neither. */
export const copyDisk = async (from: string, to: string): Promise<void> => {
  await create(from);
  await create(to);
  await restore(to, await dump(from));
};
