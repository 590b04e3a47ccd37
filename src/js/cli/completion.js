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

/** What `ferripc list --quiet` prints for a character that is not printable: a pattern of bash and zsh. */
const UNPRINTABLE = `*'\\u'${'[0-9a-f]'.repeat(4)}*`;

/**
 * Anybody may give a socket any name. compgen would run what is in one, `$(…)`, and bash would when the line is entered: so
 * names are compared as they are, and completed with quotes. Names that would be options, or cannot be typed, are left out.
 *
 * bash has `:` and `=` as words of their own, and replaces what follows them.
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
    case "$id" in '' | -* | ${UNPRINTABLE}) continue ;; esac
    printf -v quoted %q "$id"
    [[ "$id" == "$1"* || "$quoted" == "$1"* ]] && COMPREPLY+=("\${quoted#"$2"}")
  done <<< "$(ferripc list --quiet 2>/dev/null)"
}
_ferripc() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words='' at=$COMP_CWORD typed cut=''
  typed=$current
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))
    return
  fi
  while ((at > 2)) && [[ "$typed" == [:=]* || "\${COMP_WORDS[at - 1]}" == [:=]* ]]; do
    at=$((at - 1))
    typed=\${COMP_WORDS[at]}$typed
  done
  if [[ "$current" == [:=]* ]]; then cut=$typed; else cut=\${typed%"$current"}; fi
  while ((at > 2)) && [[ "\${COMP_WORDS[at - 1]}" == -* ]]; do at=$((at - 1)); done
  case "$command" in
${cases}
  esac
  if [ "\${typed#-}" = "$typed" ]; then
    case "$command" in
      ${WITH_TARGET.join('|')}) [ "$at" -eq 2 ] && { _ferripc_ids "$typed" "$cut"; return; } ;;
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
  const specsOf = ({ long, short, value, help }) => {
    const rest = `[${escaped(help)}]${value ? `:${escaped(value)}:_files` : ''}`;
    const one = `${long}${value ? '=' : ''}${rest}`;
    if (!short) return [`'${one}'`];
    return [`'(-${short})${one}'`, `'(${long})-${short}${rest}'`];
  };
  const cases = all
    .map(({ name, flags }) => {
      const choice = wordsOf(all)[name];
      const other = choice ? `'1:word:(${choice.join(' ')})'` : `'*:file:_files'`;
      const first = WITH_TARGET.includes(name) ? `'1:target:_ferripc_ids'` : other;
      const specs = [...flags.flatMap(specsOf), "'--help[Prints the page]'", first];
      return `    ${name}) _arguments ${specs.join(' ')} ;;`;
    })
    .join('\n');
  return `#compdef ferripc
# zsh completion for ferripc: ferripc completion zsh > "\${fpath[1]}/_ferripc"
_ferripc_ids() {
  local -a ids
  ids=(\${(f)"$(ferripc list --quiet 2>/dev/null)"})
  ids=(\${ids:#(-*|${UNPRINTABLE})})
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
    [[ $PREFIX == -* ]] && compadd -- --help --version
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
  const escaped = (text) => text.replace(/[\\']/g, '\\$&');
  const first = 'complete -c ferripc -f -n __fish_use_subcommand';
  const when = (...names) => `complete -c ferripc -n '__ferripc_has ${names.join(' ')}'`;
  const lines = all.flatMap(({ name, summary, flags }) => [
    `${first} -a ${name} -d '${escaped(summary)}'`,
    ...flags.map(({ long, short, value, help }) => {
      const about = `-d '${escaped(help)}'`;
      const parts = [`-l ${long.slice(2)}`, short && `-s ${short}`, value && '-r', about];
      return `${when(name)} ${parts.filter(Boolean).join(' ')}`;
    }),
  ]);
  return [
    '# fish completion for ferripc: ferripc completion fish | source',
    `function __ferripc_has
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end`,
    `function __ferripc_ids
    set -l words (commandline -opc)
    set -e words[1..2]
    string match -qrv -- '^-' $words; and return
    ferripc list --quiet 2>/dev/null | string match -rv -- '^-|\\\\\\\\u[0-9a-f]{4}'
end`,
    `${first} -l help -d 'Prints the page'`,
    `${first} -l version -d 'Prints the version'`,
    ...lines,
    `${when(...all.map(({ name }) => name))} -l help -d 'Prints the page'`,
    `${when(...WITH_TARGET)} -a '(__ferripc_ids)'`,
    ...Object.entries(wordsOf(all)).map(
      ([name, words]) => `${when(name)} -f -a '${words.join(' ')}'`,
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
