'use strict';
// `ferripc/pixivutil2`: the controller of PixivUtil2, and its agent.

require('../core'); // first: before there can be fakes
const Agent = require('./agent');
const Controller = require('./controller');
const { parseIpcOption } = require('./option');
const { DownloadResult } = require('./results');

module.exports = { Agent, Controller, DownloadResult, parseIpcOption };
