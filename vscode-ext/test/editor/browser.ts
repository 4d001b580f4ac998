// The browser that the editor runs in: the system's Chromium, without a window.
import { chromium, type Browser } from 'playwright-core';

/** Starts it. `CHROMIUM` names another one than Debian's. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}
