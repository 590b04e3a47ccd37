'use strict';
// Writes docs/api.md from index.d.ts, by the TypeScript compiler's parser: `node scripts/api-docs.js`. The
// test __test__/docs/api.test.js compares the committed file with what this makes.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const root = path.join(__dirname, '..');
const source = path.join(root, 'index.d.ts');
const target = path.join(root, 'docs', 'api.md');

/** The order of the document: `[heading, [declarations]]`. What is not listed comes last. */
const CHAPTERS = [
  ['The ipc object', ['Endpoint', 'ModuleEndpoint', 'Singleton']],
  [
    'Configuration',
    [
      ...['Config', 'ConfigInput', 'TapOptions'],
      ...['CustomParser', 'CustomParserClass', 'NetworkInterface'],
    ],
  ],
  ['TLS configuration', ['TlsFiles', 'TlsOption', 'TlsConfig']],
  ['Clients', ['Client', 'ClientLifecycle', 'Queue', 'ParserMembers']],
  ['Servers', ['Server', 'ServerLifecycle', 'StopOptions', 'BroadcastOptions', 'MessagesOptions']],
  [
    'Requests',
    ['RequestOptions', 'RequestContext', 'RemoteFailure', 'RemoteError', 'RemoteErrorConstructor'],
  ],
  ['One server for an id', ['SingleInstanceOptions', 'SingleInstance']],
  [
    'Sockets and peers',
    ['IpcSocket', 'PeerCredentials', 'UdpPeer', 'UdpDestination', 'Destination', 'DropInfo'],
  ],
  ['Errors', ['IpcError', 'IpcErrorCode']],
  [
    'Diagnostics',
    [
      ...['Stats', 'ClientStats', 'ServerStats', 'SocketStats', 'TrafficStats', 'DroppedStats'],
      ...['Transport', 'DiagnosticsChannels', 'DiagnosticsMessage', 'MessageDiagnostics'],
    ],
  ],
  ['Classes', ['IPCConstructor', 'IPCModuleConstructor', 'ClientConstructor', 'ServerConstructor']],
  [
    'Typed events',
    [
      ...['AnyEvents', 'Values', 'AsItIs', 'Received', 'Json', 'Sendable', 'NotJson', 'Carried'],
      ...['RawBytes', 'UdpType', 'IPC', 'IPCModule', 'NotServing'],
    ],
  ],
];

/** Interfaces whose members have headings of their own, and what stands before their names. */
const PREFIXES = { Endpoint: 'ipc.', Config: 'config.', Client: 'client.', Server: 'server.' };
const EVENTS = { ClientLifecycle: 'Client event', ServerLifecycle: 'Server event' };

/** Types that only help the compiler. */
const INTERNAL = new Set([
  ...[
    'OpenType',
    'HandlerArgs',
    'ClosedId',
    'EmitArgs',
    'EmitJsonArgs',
    'SendableValue',
    'AsTheyAre',
  ],
  ...['RequestType', 'RequestArgs', 'RequestData', 'Answer', 'Answered'],
  ...['Contentless', 'NoJson', 'JsonElement', 'JsonObject', 'KeyOf', 'KeyIf', 'Flat'],
]);

const slug = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

/** The declarations of the namespace by name, in the order of the file. */
function declarations(file) {
  const found = new Map();
  const space = file.statements.find((one) => ts.isModuleDeclaration(one));
  for (const one of space.body.statements) {
    if (one.name && !INTERNAL.has(one.name.text)) found.set(one.name.text, one);
  }
  return found;
}

const nameOf = (member) =>
  member.name
    ? (member.name.text ?? member.name.getText())
    : ts.isIndexSignatureDeclaration(member)
      ? ''
      : 'new';

/** The members of an interface by name, overloads together; index signatures are left out. */
function membersOf(declaration) {
  const members = new Map();
  for (const member of declaration.members ?? []) {
    const name = nameOf(member);
    if (name === '') continue;
    members.set(name, [...(members.get(name) ?? []), member]);
  }
  return members;
}

