// rollup 4.68.4. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc, GuardedParser: ipc.GuardedParser, RemoteError: ipc.RemoteError });

exports.read = read;

};

exports['default-and-named'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc, IPC: ipc.IPC, IPCModule: ipc.IPCModule });

exports.read = read;

};

exports['default-and-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc');

function _interopNamespaceDefault(e) {
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

var all__namespace = /*#__PURE__*/_interopNamespaceDefault(all);

const read = () => {
  const { IPC, IPCModule, server } = all__namespace;
  return { ipc: all, IPC, IPCModule, server };
};

exports.read = read;

};

exports['default'] = function (exports, require, module) {
'use strict';

var ipc = require('node-ipc');

const read = () => ({ ipc });

exports.read = read;

};

exports['dynamic'] = function (exports, require, module) {
'use strict';

function _interopNamespaceDefault(e) {
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

const load = () => Promise.resolve().then(function () { return /*#__PURE__*/_interopNamespaceDefault(require('node-ipc')); });

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

function _interopNamespaceDefault(e) {
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

var all__namespace = /*#__PURE__*/_interopNamespaceDefault(all);

const read = () => {
  const { IPC, IPCModule, config, connectTo, of, serve, server } = all__namespace;
  return { ipc: all__namespace.default, IPC, IPCModule, config, connectTo, of, serve, server };
};

exports.read = read;

};

exports['parsers-namespace'] = function (exports, require, module) {
'use strict';

var all = require('node-ipc/parsers');

function _interopNamespaceDefault(e) {
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

var all__namespace = /*#__PURE__*/_interopNamespaceDefault(all);

const read = () => ({ Parser: all__namespace.default, GuardedParser: all__namespace.GuardedParser });

exports.read = read;

};

exports['parsers'] = function (exports, require, module) {
'use strict';

var Parser = require('node-ipc/parsers');

const read = () => ({ Parser, GuardedParser: Parser.GuardedParser });

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



module.exports = nodeIpc;

};

exports['re-export-namespace'] = function (exports, require, module) {
'use strict';

var nodeIpc = require('node-ipc');

function _interopNamespaceDefault(e) {
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

var nodeIpc__namespace = /*#__PURE__*/_interopNamespaceDefault(nodeIpc);



exports.all = nodeIpc__namespace;

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
exports.ipc = nodeIpc;

};
