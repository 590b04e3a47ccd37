'use strict';
// `ferripc/preload`. In `exports` of package.json, and a file for tools that do not read `exports`.
require('./src/js/preload');
