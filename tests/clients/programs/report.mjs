// What the JavaScript programs share: calls by the names of the client's manual, and one line of JSON for each result.

export class Calls {
  constructor() {
    /** Address of the server, without a path. */
    this.url = process.argv[2];
    this.calls = [];
  }

  /** Register a function that makes a call and throws unless it gives what the client's manual promises. */
  add(name, call) {
    this.calls.push([name, call]);
  }

  /** Make the calls in order, and print a result each; a call that fails does not end the program. */
  async run() {
    for (const [name, call] of this.calls) {
      let detail = "";
      try {
        await call();
      } catch (error) {
        detail = `${error?.name}: ${error?.message}`.slice(0, 600);
      }
      console.log(JSON.stringify({ call: name, passed: !detail, detail }));
    }
    process.exit(0);
  }
}

/** Throw unless a value is as expected. */
export function check(isRight, what) {
  if (!isRight) throw new Error(`not right: ${what}`);
}
