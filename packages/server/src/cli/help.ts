const general = `rollcall: the realtime server for TypeScript

  rollcall serve app.ts        serve the app that a file exports
  rollcall join room:lobby     be in a channel from the terminal

  rollcall help <command>      all options of a command
  rollcall --version`

const serve = `rollcall serve <file> [--port 8210] [--host 127.0.0.1] [--workers auto]

Imports a file of TypeScript or JavaScript whose default export, or export named
"app", is what rollcall(…) answered, and listens.

  --port <number>   default: PORT of the environment, else 8210; 0 takes a free one
  --host <address>  default: HOST of the environment, else 127.0.0.1, this machine
                    alone; 0.0.0.0 for all
  --workers <n>     serve with that many processes on one port, which share everything;
                    auto is one for each core. Default: one, without another over it
  --log <file>      keep history in the log that a file exports, as its default or as
                    "log"; workers share it. Default: the app's own, else memory

Ctrl-C or SIGTERM tells clients to come back, and ends; a second one does not wait.
With workers, SIGHUP replaces them one by one, to take up a new version of the file.`

const join = `rollcall join <topic> [--url http://localhost:8210] [--name Tyr]

Shows who is here, who comes and goes, and the messages. Lines that you type are
sent. Comes back by itself when the connection is lost. Ctrl-C leaves.

  --url <url>       default http://localhost:8210
  --name <name>     be seen under this name; without it you are here unseen
  --user <id>       who you are, for the server's authenticate
  --token <token>   the proof of it; better kept in ROLLCALL_TOKEN of the environment
  --input <json>    what the channel wants to be told on joining, such as an invitation
  --event <name>    the event to send and to show; default message
  --last <number>   begin with that many older messages; default 10 at a terminal, else 0
  --stay            do not leave when the input ends
  --json            one JSON object a line, for programs

With a pipe, each line is sent and the command ends when all are accepted:

  echo hi | rollcall join room:lobby --name Tyr`

const texts: Readonly<Record<string, string>> = { serve, join }

/** What to tell of a command, or of all. */
export function helpOf(command: string | undefined): string {
  return (command !== undefined && Object.hasOwn(texts, command) && texts[command]) || general
}
