// A debug session of a test: DebugClient, which is a client that others wrote, with
// what the tests ask of it again and again.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { adapterBinary } from '../support/paths';
import type { Program } from '../support/programs';

/** When a test that waits for a message fails, in milliseconds. */
const deadline = 60_000;

/** What a stopped event of ours has beyond the protocol. */
export interface Stop {
  readonly reason: string;
  readonly description?: string;
  readonly text?: string;
  readonly threadId: number;
  readonly revexec: {
    readonly icount: number;
    readonly frontier: number;
    readonly thread: number;
    readonly back?: boolean;
    readonly watch?: { readonly expr: string; readonly old: string; readonly new?: string; readonly icount: number };
    readonly exit?: { readonly code: number };
  };
}

/** A program that is being debugged. */
export class Debuggee {
  /** Events that nobody has waited for yet, by name. */
  private readonly arrived = new Map<string, DebugProtocol.Event[]>();
  private readonly waiting = new Map<string, ((event: DebugProtocol.Event) => void)[]>();
  /** What the program has written so far, by category. */
  readonly output = { stdout: '', stderr: '', console: '' };
  private thread = 0;
  private closed = false;

  private constructor(readonly client: DebugClient) {
    for (const name of ['initialized', 'stopped', 'exited', 'terminated', 'breakpoint', 'progressStart', 'progressEnd', 'revexec/timelineChanged']) {
      client.on(name, (event: DebugProtocol.Event) => {
        const waiter = this.waiting.get(name)?.shift();
        if (waiter) {
          waiter(event);
        } else {
          this.arrived.set(name, [...(this.arrived.get(name) ?? []), event]);
        }
      });
    }
    client.on('output', (event: DebugProtocol.OutputEvent) => {
      const category = event.body.category ?? 'console';
      if (category === 'stdout' || category === 'stderr' || category === 'console') {
        this.output[category] += event.body.output;
      }
    });
  }

  /** Starts an adapter of its own, on stdio. */
  static async overStdio(t: TestContext): Promise<Debuggee> {
    return Debuggee.start(t, undefined);
  }

  /** Connects to a server on TCP. */
  static async overTcp(t: TestContext, server: Server): Promise<Debuggee> {
    return Debuggee.start(t, server.port);
  }

  private static async start(t: TestContext, port: number | undefined): Promise<Debuggee> {
    const client = new DebugClient(adapterBinary(), 'serve', 'revexec', undefined, true);
    client.defaultTimeout = deadline;
    await client.start(port);
    const debuggee = new Debuggee(client);
    t.after(() => debuggee.close());
    return debuggee;
  }

  /** Goes away without a word, as a client that crashes does. Over TCP only. */
  drop(): void {
    this.closed = true;
    // DebugClient can't be asked for that.
    (Reflect.get(this.client, '_socket') as Socket).destroy();
  }

  /** Ends the session and its adapter. A second time it does nothing: DebugClient would wait for ever. */
  async close(): Promise<void> {
    if (!this.closed) {
      this.closed = true;
      await this.client.stop();
    }
  }

  /** Initializes the session and launches a program, up to where breakpoints are set. */
  async launch(program: Program, more: object = {}): Promise<DebugProtocol.Capabilities> {
    const response = await this.initialize();
    await this.client.launchRequest({ program: program.path, cwd: program.dir, ...more } as DebugProtocol.LaunchRequestArguments);
    await this.event('initialized');
    return response;
  }

  /** Launches a program and runs it to the start of main. */
  async start(program: Program, more: object = {}): Promise<Stop> {
    await this.launch(program, { stopOnEntry: true, ...more });
    await this.client.configurationDoneRequest();
    return this.stopped('entry');
  }

  async initialize(): Promise<DebugProtocol.Capabilities> {
    const response = await this.client.initializeRequest({
      clientID: 'test', adapterID: 'revexec', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path',
      supportsProgressReporting: true, supportsVariableType: true, supportsMemoryReferences: true,
    });
    assert.ok(response.body);
    return response.body;
  }

