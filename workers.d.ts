// `ferripc/workers`, for tools that do not read `exports` of package.json.
export * from './src/js/ipc2/index';
