'use strict';
const fs = require('fs'), http = require('http'), crypto = require('crypto'), zlib = require('zlib');
const { execFileSync } = require('child_process');
const { Worker, isMainThread, parentPort } = require('worker_threads');

function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

if (!isMainThread) {
  parentPort.postMessage(fib(20));
} else {
  const primes = [];
  for (let i = 2; primes.length < 2000; i++)
    if (primes.every(p => p * p > i || i % p)) primes.push(i);
  console.log(fib(24), primes.at(-1), [...'déjà vu'].sort().join(''));
  const m = new Float64Array(2500).map((_, i) => Math.sin(i));
  let s = 0;
  for (let k = 0; k < 40; k++) for (let i = 0; i < 2500; i++) s += m[i] * m[(i * 7 + k) % 2500];
  console.log(s.toFixed(9), JSON.stringify({ a: new Date(0), b: [1n << 70n].map(String) }));
  console.log(crypto.createHash('sha256').update('x').digest('hex').slice(0, 16));
  fs.writeFileSync('js.out', zlib.gunzipSync(zlib.gzipSync('written'.repeat(100))));
  console.log(fs.readFileSync('js.out').length, execFileSync('echo', ['from a child']).toString().trim());
  new Worker(__filename).on('message', n => {
    console.log('worker', n);
    const server = http.createServer((q, r) => r.end(q.url.split('').reverse().join('')));
    server.listen(0, '127.0.0.1', () => http.get({ port: server.address().port, path: '/page' }, r => {
      r.on('data', d => console.log('http', String(d)));
      r.on('end', () => { server.close(); setTimeout(() => process.exit(5), 10); });
    }));
  });
}
