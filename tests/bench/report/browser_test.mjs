// SPDX-License-Identifier: Apache-2.0
// Opens reports in a headless Chromium, over its debugging pipe:
//   node browser_test.mjs MOAT REPORT_WITHOUT_CHARTS SYNTHETIC_RECORDS RECORDS [SCREENSHOT_FOLDER]
// Exit codes: 0 passed, 1 failed, 77 no Chromium (skipped).
import {spawn, execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const [moat, chartless, synthetic, records, shots] = process.argv.slice(2);
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

const kDesktop = {width: 1100, height: 900, deviceScaleFactor: 1, mobile: false};
const kPhone = {width: 390, height: 844, deviceScaleFactor: 1, mobile: true};
async function open(file, {scheme = 'light', screen = kDesktop, scripts = true} = {}) {
  const {targetId} = await send('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await send('Target.attachToTarget', {targetId, flatten: true});
  const tell = (method, params) => send(method, params, sessionId);
  for (const domain of ['Network', 'Runtime', 'Page', 'Log']) await tell(domain + '.enable');
  await tell('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: scheme}]});
  await tell('Emulation.setDeviceMetricsOverride', screen);
  if (!scripts) await tell('Emulation.setScriptExecutionDisabled', {value: true});
  events.length = 0;
  const start = Date.now();
  await tell('Page.navigate', {url: 'file://' + file});
  const evaluate = async expression => {
    const r = await tell('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
    if (r.exceptionDetails) throw new Error(r.exceptionDetails.exception?.description ?? r.exceptionDetails.text);
    return r.result.value;
  };
  const ready = scripts ? "document.documentElement?.dataset.ready === '1'" : "document.readyState === 'complete' && !!document.getElementById('no-scripts')";
  while (!await evaluate(ready) && Date.now() - start < 30000) await sleep(20);
  const elapsed = Date.now() - start;
  const mine = events.filter(e => e.sessionId === sessionId);
  const urls = mine.filter(e => e.method === 'Network.requestWillBeSent').map(e => e.params.request.url);
  return {tell, evaluate, elapsed, loaded: urls.length,
    requests: urls.filter(url => url !== 'file://' + file && !url.startsWith('data:')),
    errors: mine.filter(e => e.method === 'Runtime.exceptionThrown' || (e.method === 'Runtime.consoleAPICalled' && e.params.type !== 'log') ||
      e.method === 'Log.entryAdded').map(e => JSON.stringify(e.params))};
}
const screenshot = async (page, name) => {
  if (!shots) return;
  mkdirSync(shots, {recursive: true});
  await sleep(300);
  const {data} = await page.tell('Page.captureScreenshot', {captureBeyondViewport: true, format: 'png'});
  writeFileSync(join(shots, name + '.png'), Buffer.from(data, 'base64'));
};
const print = async (page, name) => {
  const {data} = await page.tell('Page.printToPDF', {printBackground: true});
  writeFileSync(join(shots, name + '.pdf'), Buffer.from(data, 'base64'));
};
const report = (name, sources, more = [], by = moat) => {
  const out = join(folder, name + '.html');
  execFileSync(by, ['report', ...sources, '-o', out, ...more], {stdio: ['ignore', 'ignore', 'pipe']});
  return out;
};

try {
  const small = join(folder, 'small'), large = join(folder, 'large');
  mkdirSync(small); mkdirSync(large);
  execFileSync(synthetic, [small, '6', '30']);
  execFileSync(synthetic, [large, '50', '500']);

  const csv = join(folder, 'p3.csv');
  const software = join(folder, 'software.json');
  writeFileSync(software, JSON.stringify({schema: 'moat-software', version: 1, pairings: [{
    name: 'product-decode', says: 'one token', device: 'cpu:0',
    ways: [{name: 'f32', way: 'gemm/f32/m1n4096k4096bt', status: 'ok', seconds: 1.24e-3, flops: 33554432, bytes: 67141632,
            kept_bytes: 67108864, of_ceiling: 0.99, bound: 'memory'},
           {name: 'fp8', way: 'scaledgemm/bf16xe4m3/m1n4096k4096', status: 'ok', seconds: 4.71e-4,
            kept_bytes: 2359296, kept_bytes_per_token: 1152},
           {name: 'int4', way: 'weightonly/bf16xint4/m1n4096k4096', status: 'skipped', reason: 'no kernel'}],
    comparisons: [{plain: 'f32', way: 'fp8', measured: 2.63, interval: [2.6, 2.66], predicted: 3.98,
                   bytes_ratio: 3.99},
                  {plain: 'f32', way: 'int4', measured: null, predicted: null, predicted_reason: 'no kernel'}]}]}));
  const file = report('small', [small], ['--csv', csv, '--software', software]);
  const page = await open(file);
  check('the page itself was seen to load', page.loaded > 0);
  check('no network request', page.requests.length === 0, page.requests.join());
  check('no console error', page.errors.length === 0, page.errors.join('\n'));
  const withCharts = await page.evaluate('!!window.moatCharts');
  if (withCharts) {
    for (const id of ['share', 'roofline', 'ratio', 'cascade', 'navigation', 'porting', 'history']) {
      const marks = await page.evaluate(`document.querySelectorAll('#chart-${id} svg .role-mark path').length`);
      check(`chart ${id} has marks`, marks > 2, `${marks}`);
    }
  } else {
    check('without charts the report says so', await page.evaluate("!document.getElementById('no-charts').hidden"));
  }
  const notices = await page.evaluate("document.getElementById('notices')?.textContent ?? ''");
  for (const text of ['vega-lite', 'University of Washington Interactive Data Lab', 'd3-scale', 'Mike Bostock', 'Redistributions in binary form must reproduce']) {
    check(`the licences of the charts are in the page: ${text}`, notices.includes(text) === withCharts, `${notices.length} characters`);
  }
  const ways = await page.evaluate("[...document.querySelectorAll('#software-table tbody tr')].map(r => r.innerText).join('\\n')");
  for (const text of ['product-decode on cpu:0', '1.24 ms', '33.6 M', '99 %', '2.63 (2.60 to 2.66)', '3.98', '3.99',
                      '2.36 M, 1152 a token', 'no kernel', 'skipped']) {
    check(`the ways of moat software are in the page: ${text}`, ways.includes(text), ways);
  }
  check('without a model there is no table of them', await page.evaluate("document.getElementById('models').hidden"));
  const step = {step: 'decode', tokens: 2, keys: 4096, flops_covered: 1, bytes_covered: 0.5, seconds_at_least: 1e-3,
                tokens_per_second_at_most: 2000, operations: [{what: 'sum', problem: 'sum/f32/n8', count: 2, in_layers: true,
                                                               flops: 8, bytes: 32, seconds: 5e-4, cache: 'cold'}]};
  const model = (name, cost) => ({
    name, source: 'x', layers: 2, batch: 2, context: 4096, prefill: 0, tp: 1, weights: 'bf16', left_out: [],
    memory: [{what: 'weights', arithmetic: '1 × 3 GiB', bytes: 3 * 2 ** 30}], price: {currency: 'EUR', per_hour: 1},
    devices: [{backend: 'cuda', device: 0, fits: false, steps: [{...step, ...cost}]}]});
  const models = join(folder, 'models');
  mkdirSync(models);
  execFileSync(synthetic, [models, '2', '5']);
  for (const [i, name] of readdirSync(models).entries()) {
    const record = JSON.parse(readFileSync(join(models, name)));
    const [device] = record.devices;
    record.minor = 8;
    record.model = model(`model <b>${i}</b>`, i === 0 ? {cost_per_million_tokens_at_least: 1.5} : {});
    Object.assign(record.model.devices[0], {backend: device.backend, device: device.index});
    writeFileSync(join(models, name), JSON.stringify(record));
  }
  const priced = await open(report('models', [models]));
  check('no console error with models', priced.errors.length === 0, priced.errors.join('\n'));
  const table = await priced.evaluate("document.getElementById('model-table').innerText");
  for (const text of ['model <b>0</b>', 'model <b>1</b>', '≤ 2000', '≥ 1.5 EUR', '3.00 GiB of', 'does not fit', 'no source given']) {
    check(`models are in the page: ${text}`, table.includes(text), table);
  }
  check('no column of energy without watts', !table.includes('J per token'), table);
  check('markup in a name stays text', await page.evaluate("document.body.innerText.includes('<script>alert(1)</script>')"),
      await page.evaluate('String(document.scripts.length)'));
  check('markup in a message stays text', await page.evaluate("document.body.innerText.includes('wrong at <b>17</b>')"));
  const rows = "document.querySelectorAll('#case-table tbody tr').length";
  check('the table holds at most 50 rows', await page.evaluate(rows) === 50, String(await page.evaluate(rows)));
  await page.evaluate("{const i = document.querySelector('#case-table input'); i.value = 'softmax hip'; i.dispatchEvent(new Event('input'));}");
  const filtered = await page.evaluate("[...document.querySelectorAll('#case-table tbody tr')].map(r => r.textContent)");
  check('filtering keeps what matches', filtered.length > 0 && filtered.length <= 50 && filtered.every(t => t.includes('softmax') && t.includes('hip')), String(filtered.length));
  const gflops = "[...document.querySelectorAll('#case-table th button')].find(b => b.textContent === 'GFLOP/s')";
  const shown = "[...document.querySelectorAll('#case-table tbody tr')].map(r => parseFloat(r.cells[5].textContent))";
  for (const [direction, sign] of [['descending', -1], ['ascending', 1]]) {
    await page.evaluate(gflops + '.click()');
    const values = await page.evaluate(shown);
    const right = [...values].sort((a, b) => sign * (a - b));
    check(`sorting by a number, ${direction}`, values.length > 3 && new Set(values).size > 3 && String(values) === String(right), String(values));
    check('sorting is announced', await page.evaluate(`document.querySelectorAll('#case-table th[aria-sort=${direction}]').length`) === 1);
  }
  await page.evaluate("document.querySelector('#case-table tbody tr').click()");
  const opened = "[...document.querySelectorAll('#record-list details')].flatMap((d, i) => d.open ? [i + d.querySelector('.led').textContent] : [])";
  const first = await page.evaluate("(() => {const r = document.querySelector('#case-table tbody tr'); return r.cells[11].textContent + 'You came from ' + r.cells[0].textContent + '.';})()");
  check('a click on a row opens its record', String(await page.evaluate(opened)) === first, `${await page.evaluate(opened)} for ${first}`);
  if (withCharts) {
    await page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false; }); document.querySelector('#chart-share').scrollIntoView()");
    const [x, y, about] = await page.evaluate("(() => {const p = document.querySelector('#chart-share svg .mark-symbol path'), q = p.getBoundingClientRect(); return [q.x + q.width / 2, q.y + q.height / 2, p.getAttribute('aria-label') || ''];})()");
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) {
      await page.tell('Input.dispatchMouseEvent', {type, x, y, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: type === 'mouseMoved' ? 0 : 1});
    }
    await sleep(200);
    const record = await page.evaluate(opened);
    const facts = await page.evaluate("document.querySelector('#record-list details[open]')?.textContent ?? ''");
    const named = /device: ([^;]*)/.exec(about)?.[1];
    check('a click on a point shows its record', record.length === 1 && !!named && facts.includes(named.replace(/^[a-z]+ /, '')), `${record} for ${about}`);
  }
  check('a button that is not shown promises nothing', await page.evaluate("[...document.querySelectorAll('button.more')].every(b => b.hidden ? b.textContent === '' : / [1-9]/.test(b.textContent))"));
  check('the navigation names each section as its heading does', await page.evaluate("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.hash + ' h2').textContent === a.textContent)"));
  check('what is shown without scripts is gone', await page.evaluate("document.getElementById('no-scripts') === null && document.querySelectorAll('#devices table').length === 1"));
  const still = await open(file, {scripts: false});
  check('without scripts the summary is there', await still.evaluate("document.querySelectorAll('#sentences li').length > 3 && document.querySelectorAll('#devices tbody tr').length === 3 && document.body.innerText.includes('runs no scripts')"));
  check('P3 columns', readFileSync(csv, 'utf8').startsWith('problem,application,platform,date,fom,arch eff,divergence\n'));
  check('nothing went wrong after all the clicks', events.every(e => e.method !== 'Runtime.exceptionThrown'));

  const phone = await open(file, {screen: kPhone});
  const overflow = await phone.evaluate('document.documentElement.scrollWidth');
  check('a phone needs no sideways scrolling of the page', overflow <= 390, `${overflow} px`);
  const hidden = await phone.evaluate("[...document.querySelectorAll('.cards')].filter(t => t.scrollWidth > t.parentNode.clientWidth + 1).map(t => t.parentNode.parentNode.id)");
  check('nor of a table but the long one', hidden.length === 0, String(hidden));
  const wide = await page.evaluate("[...document.querySelectorAll('.scroll')].filter(t => t.scrollWidth > t.clientWidth + 1).map(t => t.parentNode.id)");
  check('a desktop needs none at all', wide.length === 0, String(wide));

  const plain = await open(report('plain', [small], [], chartless));
  check('without charts the report says so and how to get them', await plain.evaluate("!document.getElementById('no-charts').hidden && document.getElementById('no-charts').innerText.includes('npm')"));
  check('without charts the tables are there', await plain.evaluate("document.querySelectorAll('#devices tbody tr').length") === 3 && await plain.evaluate(rows) === 50);
  check('without charts no licences', await plain.evaluate("document.getElementById('notices') === null"));
  check('without charts no gap for them', await plain.evaluate("[...document.querySelectorAll('figure')].every(f => f.hidden)"));
  check('without charts no error', plain.errors.length === 0 && plain.requests.length === 0, plain.errors.join('\n'));

  // The fastest of a few openings tells what the page costs; the others, what else the machine did.
  const times = [];
  let big;
  const manyRecords = report('large', [large]);
  do {
    big = await open(manyRecords);
    times.push(big.elapsed);
  } while (big.elapsed >= 3000 && times.length < 4);
  check('50 records of 500 cases open in under 3 s', big.elapsed < 3000, `${times} ms`);
  check('all of their cases are there', (await big.evaluate("document.querySelector('#case-table .dim').textContent")).includes(' of 25000 rows'));
  console.log(`opened in ${times} ms`);
  check('few rows in the document', await big.evaluate("document.querySelectorAll('tr').length") < 800);
  const real = await open(report('real', [records]));
  check('a real record: no error', real.errors.length === 0, real.errors.join('\n'));

  if (shots) {
    await screenshot(await open(file), 'light');
    const dark = await open(file, {scheme: 'dark'});
    await screenshot(dark, 'dark');
    await screenshot(phone, 'phone');
    await screenshot(real, 'real');
    await screenshot(plain, 'plain');
    await print(dark, 'print');
    await print(real, 'print-real');
  }
} catch (e) {
  check('the test ran to its end', false, String(e));
} finally {
  browser.kill();
  await new Promise(resolve => browser.once('exit', resolve));
  rmSync(folder, {recursive: true, force: true, maxRetries: 5});
}
process.exit(failures ? 1 : 0);
