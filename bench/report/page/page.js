// SPDX-License-Identifier: Apache-2.0
'use strict';
// Everything from a record reaches the page as text, never as markup.
const data = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const make = (tag, text, cls) => {
  const e = document.createElement(tag);
  if (text !== undefined && text !== null) e.append(text);
  if (cls) e.className = cls;
  return e;
};
const absent = x => x === null || x === undefined;
const fixed = (x, digits) => absent(x) ? '–' : x.toFixed(digits);
const percent = x => absent(x) ? '–' : (100 * x).toFixed(x < 0.0995 ? 1 : 0) + ' %';
// A rate ÷ another: three digits, as in 0.007, 0.94 and 135.
const ratio = x => absent(x) ? '–' : x.toFixed(x < 0.1 ? 3 : x < 100 ? 2 : 0);
const seconds = s => {
  if (absent(s)) return '–';
  const [scale, unit] = s >= 1 ? [1, 's'] : s >= 1e-3 ? [1e3, 'ms'] : s >= 1e-6 ? [1e6, 'µs'] : [1e9, 'ns'];
  return `${(s * scale).toPrecision(3)} ${unit}`;
};
// A case's name may wrap after a slash.
const path = name => {
  const box = make('span');
  name.split(/(?<=\/)/).forEach((part, i) => box.append(...(i ? [make('wbr')] : []), part));
  return box;
};
const narrow = innerWidth < 600;

// A sortable, filterable table that keeps few rows in the document.
// columns: {title, key, show: (value, row) => text or element, n: a number, cls: a class of its cells}
const kRows = narrow ? 15 : 50;
const kMore = 500;
function table(parent, columns, rows, options = {}) {
  if (rows.length === 0) {
    parent.append(make('p', options.empty || 'None.', 'dim'));
    return;
  }
  let key = null, descending = false, limit = kRows;
  const text = new Map();
  const searched = row => {
    if (!text.has(row)) text.set(row, columns.map(c => row[c.key] ?? '').join(' ').toLowerCase());
    return text.get(row);
  };
  const search = make('input'), count = make('span', null, 'dim'), more = make('button', null, 'more');
  search.type = 'search';
  search.placeholder = 'filter: words, all must match';
  search.setAttribute('aria-label', 'filter');
  const t = make('table', null, options.cls || 'cards');
  const head = t.createTHead().insertRow(), body = t.createTBody();
  for (const c of columns) {
    const th = make('th', null, c.n ? 'n' : ''), button = make('button', c.title);
    button.onclick = () => {
      descending = key === c.key ? !descending : !!c.n;
      key = c.key;
      for (const other of head.cells) other.removeAttribute('aria-sort');
      th.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      draw();
    };
    th.append(button);
    head.append(th);
  }
  const compare = (a, b) => {
    const x = a[key], y = b[key];
    if (absent(x) || absent(y)) return absent(x) - absent(y);
    return (descending ? -1 : 1) * (x < y ? -1 : x > y ? 1 : 0);
  };
  const cell = (row, c) => {
    const td = make('td', c.show ? c.show(row[c.key], row) : row[c.key], c.n ? 'n' : c.cls);
    td.dataset.title = c.title;
    if (c.cls === 'device') td.title = row[c.key];
    return td;
  };
  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = words.length ? rows.filter(row => words.every(w => searched(row).includes(w))) : [...rows];
    if (key) shown.sort(compare);
    body.replaceChildren(...shown.slice(0, limit).map(row => {
      const tr = make('tr', null, row.bad ? 'bad' : '');
      tr.append(...columns.map(c => cell(row, c)));
      if (options.click) {
        tr.style.cursor = 'pointer';
        tr.onclick = () => options.click(row);
      }
      return tr;
    }));
    const left = shown.length - limit;
    count.textContent = ` ${shown.length} of ${rows.length} rows` + (left > 0 ? `, the first ${limit} shown` : '');
    more.hidden = left <= 0;
    more.textContent = left > 0 ? `show ${Math.min(kMore, left)} more` : '';
  }
  more.onclick = () => { limit += kMore; draw(); };
  search.oninput = () => { limit = kRows; draw(); };
  if (rows.length > 5) parent.append(search, count);
  const box = make('div', null, 'scroll');
  box.append(t);
  parent.append(box, more);
  draw();
}

