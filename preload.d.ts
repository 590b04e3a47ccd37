/**
 * Loads all that a program may need of ferripc, and its binary, at once: for a program that gives up its rights or its
 * file system before it makes its first server or client. It has no exports.
 *
 * @see docs/installing.md
 */
export {};
