// A worker for jobs by sender: "exit@…" ends the thread, "hang@…" never ends, all else passes.
export default function run({ sender }: { readonly sender: string }) {
  if (sender.startsWith("exit@")) process.exit(1);
  while (sender.startsWith("hang@")) Math.random();
  return { result: "pass", identity: "mailfrom", domain: "example.com" };
}
