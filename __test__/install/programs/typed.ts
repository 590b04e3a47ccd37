// node typed.js PLACE: a TypeScript program with event maps.
import ipc, { IPC, type Client } from 'ferripc';

interface Questions {
  hello: string;
}
interface Answers {
  answer: string;
}

const [place] = process.argv.slice(2) as [string];
const asking = new IPC<Answers, Questions>();
Object.assign(ipc.config, { id: 'world', silent: true });
asking.config.silent = true;

ipc.serve(place, () => {
  ipc.server.on('hello', (name: string, socket) => {
    ipc.server.emit(socket, 'answer', `hello ${name}`);
  });
  asking.connectTo('world', place, () => {
    const world: Client<Answers, Questions> = asking.of['world']!;
    world.emit('hello', 'world');
    // @ts-expect-error: a question is a string
    if (false as boolean) world.emit('hello', 1);
    world.on('answer', (text) => {
      console.log(text.trim());
      asking.disconnect('world');
      void ipc.server.stop({ disconnect: true });
    });
  });
});
void ipc.server.start();
