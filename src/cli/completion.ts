// `signpost completion SHELL`: what bash and zsh need to complete command lines, made from the commands' own usage.
import { allWords } from "../flow/words/all-words.ts";
import { optionsOf } from "./argument-fault.ts";
import { type Command, exitCode, synopsis, UsageError } from "./command.ts";

/** `load` gives all commands, this one among them. */
export const createCompletion = (load: () => Promise<readonly Command[]>): Command => ({
  name: "completion",
  summary: "print what bash or zsh need to complete command lines",
  usage: `bash | zsh

bash: signpost completion bash > /etc/bash_completion.d/signpost
zsh:  signpost completion zsh > /usr/local/share/zsh/site-functions/_signpost`,
  async run(args, io) {
    const [shell, another] = args;
    if (another !== undefined || (shell !== "bash" && shell !== "zsh")) throw new UsageError("bash or zsh?");
    const commands = await load();
    io.stdout(shell === "bash" ? bashScript(commands) : zshScript(commands));
    return exitCode.ok;
  },
});

/** Words that stand in the place of a file. */
function wordsOf({ name }: Command): readonly string[] {
  if (name === "explain") return [...new Set(allWords().map(({ word }) => word))].filter((word) => !word.includes(" "));
  if (name === "completion") return ["bash", "zsh"];
  return name === "quarantine" ? ["list", "show", "release", "delete"] : [];
}

/** Options with a value that is no file, so that nothing is offered for it. */
function valuesOf(usage: string): readonly string[] {
  const found = [...usage.matchAll(/(?<![\w-])(--[a-z][a-z-]*)[ =]([A-Z]+)/g)];
  return [...new Set(found.flatMap(([, option = "", value = ""]) => (/^(?:FILE|PATH)/.test(value) ? [] : option)))];
}

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const options = [...optionsOf(command.usage), "--help"].join(" ");
    return `    ${command.name}) options="${options}" words="${wordsOf(command).join(" ")}" values="${valuesOf(command.usage).join(" ")}" ;;`;
  });
  return `# bash completion for signpost
_signpost() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local options="" words="" values=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} help --help --version" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case " $values " in *" $prev "*) return ;; esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _signpost signpost
`;
}

function zshScript(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  const cases = commands.map((command) => {
    const values = new Set(valuesOf(command.usage));
    const options = optionsOf(command.usage).map((option) => {
      const takesFile = new RegExp(`${option}[ =](?:FILE|PATH)`).test(synopsis(command));
      return `'${option}${values.has(option) ? "::value:" : takesFile ? "::file:_files" : ""}'`;
    });
    const words = wordsOf(command);
    const rest = words.length === 0 ? "'*:file:_files'" : `'*:word:(${words.join(" ")})'`;
    return `    ${command.name}) _arguments ${[...options, rest].join(" ")} ;;`;
  });
  return `#compdef signpost
_signpost() {
  local -a commands
  commands=(
${list.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
_signpost "$@"
`;
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(":", "\\:");
}