// Opens a record, and says which of its cases led there.
function showRecord(index, caseName) {
  const details = byId('record-' + index);
  details.open = true;
  details.querySelector('.led').textContent = caseName ? `You came from ${caseName}.` : '';
  details.scrollIntoView();
}
const recordLink = (index, row) => {
  const a = make('a', String(index));
  a.href = '#record-' + index;
  a.onclick = e => {
    e.preventDefault();
    e.stopPropagation();
    showRecord(index, row.problem || row.name);
  };
  return a;
};
const recordColumn = {title: 'record', key: 'record', n: 1, show: recordLink};
const withCount = (v, n) => absent(v) ? '–' : `${ratio(v)} (${n})`;

// What the file shows where no script runs makes way.
byId('no-scripts').remove();
for (const id of ['sentences', 'devices']) byId(id).replaceChildren();
for (const s of data.summary) {
  const li = make('li', null, s.bad ? 'bad' : '');
  if (s.lead) li.append(make('strong', s.lead + ': '));
  li.append(s.text);
  byId('sentences').append(li);
}
table(byId('devices'), [
  {title: 'device', key: 'device', cls: 'name'},
  {title: 'architecture', key: 'architecture'},
  {title: 'cases verified', key: 'verified', n: 1, show: (v, r) => `${v} of ${r.asked}`},
  {title: 'speed, baseline = 1 (problems)', key: 'speed', n: 1, show: (v, r) => withCount(v, r.common)},
  {title: 'share of own ceilings (problems)', key: 'share', n: 1,
    show: (v, r) => absent(v) ? '–' : `${percent(v)} (${r.shares})`},
  {title: 'speed ÷ fastest library (problems)', key: 'ratio', n: 1, show: (v, r) => withCount(v, r.ratios)},
  {title: 'speed ÷ plain loops (problems)', key: 'plain', n: 1, show: (v, r) => withCount(v, r.plains)},
  {title: 'lines changed for the port', key: 'changed', n: 1,
    show: (v, r) => r.backend === data.porting_baseline ? 'baseline' : percent(v)},
  {title: 'port executed on', key: 'executed'},
], data.devices);
table(byId('problem-table'), [
  {title: 'what', key: 'what', cls: 'short'},
  {title: 'name', key: 'name'},
  {title: 'why', key: 'why'},
  {title: 'in records', key: 'records', n: 1},
  {...recordColumn, title: 'newest'},
], data.problems, {empty: 'Nothing failed, and nothing was skipped.', click: r => showRecord(r.record, r.name)});

// Long names of devices lose their middle, as far as they still differ.
const cut = (text, most) => text.length <= most ? text : `${text.slice(0, 12)}…${text.slice(13 - most)}`;
const shortNames = (names, most) => {
  for (;; most += 4) {
    const all = new Map(names.map(name => [name, cut(name, most)]));
    if (new Set(all.values()).size === all.size) return all;
  }
};
const deviceNames = [...new Set(data.devices.map(d => d.device))];
const inTable = shortNames(deviceNames, 32);

