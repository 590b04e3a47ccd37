// `ferripc/scale`, for tools that do not read `exports` of package.json.
export * from './src/js/scale/index';
