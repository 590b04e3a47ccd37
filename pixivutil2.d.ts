// `ferripc/pixivutil2`, for tools that do not read `exports` of package.json.
export * from './src/js/pixivutil2/index';