const columns = data.cases.columns;
const cases = data.cases.rows.map(values => {
  const row = {};
  columns.forEach((c, i) => { row[c] = values[i]; });
  row.problem = data.problem_names[row.problem];
  row.device = data.devices[row.device].device;
  row.bad = row.status !== 'ok';
  return row;
});
table(byId('case-table'), [
  {title: 'problem', key: 'problem', cls: 'name', show: path},
  {title: 'device', key: 'device', cls: 'device', show: name => inTable.get(name)},
  {title: 'by', key: 'by', cls: 'short'},
  {title: 'status', key: 'status', cls: 'short'},
  {title: 'median', key: 'median', n: 1, show: seconds},
  {title: 'GFLOP/s', key: 'gflops', n: 1, show: v => fixed(v, 1)},
  {title: 'GB/s', key: 'gbytes', n: 1, show: v => fixed(v, 1)},
  {title: 'of ceiling', key: 'share', n: 1, show: (v, r) => absent(v) ? '–' : `${percent(v)} ${r.bound}`},
  {title: 'speed ÷ other', key: 'ratio', n: 1, show: ratio},
  {title: 'other', key: 'than', cls: 'short'},
  {title: 'error ÷ bound', key: 'error', n: 1, show: v => fixed(v, 3)},
  recordColumn,
], cases, {cls: 'long', click: r => showRecord(r.record, r.problem)});

byId('pp-note').textContent = data.pp.note;
table(byId('pp-table'), [
  {title: 'kernel', key: 'kernel'},
  {title: 'PP, architectural', key: 'architectural', n: 1, show: v => fixed(v, 3)},
  {title: 'PP, application', key: 'application', n: 1, show: v => fixed(v, 3)},
  {title: 'code convergence', key: 'convergence', n: 1, show: v => fixed(v, 3)},
  {title: 'without result on', key: 'unsupported'},
  {title: 'ceiling not measured for', key: 'unknown'},
], data.pp.kernels);

const withPrefix = x => {
  if (absent(x)) return '–';
  const i = x < 1000 ? 0 : Math.min(Math.floor(Math.log10(x) / 3), 5);
  return (i ? (x / 1000 ** i).toPrecision(3) : String(x)) + ['', ' k', ' M', ' G', ' T', ' P'][i];
};
table(byId('software-table'), [
  {title: 'pairing', key: 'pairing', cls: 'name', show: (v, r) => `${v} on ${r.device}`},
  {title: 'way', key: 'case', cls: 'name', show: (v, r) => path(`${r.way}: ${v}`)},
  {title: 'time', key: 'seconds', n: 1, show: (v, r) => absent(v) ? r.status : seconds(v)},
  {title: 'FLOPs', key: 'flops', n: 1, show: withPrefix},
  {title: 'bytes', key: 'bytes', n: 1, show: withPrefix},
  {title: 'kept', key: 'kept', n: 1,
    show: (v, r) => absent(r.kept_per_token) ? withPrefix(v) : `${withPrefix(v)}, ${r.kept_per_token} a token`},
  {title: 'of ceiling', key: 'share', n: 1, show: percent},
  {title: 'plain ÷ this', key: 'measured', n: 1,
    show: (v, r) => absent(v) ? '–' : `${ratio(v)} (${ratio(r.lower)} to ${ratio(r.upper)})`},
  {title: 'predicted (bytes)', key: 'predicted', n: 1,
    show: (v, r) => absent(r.bytes_ratio) ? ratio(v) : `${ratio(v)} (${ratio(r.bytes_ratio)})`},
  {title: 'note', key: 'predicted_reason', show: (v, r) => r.reason ?? v ?? ''},
], (data.software ?? []).map(r => ({...r, bad: ['failed', 'suspect', 'error'].includes(r.status)})),
      {empty: 'No document of moat software was given (moat report --software FILE).'});