  /** Waits for an event; each is given out once. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what the event's body is said to be
  async event<T = unknown>(name: string): Promise<{ readonly body: T }> {
    const queue = this.arrived.get(name) ?? [];
    const first = queue.shift();
    if (first) {
      return first as { body: T };
    }
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => { reject(new Error(`no event ${name} within ${deadline.toString()} ms`)); }, deadline);
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), (event) => {
        clearTimeout(late);
        resolve(event as { body: T });
      }]);
    });
  }

  /** Checks that an event has not come. Only for what would have come before what was awaited already. */
  none(name: string): void {
    assert.deepEqual(this.arrived.get(name) ?? [], [], `unexpected event ${name}`);
  }

  /** Waits for a stop for a certain reason. */
  async stopped(reason: string): Promise<Stop> {
    const stop = (await this.event<Stop>('stopped')).body;
    assert.equal(stop.reason, reason, `stopped: ${JSON.stringify(stop)}`);
    this.thread = stop.threadId;
    return stop;
  }

  /** Sends a motion request and waits for its stop. */
  async move(command: string, reason = 'step', more: object = {}): Promise<Stop> {
    await this.client.customRequest(command, { threadId: this.thread, ...more });
    return this.stopped(reason);
  }

  /** Lets the program run on, and does not wait for a stop. */
  async run(): Promise<void> {
    await this.client.continueRequest({ threadId: this.thread });
  }

  /** Sends a request and returns the response's body. */
  async ask<T>(command: string, args: object = {}): Promise<T> {
    const response = await this.client.customRequest(command, args);
    return response.body as T;
  }

  /** Sends a request that is expected to fail with a message. */
  async refused(command: string, args: object, message: RegExp): Promise<void> {
    await assert.rejects(this.client.customRequest(command, args), message);
  }

  async frames(): Promise<DebugProtocol.StackFrame[]> {
    return (await this.client.stackTraceRequest({ threadId: this.thread })).body.stackFrames;
  }

  /** The line at which the program is. */
  async line(): Promise<number> {
    const [top] = await this.frames();
    assert.ok(top);
    return top.line;
  }

  /** The value of an expression in the innermost frame. */
  async value(expression: string): Promise<string> {
    const [top] = await this.frames();
    assert.ok(top);
    return (await this.client.evaluateRequest({ expression, frameId: top.id, context: 'watch' })).body.result;
  }

  /** Types a line into the debug console. */
  async console(line: string): Promise<string> {
    return (await this.client.evaluateRequest({ expression: line, context: 'repl' })).body.result;
  }

  /** Sets the breakpoints of a program's source, on marked lines, and checks that they lie there. */
  async breakAt(program: Program, ...markers: (string | [marker: string, more: object])[]): Promise<void> {
    const wanted = markers.map((m) => (typeof m === 'string' ? { line: program.line(m) } : { line: program.line(m[0]), ...m[1] }));
    const response = await this.client.setBreakpointsRequest({ source: { path: program.source }, breakpoints: wanted });
    assert.deepEqual(
      response.body.breakpoints.map((b) => ({ verified: b.verified, line: b.line })),
      wanted.map((b) => ({ verified: true, line: b.line })),
    );
  }

  /** Sets one data breakpoint on what an expression stands for. */
  async watch(expression: string, more: object = {}): Promise<void> {
    const info = (await this.client.dataBreakpointInfoRequest({ name: expression })).body;
    assert.ok(info.dataId, info.description);
    const set = await this.client.setDataBreakpointsRequest({ breakpoints: [{ dataId: info.dataId, accessType: 'write', ...more }] });
    assert.equal(set.body.breakpoints[0]?.verified, true);
  }
}

/** An adapter that serves on TCP. */
export class Server {
  private constructor(private readonly process: ChildProcess, readonly port: number) {}

  /** Starts one on a port of its choice; the line that it prints names it. */
  static async listen(): Promise<Server> {
    const child = spawn(adapterBinary(), ['serve', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('exit', () => { reject(new Error('the server ended before it listened')); });
    });
    const port = /^DAP server listening at: 127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
    assert.ok(port, `the server says: ${line}`);
    return new Server(child, Number(port));
  }

  /** Ends it, and returns its exit code. */
  async close(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    return ended;
  }
}
