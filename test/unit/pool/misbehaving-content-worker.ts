// A worker for mails by their first field: "exit" ends the thread, "hang" never answers, all else throws.
export default function takeApart({ header }: { readonly header: Uint8Array }) {
  const text = Buffer.from(header).toString("latin1");
  if (text.startsWith("exit")) process.exit(1);
  while (text.startsWith("hang")) Math.random();
  throw new Error("a fault of ours");
}
