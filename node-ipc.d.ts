import ferripc = require('./index.js');

export = ferripc;
