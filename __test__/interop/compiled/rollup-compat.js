// rollup 4.68.4. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var ipc__default = /*#__PURE__*/_interopDefaultCompat(ipc);

const read = () => ({ ipc: ipc__default.default, GuardedParser: ipc.GuardedParser, RemoteError: ipc.RemoteError });

exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var ipc__default = /*#__PURE__*/_interopDefaultCompat(ipc);

const read = () => ({ ipc: ipc__default.default, IPC: ipc.IPC, IPCModule: ipc.IPCModule });

exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc');

function _interopNamespaceCompat(e) {
  if (e && typeof e === 'object' && 'default' in e) return e;
  var n = Object.create(null);
  if (e) {
    Object.keys(e).forEach(function (k) {
      if (k !== 'default') {
        var d = Object.getOwnPropertyDescriptor(e, k);
        Object.defineProperty(n, k, d.get ? d : {
          enumerable: true,
          get: function () { return e[k]; }
        });
      }
    });
  }
  n.default = e;
  return Object.freeze(n);
}

var all__namespace = /*#__PURE__*/_interopNamespaceCompat(all);

const read = () => {
  const { IPC, IPCModule, server } = all__namespace;
  return { ipc: all__namespace.default, IPC, IPCModule, server };
};

exports.read = read;

};

exports['default'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var ipc__default = /*#__PURE__*/_interopDefaultCompat(ipc);

const read = () => ({ ipc: ipc__default.default });

exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
'use strict';

function _interopNamespaceCompat(e) {
	if (e && typeof e === 'object' && 'default' in e) return e;
	var n = Object.create(null);
	if (e) {
		Object.keys(e).forEach(function (k) {
			if (k !== 'default') {
				var d = Object.getOwnPropertyDescriptor(e, k);
				Object.defineProperty(n, k, d.get ? d : {
					enumerable: true,
					get: function () { return e[k]; }
				});
			}
		});
	}
	n.default = e;
	return Object.freeze(n);
}

const load = () => Promise.resolve().then(function () { return /*#__PURE__*/_interopNamespaceCompat(require('node-ipc')); });

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

function _interopNamespaceCompat(e) {
  if (e && typeof e === 'object' && 'default' in e) return e;
  var n = Object.create(null);
  if (e) {
    Object.keys(e).forEach(function (k) {
      if (k !== 'default') {
        var d = Object.getOwnPropertyDescriptor(e, k);
        Object.defineProperty(n, k, d.get ? d : {
          enumerable: true,
          get: function () { return e[k]; }
        });
      }
    });
  }
  n.default = e;
  return Object.freeze(n);
}

var all__namespace = /*#__PURE__*/_interopNamespaceCompat(all);

const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all__namespace;
  return { ipc: all__namespace.default, IPC, IPCModule, config, connectTo, of, serve, server };
};

exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc/parsers');

function _interopNamespaceCompat(e) {
	if (e && typeof e === 'object' && 'default' in e) return e;
	var n = Object.create(null);
	if (e) {
		Object.keys(e).forEach(function (k) {
			if (k !== 'default') {
				var d = Object.getOwnPropertyDescriptor(e, k);
				Object.defineProperty(n, k, d.get ? d : {
					enumerable: true,
					get: function () { return e[k]; }
				});
			}
		});
	}
	n.default = e;
	return Object.freeze(n);
}

var all__namespace = /*#__PURE__*/_interopNamespaceCompat(all);

const read = () => ({ Parser: all__namespace.default, GuardedParser: all__namespace.GuardedParser });

exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
'use strict';

var Parser = require('node-ipc/parsers');

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var Parser__default = /*#__PURE__*/_interopDefaultCompat(Parser);

const read = () => ({ Parser: Parser__default.default, GuardedParser: Parser.GuardedParser });

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

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var nodeIpc__default = /*#__PURE__*/_interopDefaultCompat(nodeIpc);



module.exports = nodeIpc__default.default;

};

exports['re-export-namespace'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');

function _interopNamespaceCompat(e) {
	if (e && typeof e === 'object' && 'default' in e) return e;
	var n = Object.create(null);
	if (e) {
		Object.keys(e).forEach(function (k) {
			if (k !== 'default') {
				var d = Object.getOwnPropertyDescriptor(e, k);
				Object.defineProperty(n, k, d.get ? d : {
					enumerable: true,
					get: function () { return e[k]; }
				});
			}
		});
	}
	n.default = e;
	return Object.freeze(n);
}

var nodeIpc__namespace = /*#__PURE__*/_interopNamespaceCompat(nodeIpc);



exports.all = nodeIpc__namespace;

};

exports['re-export'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');

function _interopDefaultCompat (e) { return e && typeof e === 'object' && 'default' in e ? e : { default: e }; }

var nodeIpc__default = /*#__PURE__*/_interopDefaultCompat(nodeIpc);



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
	get: function () { return nodeIpc__default.default; }
});

};
