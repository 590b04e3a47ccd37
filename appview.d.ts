// `ferripc/appview`, for tools that do not read `exports` of package.json.
export * from './src/js/appview/index';
