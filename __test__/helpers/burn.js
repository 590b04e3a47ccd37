'use strict';

/** Keeps the thread busy for so many ms. */
function burn(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

module.exports = { burn };
