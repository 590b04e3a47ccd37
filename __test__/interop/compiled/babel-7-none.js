// @babel/core 7.29.13. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
const read = () => ({
  ipc: _nodeIpc.default,
  GuardedParser: _nodeIpc.GuardedParser,
  RemoteError: _nodeIpc.RemoteError
});
exports.read = read;
};

exports['default-and-named'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
const read = () => ({
  ipc: _nodeIpc.default,
  IPC: _nodeIpc.IPC,
  IPCModule: _nodeIpc.IPCModule
});
exports.read = read;
};

exports['default-and-namespace'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
var all = _nodeIpc;
const read = () => {
  const {
    IPC,
    IPCModule,
    server
  } = all;
  return {
    ipc: _nodeIpc.default,
    IPC,
    IPCModule,
    server
  };
};
exports.read = read;
};

exports['default'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
const read = () => ({
  ipc: _nodeIpc.default
});
exports.read = read;
};

exports['dynamic'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.load = void 0;
const load = () => Promise.resolve().then(() => require('node-ipc'));
exports.load = load;
};

exports['members'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
const read = () => ({
  config: _nodeIpc.config,
  connectTo: _nodeIpc.connectTo,
  of: _nodeIpc.of,
  serve: _nodeIpc.serve,
  server: _nodeIpc.server
});
exports.read = read;
};

exports['named'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = require("node-ipc");
const read = () => ({
  IPC: _nodeIpc.IPC,
  IPCModule: _nodeIpc.IPCModule
});
exports.read = read;
};

exports['namespace'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var all = require("node-ipc");
const read = () => {
  const {
    IPC,
    IPCModule,
    config,
    connectTo,
    of,
    serve,
    server
  } = all;
  return {
    ipc: all.default,
    IPC,
    IPCModule,
    config,
    connectTo,
    of,
    serve,
    server
  };
};
exports.read = read;
};

exports['parsers-namespace'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var all = require("node-ipc/parsers");
const read = () => ({
  Parser: all.default,
  GuardedParser: all.GuardedParser
});
exports.read = read;
};

exports['parsers'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _parsers = require("node-ipc/parsers");
const read = () => ({
  Parser: _parsers.default,
  GuardedParser: _parsers.GuardedParser
});
exports.read = read;
};

exports['re-export-all'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
var _nodeIpc = require("node-ipc");
Object.keys(_nodeIpc).forEach(function (key) {
  if (key === "default" || key === "__esModule") return;
  if (key in exports && exports[key] === _nodeIpc[key]) return;
  Object.defineProperty(exports, key, {
    enumerable: true,
    get: function () {
      return _nodeIpc[key];
    }
  });
});
};

exports['re-export-default'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
Object.defineProperty(exports, "default", {
  enumerable: true,
  get: function () {
    return _nodeIpc.default;
  }
});
var _nodeIpc = require("node-ipc");
};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.all = void 0;
var _all = require("node-ipc");
exports.all = _all;
};

exports['re-export'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
Object.defineProperty(exports, "IPC", {
  enumerable: true,
  get: function () {
    return _nodeIpc.IPC;
  }
});
Object.defineProperty(exports, "IPCModule", {
  enumerable: true,
  get: function () {
    return _nodeIpc.IPCModule;
  }
});
Object.defineProperty(exports, "ipc", {
  enumerable: true,
  get: function () {
    return _nodeIpc.default;
  }
});
var _nodeIpc = require("node-ipc");
};
