import asyncio, ctypes, hashlib, http.server, mmap, multiprocessing, os, queue, signal, sqlite3
import subprocess, sys, tempfile, threading, time, urllib.request, zlib


def square(x):
    return x * x


def threads():
    q, out = queue.Queue(), []
    def worker():
        while (x := q.get()) is not None:
            out.append(x * x)
    ts = [threading.Thread(target=worker) for _ in range(4)]
    for t in ts:
        t.start()
    for i in range(50):
        q.put(i)
    for _ in ts:
        q.put(None)
    for t in ts:
        t.join()
    print('threads', sum(out))


def processes():
    with multiprocessing.Pool(2) as pool:
        print('pool', sum(pool.map(square, range(20))))
    v = multiprocessing.Value('i', 0)
    def add():
        for _ in range(50):
            with v.get_lock():
                v.value += 1
    ps = [multiprocessing.Process(target=add) for _ in range(3)]
    for p in ps:
        p.start()
    for p in ps:
        p.join()
    print('value', v.value)
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, b'child')
        os._exit(3)
    print(os.read(r, 10), os.waitstatus_to_exitcode(os.wait()[1]))


def files():
    with tempfile.TemporaryFile() as f:
        f.write(b'x' * 10000)
        f.flush()
        with mmap.mmap(f.fileno(), 0) as m:
            m[5000:5005] = b'hello'
            m.flush()
            print('mmap', m.find(b'hello'), len(m))
        f.seek(5000)
        print(f.read(6))
        print('sendfile', os.sendfile(2, f.fileno(), 0, 0))
    db = sqlite3.connect('python.db')
    db.execute('pragma journal_mode=wal')
    db.execute('create table t(a, b)')
    db.executemany('insert into t values(?, ?)', ((i, str(i)) for i in range(500)))
    db.commit()
    print('sqlite', db.execute('select sum(a), max(b) from t').fetchone())
    db.close()
    os.remove('python.db')


def network():
    class handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.path.encode()[::-1]
            self.send_response(200)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *a):
            pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for i in range(3):
        print('http', urllib.request.urlopen(f'http://127.0.0.1:{server.server_port}/page{i}').read())
    server.shutdown()


async def tasks():
    async def one(i):
        await asyncio.sleep(0.01 * (5 - i))
        return i
    print('gather', await asyncio.gather(*(one(i) for i in range(5))))
    p = await asyncio.create_subprocess_exec('tr', 'a-z', 'A-Z', stdin=-1, stdout=-1)
    print('subprocess', await p.communicate(b'through a pipe'))


def signals():
    got = []
    signal.signal(signal.SIGALRM, lambda *a: got.append('alarm'))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    time.sleep(0.1)
    signal.signal(signal.SIGUSR1, lambda *a: got.append('usr1'))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    os.kill(os.getpid(), signal.SIGUSR2)
    got.append(signal.sigwait([signal.SIGUSR2]).name)
    print('signals', got)


def calls():
    lib = ctypes.CDLL(None)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    a = (ctypes.c_int * 6)(5, 3, 9, 1, 7, 2)
    lib.qsort(a, 6, ctypes.sizeof(ctypes.c_int), compare(lambda x, y: x[0] - y[0]))
    print('ctypes', list(a))
    print('hashes', hashlib.sha256(b'x').hexdigest()[:8], hashlib.blake2b(b'x').hexdigest()[:8], zlib.crc32(b'x'))
    print(subprocess.run(['sh', '-c', 'echo $0; kill -9 $$'], capture_output=True).returncode)


if __name__ == '__main__':
    threads()
    processes()
    files()
    network()
    asyncio.run(tasks())
    signals()
    calls()
    sys.exit(6)
