// The directories of an ISO 9660 image, of which it may have several: its own, Joliet's for Windows, and names by Rock Ridge in the
// first for Unix. Systems go by one of them; libarchive, which opens the image, too. A bridge to UDF is one more.

/** What one directory says: for each file's first sector the endings of its names. */
type Endings = ReadonlyMap<number, string>;

interface Named {
  readonly sector: number;
  readonly name: string;
  readonly rockRidge: string | undefined;
}

const sectorBytes = 2048;
const firstDescriptor = 16;
/** Marks in a row, at most; real images have a handful. */
const maxDescriptors = 32;
/** Records of a directory, and more than MAXFILES lets through. */
const maxRecords = 20_000;
const descriptorMarks = new Set(["CD001", "BEA01", "NSR02", "NSR03", "TEA01", "BOOT2", "CDW02"]);
const jolietLevels = new Set(["%/@", "%/C", "%/E"]);
const isFolder = 2;

/** Why systems see different files in the image; undefined where all see the same. Never throws; linear in the image. */
export function isoDoubt(image: Buffer): string | undefined {
  const directories: Endings[] = [];
  for (let i = 0; i < maxDescriptors; i += 1) {
    const at = (firstDescriptor + i) * sectorBytes;
    const mark = image.toString("latin1", at + 1, at + 6);
    if (!descriptorMarks.has(mark)) break;
    if (mark.startsWith("NSR")) return "an image of UDF as well";
    const kind = mark === "CD001" && at + sectorBytes <= image.length ? image[at] : undefined;
    const isJoliet = kind === 2 && jolietLevels.has(image.toString("latin1", at + 88, at + 91));
    if (kind !== 1 && !isJoliet) continue;
    const files = listFiles(image, at + 156, isJoliet);
    if (files === undefined) return "a directory that cannot be read";
    directories.push(endingsOf(files.map(({ sector, name }) => [sector, name])));
    if (files.some(({ rockRidge }) => rockRidge !== undefined))
      directories.push(endingsOf(files.map(({ sector, name, rockRidge }) => [sector, rockRidge ?? name])));
  }
  const [first, ...others] = directories;
  return first !== undefined && others.some((each) => !isSame(first, each))
    ? "directories that do not list the same files"
    : undefined;
}

function endingsOf(files: readonly (readonly [sector: number, name: string])[]): Endings {
  const endings = new Map<number, Set<string>>();
  for (const [sector, name] of files) {
    const known = endings.get(sector) ?? new Set();
    endings.set(sector, known.add(endingOf(name)));
  }
  return new Map([...endings].map(([sector, all]) => [sector, [...all].sort().join(" ")]));
}

/** As far as names of eight and three characters have it: the others are made shorter, and their odd characters replaced. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0
    ? ""
    : name
        .slice(dot + 1, dot + 4)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, "_");
}

function isSame(one: Endings, other: Endings): boolean {
  return one.size === other.size && [...one].every(([sector, ending]) => other.get(sector) === ending);
}

/** All files with content below the folder whose record is at `root`; undefined where there is no end to them, or none can be read. */
function listFiles(image: Buffer, root: number, isJoliet: boolean): readonly Named[] | undefined {
  const files: Named[] = [];
  const folders = [extentOf(image, root)];
  const seen = new Set<number>();
  let records = 0;
  // Folders may lie over each other; as often as that nobody reads the image.
  let bytesLeft = 2 * image.length;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (seen.has(folder.sector)) continue;
    seen.add(folder.sector);
    const end = folder.sector * sectorBytes + folder.bytes;
    bytesLeft -= folder.bytes;
    if (end > image.length || bytesLeft < 0) return undefined;
    for (let at = folder.sector * sectorBytes; at < end; ) {
      const length = image[at] ?? 0;
      if (length === 0) {
        at = (Math.floor(at / sectorBytes) + 1) * sectorBytes;
        continue;
      }
      records += 1;
      const nameBytes = image[at + 32] ?? 0;
      if (records > maxRecords || length < 34 || at + length > end || 33 + nameBytes > length) return undefined;
      const extent = extentOf(image, at);
      const isSelfOrParent = nameBytes === 1 && (image[at + 33] ?? 0) < 2;
      if (((image[at + 25] ?? 0) & isFolder) !== 0) {
        if (!isSelfOrParent) folders.push(extent);
      } else if (extent.bytes > 0) files.push({ sector: extent.sector, ...namesOf(image, at, isJoliet) });
      at += length;
    }
  }
  return files;
}

function extentOf(image: Buffer, record: number): { sector: number; bytes: number } {
  return record + 34 > image.length
    ? { sector: 0, bytes: Number.POSITIVE_INFINITY }
    : { sector: image.readUInt32LE(record + 2), bytes: image.readUInt32LE(record + 10) };
}

function namesOf(image: Buffer, record: number, isJoliet: boolean): Pick<Named, "name" | "rockRidge"> {
  const start = record + 33;
  const bytes = image[record + 32] ?? 0;
  const raw = image.subarray(start, start + bytes);
  const text = isJoliet
    ? Buffer.from(raw.subarray(0, bytes & ~1))
        .swap16()
        .toString("utf16le")
    : raw.toString("latin1");
  const end = record + (image[record] ?? 0);
  const systemUse = start + bytes + (bytes % 2 === 0 ? 1 : 0);
  return { name: withoutVersion(text), rockRidge: isJoliet ? undefined : rockRidgeName(image, systemUse, end) };
}

function withoutVersion(name: string): string {
  return name.replace(/\.?;\d{1,5}$/, "");
}

/** NM of the System Use area, also where that goes on in another place (CE). */
function rockRidgeName(image: Buffer, from: number, to: number): string | undefined {
  let name: string | undefined;
  let [at, end] = [from, to];
  for (let areas = 0; areas < 8; areas += 1) {
    let next: readonly [number, number] | undefined;
    while (at + 4 <= end) {
      const mark = image.toString("latin1", at, at + 2);
      const length = image[at + 2] ?? 0;
      if (length < 4 || at + length > end) break;
      if (mark === "NM") name = (name ?? "") + image.toString("latin1", at + 5, at + length);
      if (mark === "CE" && length >= 28) {
        const begin = image.readUInt32LE(at + 4) * sectorBytes + image.readUInt32LE(at + 12);
        next = [begin, Math.min(image.length, begin + Math.min(sectorBytes, image.readUInt32LE(at + 20)))];
      }
      at += length;
    }
    if (next === undefined) break;
    [at, end] = next;
  }
  return name;
}
