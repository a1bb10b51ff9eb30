// Opens reports in a headless Chromium, over its debugging pipe:
//   node browser_test.mjs MOAT SYNTHETIC_RECORDS RECORDS [SCREENSHOT_FOLDER]
// Exit codes: 0 passed, 1 failed, 77 no Chromium (skipped).
import {spawn, execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, mkdirSync, rmSync, writeFileSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const [moat, synthetic, records, shots] = process.argv.slice(2);
const chromium = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']
    .find(name => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0);
if (!chromium) {
  console.log('skipped: no Chromium found (Debian: chromium-headless-shell)');
  process.exit(77);
}
const folder = mkdtempSync(join(tmpdir(), 'moat-report-'));
let failures = 0;
const check = (what, ok, detail = '') => {
  if (!ok) failures += 1;
  console.log(`${ok ? 'ok' : 'FAILED'}: ${what} ${ok ? '' : detail}`);
};

const browser = spawn(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe',
  `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
let next = 1, buffer = '';
const waiting = new Map(), events = [];
browser.stdio[4].on('data', bytes => {
  buffer += bytes;
  for (let end; (end = buffer.indexOf('\0')) >= 0; buffer = buffer.slice(end + 1)) {
    const message = JSON.parse(buffer.slice(0, end));
    if (message.id) { waiting.get(message.id)(message); waiting.delete(message.id); } else events.push(message);
  }
});
const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
  const id = next++;
  waiting.set(id, m => m.error ? reject(new Error(`${method}: ${m.error.message}`)) : resolve(m.result));
  browser.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
});
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

async function open(file, media = []) {
  const {targetId} = await send('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await send('Target.attachToTarget', {targetId, flatten: true});
  const tell = (method, params) => send(method, params, sessionId);
  for (const domain of ['Network', 'Runtime', 'Page', 'Log']) await tell(domain + '.enable');
  await tell('Emulation.setEmulatedMedia', {features: media});
  events.length = 0;
  const start = Date.now();
  await tell('Page.navigate', {url: 'file://' + file});
  const evaluate = async expression => {
    const r = await tell('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
    if (r.exceptionDetails) throw new Error(r.exceptionDetails.exception?.description ?? r.exceptionDetails.text);
    return r.result.value;
  };
  while (await evaluate('document.documentElement?.dataset.ready') !== '1' && Date.now() - start < 30000) await sleep(20);
  const elapsed = Date.now() - start;
  const mine = events.filter(e => e.sessionId === sessionId);
  return {tell, evaluate, elapsed,
    requests: mine.filter(e => e.method === 'Network.requestWillBeSent' && !/^(file|data):/.test(e.params.request.url)).map(e => e.params.request.url),
    errors: mine.filter(e => e.method === 'Runtime.exceptionThrown' || (e.method === 'Runtime.consoleAPICalled' && e.params.type !== 'log') ||
      e.method === 'Log.entryAdded').map(e => JSON.stringify(e.params))};
}
const screenshot = async (page, name, width) => {
  if (!shots) return;
  mkdirSync(shots, {recursive: true});
  await page.tell('Emulation.setDeviceMetricsOverride', {width, height: 900, deviceScaleFactor: 1, mobile: width < 500});
  await sleep(300);
  const {data} = await page.tell('Page.captureScreenshot', {captureBeyondViewport: true, format: 'png'});
  writeFileSync(join(shots, name + '.png'), Buffer.from(data, 'base64'));
};
const report = (name, sources, more = []) => {
  const out = join(folder, name + '.html');
  execFileSync(moat, ['report', ...sources, '-o', out, ...more], {stdio: ['ignore', 'ignore', 'pipe']});
  return out;
};

try {
  const small = join(folder, 'small'), large = join(folder, 'large');
  mkdirSync(small); mkdirSync(large);
  execFileSync(synthetic, [small, '6', '30']);
  execFileSync(synthetic, [large, '50', '500']);

  const csv = join(folder, 'p3.csv');
  const file = report('small', [small], ['--csv', csv]);
  const page = await open(file);
  check('no network request', page.requests.length === 0, page.requests.join());
  check('no console error', page.errors.length === 0, page.errors.join('\n'));
  const withCharts = await page.evaluate('!!window.moatCharts');
  if (withCharts) {
    for (const id of ['share', 'roofline', 'ratio', 'cascade', 'navigation', 'history']) {
      const marks = await page.evaluate(`document.querySelectorAll('#chart-${id} svg .role-mark path').length`);
      check(`chart ${id} has marks`, marks > 2, `${marks}`);
    }
  } else {
    check('without charts the report says so', await page.evaluate("!document.getElementById('no-charts').hidden"));
  }
  check('markup in a name stays text', await page.evaluate("document.body.innerText.includes('<script>alert(1)</script>')"),
      await page.evaluate('String(document.scripts.length)'));
  check('markup in a message stays text', await page.evaluate("document.body.innerText.includes('wrong at <b>17</b>')"));
  const rows = "document.querySelectorAll('#case-table tbody tr').length";
  check('the table holds at most 50 rows', await page.evaluate(rows) === 50, String(await page.evaluate(rows)));
  await page.evaluate("{const i = document.querySelector('#case-table input'); i.value = 'softmax hip'; i.dispatchEvent(new Event('input'));}");
  const filtered = await page.evaluate("[...document.querySelectorAll('#case-table tbody tr')].map(r => r.textContent)");
  check('filtering keeps what matches', filtered.length > 0 && filtered.length <= 50 && filtered.every(t => t.includes('softmax') && t.includes('hip')), String(filtered.length));
  await page.evaluate("[...document.querySelectorAll('#case-table th button')].find(b => b.textContent === 'median').click()");
  check('sorting is announced', await page.evaluate("document.querySelectorAll('#case-table th[aria-sort=descending]').length") === 1);
  await page.evaluate("document.querySelector('#case-table tbody tr').click()");
  check('a click opens the record', await page.evaluate("document.querySelectorAll('#record-list details[open]').length") === 1);
  if (withCharts) {
    const point = await page.evaluate("(() => {const r = document.querySelector('#chart-share svg .mark-symbol path').getBoundingClientRect(); document.querySelectorAll('details').forEach(d => { d.open = false; }); document.querySelector('#chart-share').scrollIntoView(); const q = document.querySelector('#chart-share svg .mark-symbol path').getBoundingClientRect(); return [q.x + q.width / 2, q.y + q.height / 2];})()");
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) await page.tell('Input.dispatchMouseEvent', {type, x: point[0], y: point[1], button: type === 'mouseMoved' ? 'none' : 'left', clickCount: type === 'mouseMoved' ? 0 : 1});
    await sleep(200);
    check('a click on a point shows its record', await page.evaluate("document.querySelectorAll('#record-list details[open]').length") === 1);
  }
  check('P3 columns', readFileSync(csv, 'utf8').startsWith('problem,application,platform,fom\n'));

  const big = await open(report('large', [large]));
  check('50 records of 500 cases open in under 3 s', big.elapsed < 3000, `${big.elapsed} ms`);
  console.log(`opened in ${big.elapsed} ms`);
  check('few rows in the document', await big.evaluate("document.querySelectorAll('tr').length") < 800);
  const real = await open(report('real', [records]));
  check('a real record: no error', real.errors.length === 0, real.errors.join('\n'));

  if (shots) {
    await page.tell('Emulation.setDeviceMetricsOverride', {width: 1100, height: 900, deviceScaleFactor: 1, mobile: false});
    const light = await open(file);
    await screenshot(light, 'light', 1100);
    const dark = await open(file, [{name: 'prefers-color-scheme', value: 'dark'}]);
    await screenshot(dark, 'dark', 1100);
    const phone = await open(file);
    if (phone) {
      await phone.tell('Emulation.setDeviceMetricsOverride', {width: 390, height: 800, deviceScaleFactor: 1, mobile: true});
      await phone.tell('Page.navigate', {url: 'file://' + file});
      await sleep(2500);
      await screenshot(phone, 'phone', 390);
    }
    const {data} = await light.tell('Page.printToPDF', {});
    writeFileSync(join(shots, 'print.pdf'), Buffer.from(data, 'base64'));
    await screenshot(real, 'real', 1100);
  }
} catch (e) {
  check('the test ran to its end', false, String(e));
} finally {
  browser.kill();
  await new Promise(resolve => browser.once('exit', resolve));
  rmSync(folder, {recursive: true, force: true, maxRetries: 5});
}
process.exit(failures ? 1 : 0);
