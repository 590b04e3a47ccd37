// @swc/core 1.16.22. Made by ../make.mjs: not to be edited.

exports['default-and-more'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>({
        ipc: _nodeipc.default,
        GuardedParser: _nodeipc.GuardedParser,
        RemoteError: _nodeipc.RemoteError
    });

};

exports['default-and-named'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>({
        ipc: _nodeipc.default,
        IPC: _nodeipc.IPC,
        IPCModule: _nodeipc.IPCModule
    });

};

exports['default-and-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>{
    const { IPC, IPCModule, server } = _nodeipc;
    return {
        ipc: _nodeipc.default,
        IPC,
        IPCModule,
        server
    };
};

};

exports['default'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>({
        ipc: _nodeipc.default
    });

};

exports['dynamic'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "load", {
    enumerable: true,
    get: function() {
        return load;
    }
});
const load = ()=>Promise.resolve().then(()=>require("node-ipc"));

};

exports['members'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>({
        config: _nodeipc.config,
        connectTo: _nodeipc.connectTo,
        of: _nodeipc.of,
        serve: _nodeipc.serve,
        server: _nodeipc.server
    });

};

exports['named'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>({
        IPC: _nodeipc.IPC,
        IPCModule: _nodeipc.IPCModule
    });

};

exports['namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _nodeipc = require("node-ipc");
const read = ()=>{
    const { IPC, IPCModule, config, connectTo, of, serve, server } = _nodeipc;
    return {
        ipc: _nodeipc.default,
        IPC,
        IPCModule,
        config,
        connectTo,
        of,
        serve,
        server
    };
};

};

exports['parsers-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _parsers = require("node-ipc/parsers");
const read = ()=>({
        Parser: _parsers.default,
        GuardedParser: _parsers.GuardedParser
    });

};

exports['parsers'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "read", {
    enumerable: true,
    get: function() {
        return read;
    }
});
const _parsers = require("node-ipc/parsers");
const read = ()=>({
        Parser: _parsers.default,
        GuardedParser: _parsers.GuardedParser
    });

};

exports['re-export-all'] = function (exports, require, module) {
"use strict";
_export_star(require("node-ipc"), exports);
function _export_star(from, to) {
    Object.keys(from).forEach(function(k) {
        if (k !== "default" && !Object.prototype.hasOwnProperty.call(to, k)) {
            Object.defineProperty(to, k, {
                enumerable: true,
                get: function() {
                    return from[k];
                }
            });
        }
    });
    return from;
}

};

exports['re-export-default'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "default", {
    enumerable: true,
    get: function() {
        return _nodeipc.default;
    }
});
const _nodeipc = require("node-ipc");

};

exports['re-export-namespace'] = function (exports, require, module) {
"use strict";
Object.defineProperty(exports, "all", {
    enumerable: true,
    get: function() {
        return _nodeipc;
    }
});
const _nodeipc = require("node-ipc");

};

exports['re-export'] = function (exports, require, module) {
"use strict";
function _export(target, all) {
    for(var name in all)Object.defineProperty(target, name, {
        enumerable: true,
        get: Object.getOwnPropertyDescriptor(all, name).get
    });
}
_export(exports, {
    get IPC () {
        return _nodeipc.IPC;
    },
    get IPCModule () {
        return _nodeipc.IPCModule;
    },
    get ipc () {
        return _nodeipc.default;
    }
});
const _nodeipc = require("node-ipc");

};
