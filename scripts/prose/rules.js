'use strict';
// This repository's own rules for its English, as rules of textlint; used by prose.js. A rule says what to write instead.

const MAX_WORDS = 40;

/** How the entries of docs/compatibility begin that name tests: titles, not sentences. */
const NAMES_TESTS = /^(__test__|tests|examples|src)\//;

/** Words and phrases that no native speaker writes, or that the glossary of docs/README.md has another word for. */
const WORDING = [
  { pattern: /\bbut for\b/i, instead: 'write "except for"', source: true },
  { pattern: /\bcan not\b/i, instead: 'write "cannot"', source: true },
  { pattern: /\bfor who\b/i, instead: 'write "for those who"', source: true },
  {
    pattern: /\b(what|that|which|who|whose \w+) (is|are|was|were) no (?!longer|more|less|one)/i,
    instead: 'write "is not a"',
    source: true,
  },
  {
    pattern: /(?<!\bthere) (is|are|was|were) none\b(?! of the)/i,
    instead: 'write "is not one"',
    source: true,
  },
  { pattern: /\bnobody of\b/i, instead: 'write "none of"', source: true },
  { pattern: /\b(to|can|could) be had\b/i, instead: 'write "available"' },
  { pattern: /\btime-outs?\b/i, instead: 'write "timeout"', source: true },
  { pattern: /\bnative (module|addon|extension)s?\b/i, instead: 'the glossary says "addon"' },
  { pattern: /\bnative side\b/i, instead: 'the glossary says "engine"' },
  { pattern: /\b(event listener|callback handler)s?\b/i, instead: 'the glossary says "handler"' },
  { pattern: /\bremote (end|side|party)\b/i, instead: 'the glossary says "peer"' },
  { pattern: /\bback-?ends?\b/i, instead: 'the glossary says "driver" or "engine"' },
];

/** Reports each match of the patterns in text, which neither code nor HTML is. */
const inText = (patterns) => (context) => ({
  [context.Syntax.Str](node) {
    for (const { pattern, instead } of patterns) {
      const found = pattern.exec(node.value);
      if (!found) continue;
      const message = `${instead}: ${found[0].trim()}`;
      context.report(node, new context.RuleError(message, { index: found.index }));
    }
  },
});

const RULE_NUMBER = [
  {
    pattern: /\b[KF]\d{1,2}\b/,
    instead: 'a rule has no number outside of CONTRIBUTING.md and tests',
  },
];

/** The text of a paragraph in one piece, each code span as one word. */
function textOf(node) {
  if (node.type === 'Code') return 'code';
  if (node.type === 'Break') return ' ';
  if (node.children) return node.children.map(textOf).join('');
  return node.type === 'Str' ? node.value : '';
}

/** Sentences end with a mark and white space; names such as ferripc begin some, so the next letter does not matter. */
const sentencesOf = (text) =>
  text.replace(/\s+/g, ' ').split(/(?<=[.!?][")]*)(?<!\b(?:e\.g|i\.e)\.) /);
const wordsOf = (sentence) => sentence.split(' ').filter((word) => /\w/.test(word));

const sentenceLength = (context) => ({
  [context.Syntax.Paragraph](node) {
    const [first] = node.children;
    if (first.type === 'Code' && NAMES_TESTS.test(first.value)) return;
    for (const sentence of sentencesOf(textOf(node))) {
      const { length } = wordsOf(sentence);
      if (length <= MAX_WORDS) continue;
      const begin = sentence.split(' ').slice(0, 6).join(' ');
      const message = `a sentence of ${length} words, more than ${MAX_WORDS}: "${begin} …"`;
      context.report(node, new context.RuleError(message));
    }
  },
});

module.exports = {
  textlint: {
    wording: inText(WORDING),
    'rule-number': inText(RULE_NUMBER),
    'sentence-length': sentenceLength,
  },
  inSources: WORDING.filter(({ source }) => source),
};
