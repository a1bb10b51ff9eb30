'use strict';
// Everything from a record reaches the page as text, never as markup.
const data = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const make = (tag, text, cls) => {
  const e = document.createElement(tag);
  if (text !== undefined && text !== null) e.textContent = text;
  if (cls) e.className = cls;
  return e;
};
const fixed = (x, n) => x === null || x === undefined ? '–' : x.toFixed(n);
const percent = x => x === null || x === undefined ? '–' : (100 * x).toFixed(x < 0.0995 ? 1 : 0) + ' %';
const seconds = s => s === null ? '–' : s >= 1 ? s.toPrecision(3) + ' s' : s >= 1e-3 ? (s * 1e3).toPrecision(3) + ' ms'
    : s >= 1e-6 ? (s * 1e6).toPrecision(3) + ' µs' : (s * 1e9).toPrecision(3) + ' ns';

// A sortable, filterable table that keeps few rows in the document. columns: {title, key, show, n}
const kRows = innerWidth < 600 ? 15 : 50;
function table(parent, columns, rows, options = {}) {
  if (rows.length === 0) { parent.append(make('p', options.empty || 'None.', 'dim')); return {}; }
  let sorted = rows, key = null, descending = false, limit = kRows, shown = rows;
  const text = new Map();
  const line = r => {
    if (!text.has(r)) text.set(r, columns.map(c => r[c.key] ?? '').join(' ').toLowerCase());
    return text.get(r);
  };
  const search = make('input');
  search.type = 'search';
  search.placeholder = 'filter: words, all must match';
  search.setAttribute('aria-label', 'filter');
  const count = make('span', null, 'dim'), box = make('div', null, 'scroll'), t = make('table');
  const head = t.createTHead().insertRow(), body = t.createTBody(), more = make('button', null, 'more');
  for (const c of columns) {
    const th = make('th', null, c.n ? 'n' : c.key === 'device' ? 'd' : ''), b = make('button', c.title);
    b.onclick = () => {
      descending = key === c.key ? !descending : !!c.n;
      key = c.key;
      for (const other of head.cells) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      draw();
    };
    th.append(b);
    head.append(th);
  }
  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = words.length ? rows.filter(r => words.every(w => line(r).includes(w))) : rows;
    sorted = shown;
    if (key) {
      const sign = descending ? -1 : 1;
      sorted = [...shown].sort((a, b) => {
        const x = a[key], y = b[key];
        if (x === null || x === undefined) return y === null || y === undefined ? 0 : 1;
        if (y === null || y === undefined) return -1;
        return sign * (x < y ? -1 : x > y ? 1 : 0);
      });
    }
    body.replaceChildren(...sorted.slice(0, limit).map(r => {
      const tr = make('tr', null, r.bad ? 'bad' : '');
      for (const c of columns) tr.append(make('td', c.show ? c.show(r[c.key], r) : r[c.key], c.n ? 'n' : c.key === 'device' ? 'd' : ''));
      if (options.click) { tr.style.cursor = 'pointer'; tr.onclick = () => options.click(r); }
      return tr;
    }));
    count.textContent = ` ${shown.length} of ${rows.length} rows`;
    more.hidden = sorted.length <= limit;
    more.textContent = `show ${Math.min(500, sorted.length - limit)} more`;
  }
  more.onclick = () => { limit += 500; draw(); };
  search.oninput = () => { limit = kRows; draw(); };
  if (rows.length > 5) parent.append(search, count);
  box.append(t);
  parent.append(box, more);
  draw();
  return {};
}

function showRecord(index, caseName) {
  const details = byId('record-' + index);
  details.open = true;
  if (caseName) { byId('shown').hidden = false; byId('shown').textContent = `${caseName}: ${data.records[index].path}, under Records`; }
  details.scrollIntoView();
}

for (const s of data.summary) byId('sentences').append(make('li', s.text, s.bad ? 'bad' : ''));
table(byId('devices'), [
  {title: 'device', key: 'device'}, {title: 'architecture', key: 'architecture'},
  {title: 'cases verified', key: 'verified', n: 1, show: (v, r) => `${v} of ${r.asked}`},
  {title: 'speed (baseline = 1)', key: 'speed', n: 1, show: (v, r) => v === null ? '–' : `${fixed(v, 2)} (${r.common} problems)`},
  {title: 'of ceiling', key: 'share', n: 1, show: percent},
  {title: 'speed ÷ fastest library', key: 'ratio', n: 1, show: (v, r) => v === null ? '–' : `${fixed(v, 2)} (${r.ratios})`},
  {title: 'speed ÷ plain loops', key: 'plain', n: 1, show: (v, r) => v === null ? '–' : `${fixed(v, 2)} (${r.plains})`},
  {title: 'lines changed for the port', key: 'changed', n: 1, show: percent},
  {title: 'port executed on', key: 'executed'}], data.devices);
