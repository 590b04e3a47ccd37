// rollup 4.68.4. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc: ipc.default, GuardedParser: ipc.GuardedParser, RemoteError: ipc.RemoteError });

exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc: ipc.default, IPC: ipc.IPC, IPCModule: ipc.IPCModule });

exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc');

const read = () => {
  const { IPC, IPCModule, server } = all;
  return { ipc: all.default, IPC, IPCModule, server };
};

exports.read = read;

};

exports['default'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc: ipc.default });

exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
'use strict';

const load = () => Promise.resolve().then(function () { return require('node-ipc'); });

exports.load = load;

};

exports['members'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');

const read = () => ({ config: nodeIpc.config, connectTo: nodeIpc.connectTo, of: nodeIpc.of, serve: nodeIpc.serve, server: nodeIpc.server });

exports.read = read;

};

exports['named'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');

const read = () => ({ IPC: nodeIpc.IPC, IPCModule: nodeIpc.IPCModule });

exports.read = read;

};

exports['namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc');

const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all;
  return { ipc: all.default, IPC, IPCModule, config, connectTo, of, serve, server };
};

exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc/parsers');

const read = () => ({ Parser: all.default, GuardedParser: all.GuardedParser });

exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
'use strict';

var Parser = require('node-ipc/parsers');

const read = () => ({ Parser: Parser.default, GuardedParser: Parser.GuardedParser });

exports.read = read;

};

exports['re-export-all'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');



Object.keys(nodeIpc).forEach(function (k) {
	if (k !== 'default' && !Object.prototype.hasOwnProperty.call(exports, k)) Object.defineProperty(exports, k, {
		enumerable: true,
		get: function () { return nodeIpc[k]; }
	});
});

};

exports['re-export-default'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');



module.exports = nodeIpc.default;

};

exports['re-export-namespace'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');



exports.all = nodeIpc;

};

exports['re-export'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');



Object.defineProperty(exports, "IPC", {
	enumerable: true,
	get: function () { return nodeIpc.IPC; }
});
Object.defineProperty(exports, "IPCModule", {
	enumerable: true,
	get: function () { return nodeIpc.IPCModule; }
});
Object.defineProperty(exports, "ipc", {
	enumerable: true,
	get: function () { return nodeIpc.default; }
});

};
