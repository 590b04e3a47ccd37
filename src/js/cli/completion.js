'use strict';
// `ferripc completion`: scripts for shells, made of the commands and their options. Used by index.js.

const { print } = require('./output');
const { UsageError } = require('./statuses');
const { hintOf } = require('./words');

const SHELLS = { bash, zsh, fish };

/** Commands whose first operand is a server. */
const WITH_TARGET = ['tap', 'send', 'request', 'bench'];

/** The words that a command takes, where they are known. */
const wordsOf = (all) => ({ completion: Object.keys(SHELLS), help: all.map(({ name }) => name) });

/** What the scripts say of each command. */
function described({ names, load, summaries }) {
  return names.map((name) => {
    const { options = {} } = load(name);
    const flags = Object.entries(options).map(([key, { short, value, help }]) => ({
      long: `--${key}`,
      short,
      value,
      help: help.split(/[.:;,] |\.$/)[0],
    }));
    return { name, summary: summaries[name], flags };
  });
}

/**
 * Anybody may give a socket any name. compgen would run what is in one, `$(…)`, and bash would when the line is entered: so
 * names are compared as they are, and completed with quotes.
 */
function bash(all) {
  const cases = all
    .map(
      ({ name, flags }) => `    ${name}) words='${flags.map((it) => it.long).join(' ')} --help' ;;`,
    )
    .join('\n');
  const names = all.map(({ name }) => name).join(' ');
  const choices = Object.entries(wordsOf(all))
    .map(([name, words]) => `      ${name}) words='${words.join(' ')}' ;;`)
    .join('\n');
  return `# bash completion for ferripc: source <(ferripc completion bash)
_ferripc_ids() {
  local id quoted
  while IFS= read -r id; do
    printf -v quoted %q "$id"
    [[ -n "$id" && ( "$id" == "$1"* || "$quoted" == "$1"* ) ]] && COMPREPLY+=("$quoted")
  done <<< "$(ferripc list --quiet 2>/dev/null)"
}
_ferripc() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))
    return
  fi
  case "$command" in
${cases}
  esac
  if [ "\${current#-}" = "$current" ]; then
    case "$command" in
      ${WITH_TARGET.join('|')}) [ "$COMP_CWORD" -eq 2 ] && { _ferripc_ids "$current"; return; } ;;
${choices}
      *) words='' ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ferripc ferripc`;
}

function zsh(all) {
  const escaped = (text) =>
    text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', '\\:').replaceAll("'", "'\\''");
  const cases = all
    .map(({ name, flags }) => {
      const words = flags.map(
        ({ long, value, help }) =>
          `'${long}${value ? '=' : ''}[${escaped(help)}]${value ? `:${escaped(value)}:_files` : ''}'`,
      );
      const choice = wordsOf(all)[name];
      const other = choice ? `'1:word:(${choice.join(' ')})'` : `'*:file:_files'`;
      const first = WITH_TARGET.includes(name) ? `'1:target:_ferripc_ids'` : other;
      return `    ${name}) _arguments ${[...words, "'--help[Prints the page]'", first].join(' ')} ;;`;
    })
    .join('\n');
  return `#compdef ferripc
# zsh completion for ferripc: ferripc completion zsh > "\${fpath[1]}/_ferripc"
_ferripc_ids() {
  local -a ids
  ids=(\${(f)"$(ferripc list --quiet 2>/dev/null)"})
  compadd -a ids
  _files
}
_ferripc() {
  local -a commands
  commands=(
${all.map(({ name, summary }) => `    '${name}:${escaped(summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases}
  esac
}
if [ "$funcstack[1]" = "_ferripc" ]; then _ferripc "$@"; else compdef _ferripc ferripc; fi`;
}

function fish(all) {
  const escaped = (text) => text.replaceAll("'", "\\'");
  const lines = all.flatMap(({ name, summary, flags }) => [
    `complete -c ferripc -n __fish_use_subcommand -a ${name} -d '${escaped(summary)}'`,
    ...flags.map(({ long, short, value, help }) => {
      const about = `-d '${escaped(help)}'`;
      const parts = [`-l ${long.slice(2)}`, short && `-s ${short}`, value && '-r', about];
      const when = `-n '__fish_seen_subcommand_from ${name}'`;
      return `complete -c ferripc ${when} ${parts.filter(Boolean).join(' ')}`;
    }),
  ]);
  const seen = `'__fish_seen_subcommand_from ${WITH_TARGET.join(' ')}'`;
  return [
    '# fish completion for ferripc: ferripc completion fish | source',
    ...lines,
    `complete -c ferripc -n ${seen} -a '(ferripc list --quiet 2>/dev/null)'`,
    ...Object.entries(wordsOf(all)).map(
      ([name, words]) =>
        `complete -c ferripc -f -n '__fish_seen_subcommand_from ${name}' -a '${words.join(' ')}'`,
    ),
  ].join('\n');
}

module.exports = {
  name: 'completion',
  synopsis: ['ferripc completion bash|zsh|fish'],
  description: `Prints a script that completes commands, options and the ids of live servers.`,
  operands: [{ name: 'shell', help: 'bash, zsh or fish.' }],
  statuses: [],
  examples: [
    ['source <(ferripc completion bash)', 'In ~/.bashrc:'],
    ['ferripc completion zsh > "${fpath[1]}/_ferripc"', 'For zsh, once:'],
    ['ferripc completion fish > ~/.config/fish/completions/ferripc.fish', 'For fish, once:'],
  ],

  run({ operands: [shell] }, commands) {
    const known = Object.keys(SHELLS);
    if (shell === undefined) throw new UsageError(`for which shell? ${known.join(', ')}`);
    if (!known.includes(shell)) {
      const hint = hintOf(shell, known, `; there are: ${known.join(', ')}`);
      throw new UsageError(`no completion for ${JSON.stringify(shell)}${hint}`);
    }
    print(SHELLS[shell](described(commands)));
  },
};
