'use strict';
// The path of a program that an example needs beside ferripc, or an end with the line that says how to get it. Used by
// examples/typescript and examples/jest.

/** `name`: its usual name; `file`: its file in the package. */
function tool(name, file) {
  try {
    return require.resolve(file);
  } catch {
    console.error(`This example needs ${name}: run \`npm ci --ignore-scripts\` first.`);
    return process.exit(1);
  }
}

module.exports = tool;
