// Certificates made for a test: an authority, and a server's certificate for names and addresses, signed by it.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificates {
  readonly authorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** @param names as subjectAltName has them: "DNS:mail.example.com,IP:127.0.0.1" */
export async function createCertificates(folder: string, names: string, label = "server"): Promise<Certificates> {
  const file = (name: string) => join(folder, `${label}-${name}.pem`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = ["-keyout", file("authority-key"), "-out", file("authority"), "-subj", `/CN=${label} authority`];
  await run("openssl", ["req", "-x509", ...curve, ...authority, "-days", "2"]);
  await run("openssl", ["req", ...curve, "-keyout", file("key"), "-out", file("request"), "-subj", `/CN=${label}`]);
  await writeFile(file("extensions"), `subjectAltName=${names}\n`);
  const signed = ["-CA", file("authority"), "-CAkey", file("authority-key"), "-set_serial", "1", "-days", "2"];
  const request = ["-req", "-in", file("request"), "-out", file("certificate"), "-extfile", file("extensions")];
  await run("openssl", ["x509", ...request, ...signed]);
  const read = (name: string) => readFile(file(name), "utf8");
  return {
    authorityFile: file("authority"),
    certificateFile: file("certificate"),
    keyFile: file("key"),
    authority: await read("authority"),
    certificate: await read("certificate"),
    key: await read("key"),
  };
}
