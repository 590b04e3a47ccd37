export { default } from 'node-ipc';