table(byId('problem-table'), [{title: 'what', key: 'what'}, {title: 'name', key: 'name'}, {title: 'why', key: 'why'},
  {title: 'records', key: 'records', n: 1}], data.problems, {empty: 'Nothing failed, and nothing was skipped.', click: r => showRecord(r.record)});

const columns = data.cases.columns;
const cases = data.cases.rows.map(v => {
  const r = {};
  columns.forEach((c, i) => { r[c] = v[i]; });
  r.problem = data.problem_names[r.problem];
  r.device = data.devices[r.device].device;
  r.bad = r.status !== 'ok';
  return r;
});
table(byId('case-table'), [{title: 'problem', key: 'problem'}, {title: 'device', key: 'device'}, {title: 'by', key: 'by'},
  {title: 'status', key: 'status'}, {title: 'median', key: 'median', n: 1, show: seconds},
  {title: 'GFLOP/s', key: 'gflops', n: 1, show: v => fixed(v, 1)}, {title: 'GB/s', key: 'gbytes', n: 1, show: v => fixed(v, 1)},
  {title: 'of ceiling', key: 'share', n: 1, show: (v, r) => v === null ? '–' : percent(v) + ' ' + r.bound},
  {title: 'speed ÷ other', key: 'ratio', n: 1, show: v => fixed(v, 2)}, {title: 'other', key: 'than'},
  {title: 'error ÷ bound', key: 'error', n: 1, show: v => fixed(v, 3)}, {title: 'record', key: 'record', n: 1}],
  cases, {click: r => showRecord(r.record, r.problem)});

byId('pp-note').textContent = data.pp.note;
table(byId('pp-table'), [{title: 'kernel', key: 'kernel'}, {title: 'PP, architectural', key: 'architectural', n: 1, show: v => fixed(v, 3)},
  {title: 'PP, application', key: 'application', n: 1, show: v => fixed(v, 3)},
  {title: 'code convergence', key: 'convergence', n: 1, show: v => fixed(v, 3)}, {title: 'without result on', key: 'unsupported'}], data.pp.kernels);
table(byId('porting-table'), [{title: 'port', key: 'port'}, {title: 'kernel', key: 'kernel'},
  {title: 'kernel lines changed', key: 'kernel_changed', n: 1, show: (v, r) => `${v} of ${r.kernel_lines}`},
  {title: 'layer lines changed', key: 'layer_changed', n: 1, show: (v, r) => `${v} of ${r.layer_lines}`},
  {title: 'all', key: 'changed', n: 1, show: percent}, {title: 'unused', key: 'unused', n: 1},
  {title: 'executed on', key: 'executed'}], data.porting, {empty: data.porting_absent});
if (data.history.points.length === 0) {
  byId('history').querySelector('figure').hidden = true;
  byId('history-table').append(make('p', 'A history needs two or more records of one device.', 'dim'));
} else {
  byId('history-table').append(make('h3', 'Regressions and improvements'), make('p', data.history.note, 'dim'));
  table(byId('history-table'), [{title: 'case', key: 'name'}, {title: 'device', key: 'device'}, {title: 'commit', key: 'commit'},
    {title: 'verdict', key: 'verdict'}, {title: 'time', key: 'change', n: 1, show: v => (v > 0 ? '+' : '') + (100 * v).toFixed(1) + ' %'},
    {title: 'record', key: 'record', n: 1}], data.history.changes.map(c => ({...c, bad: c.verdict === 'slower'})),
    {empty: 'No case changed by more than the threshold.', click: r => showRecord(r.record, r.name)});
}
data.records.forEach((r, i) => {
  const d = make('details');
  d.id = 'record-' + i;
  d.append(make('summary', `${i}: ${r.title}`));
  const dl = make('dl');
  for (const [k, v] of r.facts) dl.append(make('dt', k), make('dd', v));
  d.append(dl);
  byId('record-list').append(d);
});