const isCallable = (member) =>
  ts.isMethodSignature(member) || /^this\[/.test(member.type?.getText());

function headingOf(owner, name, members) {
  if (EVENTS[owner]) return `${EVENTS[owner]}: ${name}`;
  const called = owner !== 'Config' && members.some(isCallable);
  // A symbol, without its brackets becoming a link.
  if (name.startsWith('[')) return `${PREFIXES[owner].slice(0, -1)}\\${name.slice(0, -1)}\\]()`;
  return `${PREFIXES[owner]}${name}${called ? '()' : ''}`;
}

/** Name of a declaration or of `Owner.member` -> anchor. */
function anchorsOf(all) {
  const anchors = new Map();
  for (const [name, declaration] of all) {
    anchors.set(name, slug(name));
    for (const [member, list] of membersOf(declaration)) {
      const own = PREFIXES[name] || EVENTS[name];
      const anchor = own ? slug(headingOf(name, member, list)) : slug(name);
      anchors.set(`${name}.${member}`, anchor);
    }
  }
  return anchors;
}

/** The text of a comment, or of one of its tags, as Markdown. */
function textOf(comment, anchors) {
  if (comment === undefined) return '';
  const parts = typeof comment === 'string' ? [comment] : comment;
  const text = parts.map((part) => {
    if (typeof part === 'string') return part;
    if (!ts.isJSDocLink(part)) return part.text;
    // By the text: a link that is broken over two lines has no name for the parser.
    const [target, label] = part
      .getText()
      .replace(/\s*\n\s*\*\s*/g, ' ')
      .slice(6, -1)
      .split('|');
    const name = target.trim().replace(/^ferripc\./, '');
    const shown = label?.trim() ?? `\`${name}\``;
    const anchor = anchors.get(name);
    if (!anchor) throw new Error(`no ${name} to link to`);
    return `[${shown}](#${anchor})`;
  });
  return text.join('').trim();
}

const TAGS = { returns: 'Returns', throws: 'Throws' };

/** The comments of a declaration or of the first overload that has one. */
function commentsOf(nodes, anchors) {
  const lines = [];
  const documented = nodes.filter((node) => node.jsDoc?.length > 0);
  for (const { jsDoc } of documented) {
    for (const doc of jsDoc) {
      lines.push(textOf(doc.comment, anchors), '');
      const tags = (doc.tags ?? []).map((tag) => {
        const text = textOf(tag.comment, anchors).replace(/\n\s*/g, ' ').replace(/^- /, '');
        const kind = tag.tagName.text;
        if (kind === 'deprecated') return `- **Deprecated.** ${text}`;
        if (tag.name) return `- \`${tag.name.getText()}\`: ${text}`;
        if (kind === 'typeParam') return `- ${text.replace(/^(\w+)\s*-\s*/, '`$1`: ')}`;
        return `- ${TAGS[kind] ?? kind} ${text}`;
      });
      if (tags.length > 0) lines.push(...tags, '');
    }
  }
  return lines;
}

/** The declaration without its comments. */
function signature(node) {
  const printed = node.getText();
  return printed.replace(/^ {4}/gm, '').replace(/\/\*\*[^]*?\*\/\s*/g, '');
}

const fence = (nodes) => ['```typescript', ...nodes.map(signature), '```', ''];

function member(owner, name, nodes, anchors) {
  if (PREFIXES[owner] || EVENTS[owner]) {
    const heading = `#### ${headingOf(owner, name, nodes)}`;
    return [heading, '', ...fence(nodes), ...commentsOf(nodes, anchors)];
  }
  const comments = commentsOf(nodes, anchors).map((line) => line.replace(/^- (.*)$/, '$1.'));
  const text = comments.join(' ').replace(/\s+/g, ' ').trim();
  const shown = nodes.map(
    (node) => `\`${signature(node).replace(/\s+/g, ' ').replace(/;$/, '')}\``,
  );
  return [`- ${shown.join(', ')}${text ? ` – ${text}` : ''}`];
}

function section(name, declaration, anchors) {
  const lines = [`### ${name}`, '', ...commentsOf([declaration], anchors)];
  if (ts.isTypeAliasDeclaration(declaration)) return [...lines, ...fence([declaration])];
  const bases = (declaration.heritageClauses ?? []).flatMap(({ types }) => types);
  for (const base of bases) {
    const own = anchors.get(base.expression.getText());
    const shown = `\`${base.getText().replace(/\s+/g, ' ')}\``;
    lines.push(`Has all of ${own ? `[${shown}](#${own})` : shown}.`, '');
  }
  const members = membersOf(declaration);
  const of = (wanted) => [...members].filter(([, nodes]) => nodes.some(isCallable) === wanted);
  const ordered = PREFIXES[name] && name !== 'Config' ? [...of(true), ...of(false)] : [...members];
  for (const [key, nodes] of ordered) lines.push(...member(name, key, nodes, anchors));
  return [...lines, ''];
}

/** The document. */
async function generate() {
  const text = fs.readFileSync(source, 'utf8');
  const file = ts.createSourceFile(source, text, ts.ScriptTarget.Latest, true);
  const all = declarations(file);
  const anchors = anchorsOf(all);
  const listed = new Set(CHAPTERS.flatMap(([, names]) => names));
  const others = [...all.keys()].filter((name) => !listed.has(name));
  const chapters = [...CHAPTERS, ...(others.length > 0 ? [['Others', others]] : [])];
  const lines = [
    '# API',
    '',
    '<!-- Made from index.d.ts by scripts/api-docs.js: edit that file, then run the script. -->',
    '',
    "Every public name, as `index.d.ts` declares it. `require('ferripc')` and `import ipc from 'ferripc'` give the",
    '[ipc object](#the-ipc-object). Types, for TypeScript only, are members of the same export.',
    '',
  ];
  for (const [heading, names] of chapters) {
    const links = names.map((name) => `[${name}](#${slug(name)})`);
    lines.push(`- [${heading}](#${slug(heading)}): ${links.join(', ')}`);
  }
  lines.push('');
  for (const [heading, names] of chapters) {
    lines.push(`## ${heading}`, '');
    for (const name of names) lines.push(...section(name, all.get(name), anchors));
  }
  const { format } = await import('oxfmt');
  const { code } = await format(target, lines.join('\n'), require('../.oxfmtrc.json'));
  return code;
}

module.exports = { generate, target };

if (require.main === module) generate().then((text) => fs.writeFileSync(target, text));
