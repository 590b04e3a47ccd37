// sucrase 3.35.1. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc');

 const read = () => ({ ipc: _nodeipc.default, GuardedParser: _nodeipc.GuardedParser, RemoteError: _nodeipc.RemoteError }); exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc');

 const read = () => ({ ipc: _nodeipc.default, IPC: _nodeipc.IPC, IPCModule: _nodeipc.IPCModule }); exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc'); var all = _nodeipc;

 const read = () => {
  const { IPC, IPCModule, server } = all;
  return { ipc: _nodeipc.default, IPC, IPCModule, server };
}; exports.read = read;

};

exports['default'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc');

 const read = () => ({ ipc: _nodeipc.default }); exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); const load = () => Promise.resolve().then(() => require('node-ipc')); exports.load = load;

};

exports['members'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc');

 const read = () => ({ config: _nodeipc.config, connectTo: _nodeipc.connectTo, of: _nodeipc.of, serve: _nodeipc.serve, server: _nodeipc.server }); exports.read = read;

};

exports['named'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc');

 const read = () => ({ IPC: _nodeipc.IPC, IPCModule: _nodeipc.IPCModule }); exports.read = read;

};

exports['namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc'); var all = _nodeipc;

 const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all;
  return { ipc: all.default, IPC, IPCModule, config, connectTo, of, serve, server };
}; exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _parsers = require('node-ipc/parsers'); var all = _parsers;

 const read = () => ({ Parser: all.default, GuardedParser: all.GuardedParser }); exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _parsers = require('node-ipc/parsers');

 const read = () => ({ Parser: _parsers.default, GuardedParser: _parsers.GuardedParser }); exports.read = read;

};

exports['re-export-all'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createStarExport(obj) { Object.keys(obj) .filter((key) => key !== "default" && key !== "__esModule") .forEach((key) => { if (exports.hasOwnProperty(key)) { return; } Object.defineProperty(exports, key, {enumerable: true, configurable: true, get: () => obj[key]}); }); }var _nodeipc = require('node-ipc'); _createStarExport(_nodeipc);

};

exports['re-export-default'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createNamedExportFrom(obj, localName, importedName) { Object.defineProperty(exports, localName, {enumerable: true, configurable: true, get: () => obj[importedName]}); }var _nodeipc = require('node-ipc'); _createNamedExportFrom(_nodeipc, 'default', 'default');

};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true});var _nodeipc = require('node-ipc'); exports.all = _nodeipc;

};

exports['re-export'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createNamedExportFrom(obj, localName, importedName) { Object.defineProperty(exports, localName, {enumerable: true, configurable: true, get: () => obj[importedName]}); }var _nodeipc = require('node-ipc'); _createNamedExportFrom(_nodeipc, 'ipc', 'default'); _createNamedExportFrom(_nodeipc, 'IPC', 'IPC'); _createNamedExportFrom(_nodeipc, 'IPCModule', 'IPCModule');

};
