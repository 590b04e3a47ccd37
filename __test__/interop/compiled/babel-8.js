// @babel/core 8.1.3. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.read = void 0;
var _nodeIpc = _interopRequireWildcard(require("node-ipc"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _nodeIpc = _interopRequireWildcard(require("node-ipc"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _nodeIpc = _interopRequireWildcard(require("node-ipc"));
var all = _nodeIpc;
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _nodeIpc = _interopRequireDefault(require("node-ipc"));
function _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }
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
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
const load = () => Promise.resolve().then(() => _interopRequireWildcard(require('node-ipc')));
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
var all = _interopRequireWildcard(require("node-ipc"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var all = _interopRequireWildcard(require("node-ipc/parsers"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _parsers = _interopRequireWildcard(require("node-ipc/parsers"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _nodeIpc = _interopRequireDefault(require("node-ipc"));
function _interopRequireDefault(e) { return e && e.__esModule ? e : { default: e }; }
};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";

Object.defineProperty(exports, "__esModule", {
  value: true
});
exports.all = void 0;
var _all = _interopRequireWildcard(require("node-ipc"));
exports.all = _all;
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
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
var _nodeIpc = _interopRequireWildcard(require("node-ipc"));
var e;
function _interopRequireWildcard(t, r) { if (!r && t && t.__esModule) return t; var n, a, o = Object.defineProperty, f = { __proto__: null, default: t }; if (Object(t) !== t) return f; if (e || "function" != typeof WeakMap || (e = new WeakMap()), e) { if (e.has(t)) return e.get(t); e.set(t, f); } for (a in t) "default" !== a && {}.hasOwnProperty.call(t, a) && ((n = o && Object.getOwnPropertyDescriptor(t, a)) && (n.get || n.set) ? o(f, a, n) : f[a] = t[a]); return f; }
};
