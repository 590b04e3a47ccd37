// sucrase 3.35.1. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireDefault(obj) { return obj && obj.__esModule ? obj : { default: obj }; }var _nodeipc = require('node-ipc'); var _nodeipc2 = _interopRequireDefault(_nodeipc);

 const read = () => ({ ipc: _nodeipc2.default, GuardedParser: _nodeipc.GuardedParser, RemoteError: _nodeipc.RemoteError }); exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireDefault(obj) { return obj && obj.__esModule ? obj : { default: obj }; }var _nodeipc = require('node-ipc'); var _nodeipc2 = _interopRequireDefault(_nodeipc);

 const read = () => ({ ipc: _nodeipc2.default, IPC: _nodeipc.IPC, IPCModule: _nodeipc.IPCModule }); exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireWildcard(obj) { if (obj && obj.__esModule) { return obj; } else { var newObj = {}; if (obj != null) { for (var key in obj) { if (Object.prototype.hasOwnProperty.call(obj, key)) { newObj[key] = obj[key]; } } } newObj.default = obj; return newObj; } }var _nodeipc = require('node-ipc'); var all = _interopRequireWildcard(_nodeipc);

 const read = () => {
  const { IPC, IPCModule, server } = all;
  return { ipc: all.default, IPC, IPCModule, server };
}; exports.read = read;

};

exports['default'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireDefault(obj) { return obj && obj.__esModule ? obj : { default: obj }; }var _nodeipc = require('node-ipc'); var _nodeipc2 = _interopRequireDefault(_nodeipc);

 const read = () => ({ ipc: _nodeipc2.default }); exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireWildcard(obj) { if (obj && obj.__esModule) { return obj; } else { var newObj = {}; if (obj != null) { for (var key in obj) { if (Object.prototype.hasOwnProperty.call(obj, key)) { newObj[key] = obj[key]; } } } newObj.default = obj; return newObj; } } const load = () => Promise.resolve().then(() => _interopRequireWildcard(require('node-ipc'))); exports.load = load;

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
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireWildcard(obj) { if (obj && obj.__esModule) { return obj; } else { var newObj = {}; if (obj != null) { for (var key in obj) { if (Object.prototype.hasOwnProperty.call(obj, key)) { newObj[key] = obj[key]; } } } newObj.default = obj; return newObj; } }var _nodeipc = require('node-ipc'); var all = _interopRequireWildcard(_nodeipc);

 const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all;
  return { ipc: all.default, IPC, IPCModule, config, connectTo, of, serve, server };
}; exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireWildcard(obj) { if (obj && obj.__esModule) { return obj; } else { var newObj = {}; if (obj != null) { for (var key in obj) { if (Object.prototype.hasOwnProperty.call(obj, key)) { newObj[key] = obj[key]; } } } newObj.default = obj; return newObj; } }var _parsers = require('node-ipc/parsers'); var all = _interopRequireWildcard(_parsers);

 const read = () => ({ Parser: all.default, GuardedParser: all.GuardedParser }); exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireDefault(obj) { return obj && obj.__esModule ? obj : { default: obj }; }var _parsers = require('node-ipc/parsers'); var _parsers2 = _interopRequireDefault(_parsers);

 const read = () => ({ Parser: _parsers2.default, GuardedParser: _parsers.GuardedParser }); exports.read = read;

};

exports['re-export-all'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createStarExport(obj) { Object.keys(obj) .filter((key) => key !== "default" && key !== "__esModule") .forEach((key) => { if (exports.hasOwnProperty(key)) { return; } Object.defineProperty(exports, key, {enumerable: true, configurable: true, get: () => obj[key]}); }); }var _nodeipc = require('node-ipc'); _createStarExport(_nodeipc);

};

exports['re-export-default'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createNamedExportFrom(obj, localName, importedName) { Object.defineProperty(exports, localName, {enumerable: true, configurable: true, get: () => obj[importedName]}); }var _nodeipc = require('node-ipc'); _createNamedExportFrom(_nodeipc, 'default', 'default');

};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _interopRequireWildcard(obj) { if (obj && obj.__esModule) { return obj; } else { var newObj = {}; if (obj != null) { for (var key in obj) { if (Object.prototype.hasOwnProperty.call(obj, key)) { newObj[key] = obj[key]; } } } newObj.default = obj; return newObj; } }var _nodeipc = require('node-ipc'); var _nodeipc2 = _interopRequireWildcard(_nodeipc); exports.all = _nodeipc2;

};

exports['re-export'] = function (exports, require, module) {
"use strict";Object.defineProperty(exports, "__esModule", {value: true}); function _createNamedExportFrom(obj, localName, importedName) { Object.defineProperty(exports, localName, {enumerable: true, configurable: true, get: () => obj[importedName]}); }var _nodeipc = require('node-ipc'); _createNamedExportFrom(_nodeipc, 'ipc', 'default'); _createNamedExportFrom(_nodeipc, 'IPC', 'IPC'); _createNamedExportFrom(_nodeipc, 'IPCModule', 'IPCModule');

};
