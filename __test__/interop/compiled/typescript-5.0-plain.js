// typescript-5.0 5.0.4. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc");
const read = () => ({ ipc: node_ipc_1.default, GuardedParser: node_ipc_1.GuardedParser, RemoteError: node_ipc_1.RemoteError });
exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc");
const read = () => ({ ipc: node_ipc_1.default, IPC: node_ipc_1.IPC, IPCModule: node_ipc_1.IPCModule });
exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc"), all = node_ipc_1;
const read = () => {
    const { IPC, IPCModule, server } = all;
    return { ipc: node_ipc_1.default, IPC, IPCModule, server };
};
exports.read = read;

};

exports['default'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc");
const read = () => ({ ipc: node_ipc_1.default });
exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.load = void 0;
const load = () => Promise.resolve().then(() => require('node-ipc'));
exports.load = load;

};

exports['members'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc");
const read = () => ({ config: node_ipc_1.config, connectTo: node_ipc_1.connectTo, of: node_ipc_1.of, serve: node_ipc_1.serve, server: node_ipc_1.server });
exports.read = read;

};

exports['named'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const node_ipc_1 = require("node-ipc");
const read = () => ({ IPC: node_ipc_1.IPC, IPCModule: node_ipc_1.IPCModule });
exports.read = read;

};

exports['namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const all = require("node-ipc");
const read = () => {
    const { IPC, IPCModule, config, connectTo, of, serve, server } = all;
    return { ipc: all.default, IPC, IPCModule, config, connectTo, of, serve, server };
};
exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const all = require("node-ipc/parsers");
const read = () => ({ Parser: all.default, GuardedParser: all.GuardedParser });
exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.read = void 0;
const parsers_1 = require("node-ipc/parsers");
const read = () => ({ Parser: parsers_1.default, GuardedParser: parsers_1.GuardedParser });
exports.read = read;

};

exports['re-export-all'] = function (exports, require, module) {
"use strict";
var __createBinding = (this && this.__createBinding) || (Object.create ? (function(o, m, k, k2) {
    if (k2 === undefined) k2 = k;
    var desc = Object.getOwnPropertyDescriptor(m, k);
    if (!desc || ("get" in desc ? !m.__esModule : desc.writable || desc.configurable)) {
      desc = { enumerable: true, get: function() { return m[k]; } };
    }
    Object.defineProperty(o, k2, desc);
}) : (function(o, m, k, k2) {
    if (k2 === undefined) k2 = k;
    o[k2] = m[k];
}));
var __exportStar = (this && this.__exportStar) || function(m, exports) {
    for (var p in m) if (p !== "default" && !Object.prototype.hasOwnProperty.call(exports, p)) __createBinding(exports, m, p);
};
Object.defineProperty(exports, "__esModule", { value: true });
__exportStar(require("node-ipc"), exports);

};

exports['re-export-default'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = void 0;
var node_ipc_1 = require("node-ipc");
Object.defineProperty(exports, "default", { enumerable: true, get: function () { return node_ipc_1.default; } });

};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.all = void 0;
exports.all = require("node-ipc");

};

exports['re-export'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.IPCModule = exports.IPC = exports.ipc = void 0;
var node_ipc_1 = require("node-ipc");
Object.defineProperty(exports, "ipc", { enumerable: true, get: function () { return node_ipc_1.default; } });
Object.defineProperty(exports, "IPC", { enumerable: true, get: function () { return node_ipc_1.IPC; } });
Object.defineProperty(exports, "IPCModule", { enumerable: true, get: function () { return node_ipc_1.IPCModule; } });

};
