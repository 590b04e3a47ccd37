import ferripc = require('../index.js');

/** A new set of settings, all at their defaults. */
declare const Defaults: Defaults.Constructor;
type Defaults = ferripc.Config;

declare namespace Defaults {
  interface Constructor {
    new (): Defaults;
    readonly prototype: Defaults;
  }
}

export = Defaults;