// Columns of money and energy are there where a record has them.
const models = (data.models ?? []).map(m => ({...m, bad: absent(m.rate)}));
if (models.length) {
  byId('models').hidden = byId('models-link').hidden = false;
  const given = key => models.some(m => !absent(m[key]));
  const gib = x => `${(x / 2 ** 30).toPrecision(3)} GiB`;
  const atLeast = v => absent(v) ? '–' : `≥ ${Number(v.toPrecision(3))}`;
  const money = (v, m) => absent(v) ? '–' : `${atLeast(v)} ${m.currency}`;
  table(byId('model-table'), [
    {title: 'model', key: 'model', cls: 'name', show: (v, m) => m.tp > 1 ? `${v} on ${m.tp} devices` : v},
    {title: 'device', key: 'device', cls: 'device', show: name => inTable.get(name) ?? name},
    {title: 'step', key: 'step', cls: 'short'},
    {title: 'tokens', key: 'tokens', n: 1},
    {title: 'keys', key: 'keys', n: 1},
    {title: 'weights', key: 'weights', cls: 'short'},
    {title: 'tokens/s', key: 'rate', n: 1, show: (v, m) => absent(v) ? m.why : `≤ ${Number(v.toPrecision(3))}`},
    {title: 'bytes covered', key: 'covered', n: 1, show: percent},
    {title: 'memory', key: 'memory', n: 1, show: (v, m) => `${gib(v)} of ${gib(m.memory_of_device)}`},
    {title: 'fits', key: 'fits', cls: 'short'},
    ...(given('cost') ? [{title: 'per million tokens', key: 'cost', n: 1, show: money}] : []),
    ...(given('cost_of_work') ? [{title: 'per 10¹⁸ FLOP', key: 'cost_of_work', n: 1, show: money}] : []),
    ...(given('joules') ? [{title: 'J per token', key: 'joules', n: 1, show: atLeast}] : []),
    ...(given('cost') ? [{title: 'price from', key: 'source'}] : []),
    recordColumn,
  ], models, {cls: 'long', click: m => showRecord(m.record, m.model)});
}

const changedOf = (part) => ({
  title: `${part} lines changed`, key: part + '_changed', n: 1,
  show: (v, r) => absent(v) ? '–' : `${v} of ${r[part + '_lines']}`,
});
const portColumns = title => [
  {title, key: 'port'},
  {title: 'kernel', key: 'kernel'},
  changedOf('kernel'),
  changedOf('problem'),
  changedOf('layer'),
  {title: 'changed in all', key: 'changed', n: 1, show: percent},
  {title: 'baseline lines unused', key: 'unused', n: 1},
  {title: 'executed on', key: 'executed'},
];
byId('porting-note').textContent = data.porting.length === 0 ? '' :
    `Changed are the lines that a port's build compiles and the ${data.porting_baseline} build does not, out of all that it ` +
    'compiles: neither blank nor comment, counted by the preprocessors of the real builds.';
table(byId('porting-table'), portColumns('port'), data.porting, {cls: 'long', empty: data.porting_absent});
if (data.families.length) {
  byId('family-table').append(make('h3', `Per architecture family, against ${data.porting_baseline_family}`));
  table(byId('family-table'), portColumns('family'), data.families.filter(f => f.kernel === 'all'));
}

const history = data.history;
if (history.points.length === 0) {
  byId('history').querySelector('figure').hidden = true;
  byId('history-table').append(make('p', 'A history needs two or more records of one device.', 'dim'));
} else {
  byId('history-table').append(make('h3', 'Regressions and improvements'), make('p', history.note, 'dim'));
  table(byId('history-table'), [
    {title: 'case', key: 'name', cls: 'name', show: path},
    {title: 'device', key: 'device'},
    {title: 'commit', key: 'commit'},
    {title: 'verdict', key: 'verdict', cls: 'short'},
    {title: 'time', key: 'change', n: 1, show: v => (v > 0 ? '+' : '') + (100 * v).toFixed(1) + ' %'},
    recordColumn,
  ], history.changes.map(c => ({...c, bad: c.verdict === 'slower'})),
        {empty: 'No case changed by more than the threshold.', click: r => showRecord(r.record, r.name)});
}

data.records.forEach((r, i) => {
  const details = make('details'), dl = make('dl');
  details.id = 'record-' + i;
  for (const [k, v] of r.facts) dl.append(make('dt', k), make('dd', v));
  details.append(make('summary', `${i}: ${r.title}`), make('p', null, 'led dim'), dl);
  byId('record-list').append(details);
});

