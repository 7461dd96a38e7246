// What octets are by their first ones: the short types that amavisd's rules use, made of what file(1) says.

/** Formats that hold others; each is opened by something in this program, or reported as closed. */
export type ArchiveKind =
  | "zip"
  | "gz"
  | "bz2"
  | "xz"
  | "lzma"
  | "zst"
  | "Z"
  | "lz4"
  | "lzo"
  | "tar"
  | "cpio"
  | "7z"
  | "rar"
  | "cab"
  | "iso"
  | "lha"
  | "arj"
  | "arc"
  | "ace"
  | "zoo"
  | "deb"
  | "rpm"
  | "a"
  | "bz"
  | "F"
  | "lrz"
  | "installshield"
  | "sit"
  | "hqx"
  | "chm"
  | "szdd"
  | "sis"
  | "lzip"
  | "xar"
  | "wim"
  | "vhd"
  | "vhdx"
  | "alz"
  | "egg"
  | "applesingle"
  | "tnef";

export interface Signature {
  readonly at: number;
  readonly octets: Buffer;
  readonly types: readonly string[];
  /** "text": files in it are looked for as in any text. */
  readonly holds?: ArchiveKind | "text";
}

function signature(at: number, octets: string, types: string, holds?: ArchiveKind | "text"): Signature {
  return {
    at,
    octets: Buffer.from(octets, "latin1"),
    types: types.split(" "),
    ...(holds === undefined ? {} : { holds }),
  };
}

/** The first that fits has it. */
export const signatures: readonly Signature[] = [
  signature(0, "PK\x03\x04", "zip", "zip"),
  signature(0, "PK\x05\x06", "zip", "zip"),
  signature(0, "PK00PK\x03\x04", "zip", "zip"),
  signature(0, "PK\x07\x08PK\x03\x04", "zip", "zip"),
  signature(0, "\x1f\x8b", "gz", "gz"),
  signature(0, "BZh", "bz2", "bz2"),
  signature(0, "BZ0", "bz", "bz"),
  signature(0, "\xfd7zXZ\0", "xz", "xz"),
  signature(0, "]\0\0", "lzma", "lzma"),
  signature(0, "\x28\xb5\x2f\xfd", "zst", "zst"),
  signature(0, "\x1f\x9d", "Z", "Z"),
  signature(0, "\x1f\x9f", "F", "F"),
  signature(0, "\x04\x22\x4d\x18", "lz4", "lz4"),
  signature(0, "\x89LZO\0", "lzo", "lzo"),
  signature(0, "LRZI", "lrz", "lrz"),
  signature(0, "7z\xbc\xaf\x27\x1c", "7z", "7z"),
  signature(0, "Rar!\x1a\x07", "rar", "rar"),
  signature(0, "MSCF\0\0\0\0", "cab", "cab"),
  signature(0, "ISc(", "installshield", "installshield"),
  signature(0, "ITSF", "chm", "chm"),
  signature(0, "SZDD\x88\xf0'3", "szdd", "szdd"),
  signature(4, "\x12\x3a\0\x10", "sis", "sis"),
  signature(0, "\x7a\x1a\x20\x10", "sis", "sis"),
  signature(0, "LZIP\x01", "dat", "lzip"),
  signature(0, "xar!\0\x1c", "dat", "xar"),
  signature(0, "MSWIM\0\0\0", "dat", "wim"),
  signature(0, "conectix\0\0\0", "dat", "vhd"),
  signature(0, "vhdxfile", "dat", "vhdx"),
  signature(0, "ALZ\x01", "dat", "alz"),
  signature(0, "EGGA\0\x01", "dat", "egg"),
  signature(0, "\0\x05\x16\0", "dat", "applesingle"),
  signature(0, "**ACE**", "ace", "ace"),
  signature(7, "**ACE**", "ace", "ace"),
  signature(0, "\x60\xea", "arj", "arj"),
  signature(20, "\xdc\xa7\xc4\xfd", "zoo", "zoo"),
  signature(0, "070701", "cpio", "cpio"),
  signature(0, "070702", "cpio", "cpio"),
  signature(0, "070707", "cpio", "cpio"),
  signature(0, "\xc7\x71", "cpio", "cpio"),
  signature(0, "\x71\xc7", "cpio", "cpio"),
  signature(0, "!<arch>\ndebian", "deb", "deb"),
  signature(0, "!<arch>\n", "a", "a"),
  signature(0, "\xed\xab\xee\xdb", "rpm", "rpm"),
  signature(0, "SIT!", "sit", "sit"),
  signature(0, "StuffIt", "sit", "sit"),
  signature(0, "\x78\x9f\x3e\x22", "tnef", "tnef"),
  signature(257, "ustar", "tar", "tar"),
  signature(0, "\xff\xd8\xff", "image jpg"),
  signature(0, "GIF8", "image gif"),
  signature(0, "\x89PNG\r\n\x1a\n", "image png"),
  signature(0, "II*\0", "image tif"),
  signature(0, "MM\0*", "image tif"),
  signature(0, "\x0a\x05\x01\x08", "image pcx"),
  signature(0, "%PDF-", "pdf"),
  signature(0, "%!PS", "ps", "text"),
  signature(0, "{\\rt", "rtf", "text"),
  signature(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cdf-ms"),
  signature(0, "\xd7\xcd\xc6\x9a", "wmf"),
  signature(0, "L\0\0\0\x01\x14\x02\0", "lnk dat"),
  signature(0, "\xde\x12\x04\x95", "mo"),
  signature(0, "\x95\x04\x12\xde", "mo"),
  signature(0, "FWS", "swf"),
  signature(0, "CWS", "swf"),
  signature(0, "ZWS", "swf"),
  signature(0, "fLaC", "audio flac"),
  signature(28, "FLAC", "audio oga"),
  signature(0, "OggS", "audio ogg"),
  signature(0, "\xff\xfb", "audio mpa mp3"),
  signature(0, "\xff\xfa", "audio mpa mp3"),
  signature(0, "\0\0\x01\xba", "movie mpg"),
  signature(0, "\0\0\x01\xb3", "movie mpg"),
  signature(0, "\x1a\x45\xdf\xa3", "movie mkv"),
  signature(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "movie wmv"),
  signature(0, "\xf7\x02", "dvi"),
  signature(0, "[InternetShortcut]", "url", "text"),
  signature(0, "(This file must be converted with BinHex", "hqx", "hqx"),
  signature(0, "-----BEGIN PGP MESSAGE", "pgp pgp.enc", "text"),
  signature(0, "-----BEGIN PGP PUBLIC KEY", "pgp pgp.asc", "text"),
  signature(0, "-----BEGIN PGP ", "pgp", "text"),
];
