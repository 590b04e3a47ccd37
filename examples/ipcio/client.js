'use strict';
// Waits until the other client is there. Bob then asks the server for a sum, and alice for an answer.

const { Client } = require('ferripc/ipcio');

const name = process.argv[2];

const client = new Client(
  { name, domain: 'example', socketRoot: process.env.EXAMPLE_SOCKET_ROOT, reconnectDelay: 100 },
  {
    async ready({ data: [first, second] }) {
      if (name !== second) return;
      console.log('2 + 3 =', await client.deliver('sum', [2, 3]));
      console.log(`${first} answers: ${await client.deliver(first, 'hello', name)}`);
      client.disconnect();
    },
    hello({ data }) {
      console.log(`${data} says hello`);
      return `hello ${data}`;
    },
    goodbye({ data }) {
      console.log(`${data} has left`);
      client.disconnect();
    },
  },
);

client.connect(); // the server may start later
