export const load = () => import('node-ipc');