// Charts. Colours follow the page.
const ours = cases.filter((c, i) => data.cases.rows[i][columns.indexOf('latest')] === 1 && c.by === 'moat' && c.status === 'ok');
function draw() {
  if (!window.moatCharts) { byId('no-charts').hidden = false; return; }
  const css = getComputedStyle(document.documentElement), fg = css.getPropertyValue('--fg'), line = css.getPropertyValue('--line');
  const config = {background: 'transparent', view: {stroke: line}, axis: {labelColor: fg, titleColor: fg, gridColor: line, domainColor: line, tickColor: line},
    legend: {labelColor: fg, titleColor: fg, orient: 'bottom', columns: innerWidth < 600 ? 1 : 3, labelLimit: 320,
    layout: {bottom: {anchor: 'start', direction: innerWidth < 600 ? 'vertical' : 'horizontal'}}}, title: {color: fg},
    range: {category: ['#3b82c4', '#e07b39', '#3a9d6a', '#b267c9', '#c9a227', '#d1495b', '#4aa8a8', '#8a8a8a']}};
  const tip = [{field: 'problem'}, {field: 'device'}, {field: 'share', format: '.1%'}, {field: 'ratio', format: '.2f'}, {field: 'than'}, {field: 'record'}];
  const put = async (id, values, spec) => {
    if (!values.length) { byId(id).replaceChildren(make('p', 'No data.', 'dim')); return; }
    const width = Math.max(260, byId(id).clientWidth - 90);
    const full = {$schema: 'https://vega.github.io/schema/vega-lite/v6.json', width, height: 280, ...spec};
    if (!spec.layer || !spec.own) full.data = {values};
    delete full.own;
    const result = await window.moatCharts(byId(id), full, config);
    result.view.addEventListener('click', (e, item) => {
      if (item && item.datum && item.datum.record !== undefined) showRecord(item.datum.record, item.datum.problem);
    });
  };
  const device = {field: 'device', type: 'nominal', title: null}, kernel = {field: 'kernel', type: 'nominal', title: null};
  const point = {type: 'point', filled: true, size: 55, cursor: 'pointer', opacity: 0.75};
  const jobs = [
    put('chart-share', ours.filter(c => c.share !== null), {mark: point, encoding: {x: {field: 'share', type: 'quantitative', axis: {format: '%'}, title: 'share of ceiling', scale: {zero: true}},
      y: {...kernel}, yOffset: {field: 'device', type: 'nominal'}, color: device, tooltip: tip}}),
    put('chart-roofline', ours.filter(c => c.gflops > 0), {own: 1, layer: [
      {data: {values: data.roofs}, mark: {type: 'line', strokeDash: [4, 3]}, encoding: {x: {field: 'intensity', type: 'quantitative', scale: {type: 'log'}},
        y: {field: 'gflops', type: 'quantitative', scale: {type: 'log'}}, color: device}},
      {data: {values: ours.filter(c => c.gflops > 0)}, mark: point, encoding: {x: {field: 'intensity', type: 'quantitative', title: 'FLOP per byte', scale: {type: 'log'}},
        y: {field: 'gflops', type: 'quantitative', title: 'GFLOP/s', scale: {type: 'log'}}, color: device, shape: kernel, tooltip: tip}}]}),
    put('chart-ratio', ours.filter(c => c.ratio !== null), {own: 1, layer: [
      {data: {values: ours.filter(c => c.ratio !== null)}, mark: point, encoding: {x: {field: 'ratio', type: 'quantitative', scale: {type: 'log', nice: false, padding: 12}, title: 'time of the other ÷ our time'}, y: kernel,
        yOffset: {field: 'device', type: 'nominal'}, color: device, shape: {field: 'than', type: 'nominal', title: 'other'}, tooltip: tip}},
      {data: {values: [{one: 1}]}, mark: {type: 'rule', strokeDash: [3, 3], color: fg}, encoding: {x: {field: 'one', type: 'quantitative'}}}]}),
    put('chart-cascade', data.pp.cascade, {own: 1, layer: [
      {data: {values: data.pp.cascade}, mark: {type: 'line', point: true}, encoding: {x: {field: 'n', type: 'ordinal', title: 'number of devices'}, y: {field: 'efficiency', type: 'quantitative', title: 'efficiency, PP'},
        color: kernel, tooltip: [{field: 'kernel'}, {field: 'device'}, {field: 'efficiency', format: '.3f'}]}},
      {data: {values: data.pp.cascade}, mark: {type: 'line', strokeDash: [4, 3]}, encoding: {x: {field: 'n', type: 'ordinal'}, y: {field: 'pp', type: 'quantitative'}, color: kernel}}]}),
    put('chart-navigation', data.pp.kernels.filter(k => k.convergence !== null), {mark: {...point, size: 110}, encoding: {
      x: {field: 'convergence', type: 'quantitative', title: 'code convergence', scale: {domain: [0, 1]}},
      y: {field: 'architectural', type: 'quantitative', title: 'PP (architectural)', scale: {domain: [0, 1]}}, color: kernel,
      tooltip: [{field: 'kernel'}, {field: 'convergence', format: '.3f'}, {field: 'architectural', format: '.3f'}]}}),
    data.history.points.length && put('chart-history', data.history.points, {mark: {type: 'line', point: {size: 50, cursor: 'pointer'}}, encoding: {
      x: {field: 'started', type: 'ordinal', title: 'run', axis: {labelAngle: -40, labelLimit: 120}}, y: {field: 'speed', type: 'quantitative', title: 'speed, first record = 1', scale: {zero: false}},
      color: kernel, strokeDash: device, tooltip: [{field: 'kernel'}, {field: 'device'}, {field: 'commit'}, {field: 'speed', format: '.3f'}]}})];
  Promise.all(jobs).then(() => { document.documentElement.dataset.ready = '1'; });
}
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