// Charts. Their colours are the page's, so they follow its scheme and the printer's.
const fg = 'var(--fg)', line = 'var(--line)';
const config = {
  background: 'transparent',
  autosize: {type: 'fit-x', contains: 'padding'},
  view: {stroke: line},
  axis: {
    labelColor: fg, titleColor: fg, gridColor: line, domainColor: line, tickColor: line, labelOverlap: true,
    labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal',
  },
  axisQuantitative: narrow ? {tickCount: 5} : {},
  legend: {
    labelColor: fg, titleColor: fg, orient: 'bottom', columns: narrow ? 1 : 3, labelFontSize: 11,
    labelLimit: narrow ? 230 : 300,
    layout: {bottom: {anchor: 'start', direction: narrow ? 'vertical' : 'horizontal'}},
  },
  range: {category: ['#3b82c4', '#e07b39', '#3a9d6a', '#b267c9', '#c9a227', '#d1495b', '#4aa8a8', '#8a8a8a']},
};
const quantity = (field, title, more) => ({field, type: 'quantitative', title, ...more});
const inLegend = Object.fromEntries(shortNames(deviceNames, narrow ? 36 : 48));
const device = {
  field: 'device', type: 'nominal', title: null, scale: {domain: deviceNames},
  legend: {labelExpr: `(${JSON.stringify(inLegend)})[datum.label]`, labelLimit: 0},
};
const kernel = {field: 'kernel', type: 'nominal', title: null, scale: {domain: data.pp.kernels.map(k => k.kernel)}};
const rows = {field: 'kernel', type: 'nominal', title: null, sort: kernel.scale.domain};
const beside = {field: 'device', type: 'nominal', sort: device.scale.domain};
const point = {type: 'point', filled: true, size: 55, cursor: 'pointer', opacity: 0.75};
const dashed = {type: 'line', strokeDash: [4, 3]};
const log = {scale: {type: 'log'}};
const tip = [
  {field: 'problem'}, {field: 'device'}, {field: 'share', format: '.1%'}, {field: 'ratio', format: '.2f'}, {field: 'than'},
  {field: 'record'},
];

// Points of the latest record of each device.
const latest = columns.indexOf('latest');
const ours = cases.filter((c, i) => data.cases.rows[i][latest] === 1 && c.by === 'moat' && c.status === 'ok');

