'use strict';
// Patterns for names of messages: `*` stands for any characters, `?` for one. Used by tap-reader.js.

/** Whether `pattern` matches all of `text`. The time grows at most with the product of their lengths. */
function matches(pattern, text) {
  let at = 0;
  let i = 0;
  /** Behind the last `*`, and where the text that it has to stand for begins to be tried. */
  let star = -1;
  let tried = 0;
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = ++at;
      tried = i;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (star !== -1) {
      at = star;
      i = ++tried;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

module.exports = { matches };