const specifications = {
  share: () => {
    const values = ours.filter(c => !absent(c.share));
    const most = Math.max(1, ...values.map(c => c.share));
    return values.length && {
      data: {values}, mark: point,
      encoding: {
        x: quantity('share', 'share of the ceiling', {axis: {format: '%'}, scale: {domain: [0, most]}}),
        y: rows, yOffset: beside, color: device, tooltip: tip,
      },
    };
  },
  roofline: () => {
    const values = ours.filter(c => c.gflops > 0);
    return values.length && {
      layer: [
        {
          data: {values: data.roofs}, mark: 'line',
          encoding: {
            x: quantity('intensity', 'FLOP per byte', log), y: quantity('gflops', 'GFLOP/s', log), color: device,
            strokeDash: {field: 'dtype', type: 'nominal', title: null}, tooltip: [{field: 'device'}, {field: 'dtype'}],
          },
        },
        {
          data: {values}, mark: point,
          encoding: {
            x: quantity('intensity', 'FLOP per byte', log), y: quantity('gflops', 'GFLOP/s', log), color: device,
            shape: kernel, tooltip: tip,
          },
        },
      ],
    };
  },
  ratio: () => {
    const values = ours.filter(c => !absent(c.ratio));
    return values.length && {
      layer: [
        {
          data: {values}, mark: point,
          encoding: {
            x: quantity('ratio', 'time of the other ÷ our time', {scale: {type: 'log', nice: false, padding: 12}}),
            y: rows, yOffset: beside, color: device, shape: {field: 'than', type: 'nominal', title: null}, tooltip: tip,
          },
        },
        {data: {values: [{one: 1}]}, mark: {type: 'rule', strokeDash: [3, 3], color: fg}, encoding: {x: quantity('one')}},
      ],
    };
  },
  cascade: () => data.pp.cascade.length && {
    data: {values: data.pp.cascade},
    encoding: {x: {field: 'n', type: 'ordinal', title: 'number of devices', axis: {labelAngle: 0}}, color: kernel},
    layer: [
      {
        mark: {type: 'line', point: true},
        encoding: {
          y: quantity('efficiency', 'efficiency, PP', {scale: {domain: [0, 1]}}),
          tooltip: [{field: 'kernel'}, {field: 'device'}, {field: 'efficiency', format: '.3f'}],
        },
      },
      {mark: dashed, encoding: {y: quantity('pp')}},
    ],
  },
  navigation: () => {
    const values = data.pp.kernels.filter(k => !absent(k.convergence) && !absent(k.architectural));
    return values.length && {
      data: {values}, mark: {...point, size: 110, cursor: 'default'},
      encoding: {
        x: quantity('convergence', 'code convergence', {scale: {domain: [0, 1]}}),
        y: quantity('architectural', 'PP, architectural', {scale: {domain: [0, 1]}}), color: kernel,
        tooltip: [{field: 'kernel'}, {field: 'convergence', format: '.3f'}, {field: 'architectural', format: '.3f'}],
      },
    };
  },
  porting: () => {
    const parts = ['kernels', 'problems', 'layer'].flatMap(part => [`${part}, as the baseline`, `${part}, changed`]);
    const values = data.porting.filter(p => p.kernel === 'all').flatMap(p => [
      p.kernel_lines - p.kernel_changed, p.kernel_changed, p.problem_lines - p.problem_changed, p.problem_changed,
      p.layer_lines - p.layer_changed, p.layer_changed,
    ].map((lines, i) => ({port: p.port, lines, part: parts[i], order: i})));
    return values.length && {
      data: {values}, mark: {type: 'bar', height: 22}, height: 34 * values.length / parts.length,
      encoding: {
        x: quantity('lines', 'lines compiled'), y: {field: 'port', type: 'nominal', title: null}, order: {field: 'order'},
        color: {
          field: 'part', type: 'nominal', title: null, legend: {columns: narrow ? 1 : 3},
          scale: {domain: parts, range: ['#9cc4e4', '#d1495b', '#b5d6b2', '#9b5094', '#c8ccd1', '#e07b39']},
        },
        tooltip: [{field: 'port'}, {field: 'part'}, {field: 'lines'}],
      },
    };
  },
  history: () => history.points.length && {
    data: {values: history.points}, mark: {type: 'line', point: {size: 50, cursor: 'pointer'}},
    encoding: {
      x: {field: 'started', type: 'ordinal', title: 'run', axis: {labelAngle: -40, labelLimit: 120}},
      y: quantity('speed', 'speed, first record = 1', {scale: {zero: false}}),
      color: kernel, strokeDash: device,
      tooltip: [{field: 'kernel'}, {field: 'device'}, {field: 'commit'}, {field: 'speed', format: '.3f'}],
    },
  },
};
async function draw(id, specification) {
  const box = byId('chart-' + id);
  if (!specification) {
    if (!box.closest('figure').hidden) box.append(make('p', 'No data.', 'dim'));
    return;
  }
  const full = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', width: 'container', height: 280, ...specification,
  };
  const {view} = await window.moatCharts(box, full, config);
  view.addEventListener('click', (e, item) => {
    const datum = item && item.datum;
    if (datum && datum.record !== undefined) showRecord(datum.record, datum.problem || datum.kernel);
  });
}
if (window.moatCharts) {
  Promise.all(Object.entries(specifications).map(([id, make]) => draw(id, make())))
      .then(() => { document.documentElement.dataset.ready = '1'; });
} else {
  byId('no-charts').hidden = false;
  for (const box of document.querySelectorAll('.chart')) box.closest('figure').hidden = true;
  document.documentElement.dataset.ready = '1';
}
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
