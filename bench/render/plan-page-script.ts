/** Style and script of a plan's page, as text: they are part of its bytes. */
export const PLAN_PAGE_STYLE = `
.plan-controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.2rem; margin-bottom: 0.6rem; }
.plan-controls label, .plan-axis label { color: var(--muted); font-size: 0.9rem; }
select {
  font: inherit; font-size: 0.9rem; color: var(--text); background: var(--card); border: 1px solid var(--edge);
  border-radius: 0.45rem; padding: 0.2rem 0.4rem; max-width: 100%;
}
.plan-wide { border: 0; border-radius: 0; }
.plan-wide > div { min-width: max-content; }
.plan-table { max-height: 34rem; overflow: auto; }
.plan-table thead th { position: sticky; top: 0; background: var(--card); z-index: 1; }
.plan-table thead th:first-child { z-index: 2; }
.plan-table th button { border: 0; padding: 0; background: none; color: inherit; font-weight: 600; font-size: inherit; }
.plan-table tr.chosen > * { background: var(--warn-page); }
.plan-legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; font-size: 0.9rem; margin-bottom: 0.5rem; }
.plan-legend i { display: inline-block; width: 1.4rem; height: 0.25rem; vertical-align: middle; margin-right: 0.4rem; }
.plan-chosen { min-height: 1.6rem; margin: 0.7rem 0 0; max-width: none; }
.plan-chosen code { font-size: 0.88rem; overflow-wrap: anywhere; }
td.plan-why, th.plan-why { text-align: left; white-space: normal; min-width: 16rem; }
svg.plan { display: block; width: 100%; height: auto; overflow: visible; }
svg.plan text { fill: var(--muted); font-size: 12px; font-family: inherit; }
svg.plan .title { fill: var(--text); font-weight: 600; }
svg.plan .line { fill: none; stroke-width: 1.4; stroke-opacity: 0.6; }
svg.plan .line.chosen { stroke-width: 4; stroke-opacity: 1; }
svg.plan .grid { stroke: var(--grid); }
svg.plan .axis { stroke: var(--edge); stroke-width: 1.5; }
svg.plan .hit { fill: transparent; cursor: crosshair; }
svg.plan .range { fill: var(--accent); fill-opacity: 0.25; stroke: var(--accent); pointer-events: none; }
svg.plan .mark { cursor: pointer; stroke-width: 2; }
svg.plan .ring { fill: none; stroke: var(--text); stroke-width: 1.5; pointer-events: none; }
@media print { .plan-controls, .plan-table th button { display: none; } }
`;

export const PLAN_PAGE_SCRIPT = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('plan-data').textContent);
  const at = (name) => document.querySelector('[data-plan="' + name + '"]');
  const MODES = ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'];
  const NS = 'http://www.w3.org/2000/svg';
  let part = data[0];
  let ranges = new Map();
  let chosen = -1;
  let sorted = { axis: -1, up: true };

  const svgElement = (name, attributes, text) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const colour = (mode) => 'var(--mode-' + Math.max(0, MODES.indexOf(mode)) + ')';

  // Positions from 0 to 1: names by their place, numbers by their logarithm where they span a factor of ten or more.
  const scaleOf = (axis) => {
    const values = part.rows.map((row) => row.values[axis][0]).filter((value) => value !== null);
    const distinct = [...new Set(values)].sort((a, b) => a - b);
    if (distinct.length === 0) return { at: () => null, ticks: [] };
    const texts = new Map(part.rows.map((row) => [row.values[axis][0], row.values[axis][1]]));
    const low = distinct[0];
    const high = distinct[distinct.length - 1];
    if (!part.axes[axis].numeric && distinct.length <= 12) {
      const place = (value) => (distinct.length === 1 ? 0.5 : distinct.indexOf(value) / (distinct.length - 1));
      return { at: place, ticks: distinct.map((value) => [place(value), texts.get(value)]) };
    }
    const log = low > 0 && high / low >= 10;
    const bend = log ? Math.log : (value) => value;
    const place = (value) =>
      value === null ? null : high === low ? 0.5 : (bend(value) - bend(low)) / (bend(high) - bend(low));
    const ticks = [];
    for (const value of distinct) {
      const position = place(value);
      const wanted = ticks.length / 4;
      if (position >= wanted - 1e-9 && (ticks.length === 0 || position - ticks[ticks.length - 1][0] > 0.1))
        ticks.push([position, texts.get(value)]);
    }
    const last = [1, texts.get(high)];
    if (ticks[ticks.length - 1][0] < 1) {
      if (1 - ticks[ticks.length - 1][0] < 0.12) ticks.pop();
      ticks.push(last);
    }
    return { at: place, ticks };
  };

  const within = (row) => {
    for (const [axis, [low, high]] of ranges) {
      const position = scales[axis].at(row.values[axis][0]);
      if (position === null || position < low - 1e-9 || position > high + 1e-9) return false;
    }
    return true;
  };
  let scales = [];

  const drawField = () => {
    const holder = at('field');
    const width = Math.max(280, Math.min(1500, holder.clientWidth));
    const height = Math.max(260, Math.min(560, width * 0.5));
    const left = 78;
    const bottom = 44;
    const x = Number(at('x').value);
    const y = Number(at('y').value);
    const svg = svgElement('svg', { class: 'plan', viewBox: '0 0 ' + width + ' ' + height, role: 'img' });
    svg.setAttribute('aria-label', part.axes[y].name + ' by ' + part.axes[x].name + '; the table holds the figures');
    const across = (position) => left + 10 + position * (width - left - 30);
    const up = (position) => height - bottom - 10 - position * (height - bottom - 34);
    let before = -100;
    for (const [position, text] of scales[x].ticks) {
      svg.append(svgElement('line', { class: 'grid', x1: across(position), x2: across(position), y1: 20, y2: height - bottom }));
      if (across(position) - before < 62) continue;
      before = across(position);
      svg.append(svgElement('text', { x: across(position), y: height - bottom + 16, 'text-anchor': position > 0.95 ? 'end' : 'middle' }, text));
    }
    for (const [position, text] of scales[y].ticks) {
      svg.append(svgElement('line', { class: 'grid', x1: left, x2: width - 10, y1: up(position), y2: up(position) }));
      svg.append(svgElement('text', { x: left - 8, y: up(position) + 4, 'text-anchor': 'end' }, text));
    }
    svg.append(svgElement('text', { class: 'title', x: width - 10, y: height - 8, 'text-anchor': 'end' }, part.axes[x].name + ' →'));
    svg.append(svgElement('text', { class: 'title', x: 0, y: 12 }, '↑ ' + part.axes[y].name));
    for (const [index, row] of part.rows.entries()) {
      const [px, py] = [scales[x].at(row.values[x][0]), scales[y].at(row.values[y][0])];
      if (px === null || py === null || !within(row)) continue;
      const size = index === chosen ? 9 : 5.5;
      if (row.best) svg.append(svgElement('circle', { class: 'ring', cx: across(px), cy: up(py), r: size + 4 }));
      const mark = row.saturated
        ? svgElement('path', { d: 'M' + (across(px) - size) + ',' + (up(py) - size) + 'l' + 2 * size + ',' + 2 * size + 'm0,' + -2 * size + 'l' + -2 * size + ',' + 2 * size, fill: 'none' })
        : svgElement('circle', { cx: across(px), cy: up(py), r: size, fill: row.met === false ? 'none' : colour(row.mode) });
      mark.setAttribute('class', 'mark');
      mark.setAttribute('stroke', colour(row.mode));
      mark.setAttribute('pointer-events', 'all');
      mark.append(svgElement('title', {}, row.label));
      mark.addEventListener('click', () => choose(index));
      svg.append(mark);
    }
    holder.replaceChildren(svg);
  };

  const drawCoordinates = () => {
    const holder = at('coordinates');
    const room = holder.parentElement.clientWidth;
    const width = Math.max(room, 110 * part.axes.length);
    const height = 380;
    const [top, foot] = [34, 24];
    const svg = svgElement('svg', { class: 'plan', viewBox: '0 0 ' + width + ' ' + height, role: 'img' });
    svg.style.width = width + 'px';
    svg.setAttribute('aria-label', 'Parallel coordinates of all points; the table holds the figures');
    const across = (axis) => (part.axes.length === 1 ? width / 2 : 60 + (axis * (width - 130)) / (part.axes.length - 1));
    const down = (position) => height - foot - position * (height - top - foot);
    for (const [index, row] of part.rows.entries()) {
      if (!within(row)) continue;
      const places = row.values.map(([value], axis) => [across(axis), scales[axis].at(value)]);
      const d = places.filter(([, y]) => y !== null).map(([x, y], i) => (i === 0 ? 'M' : 'L') + x.toFixed(1) + ',' + down(y).toFixed(1)).join('');
      const line = svgElement('path', { class: 'line' + (index === chosen ? ' chosen' : ''), d, stroke: colour(row.mode) });
      line.append(svgElement('title', {}, row.label));
      line.addEventListener('click', () => choose(index));
      svg.append(line);
    }
    for (const [axis, { name }] of part.axes.entries()) {
      const x = across(axis);
      svg.append(svgElement('line', { class: 'axis', x1: x, x2: x, y1: top, y2: height - foot }));
      svg.append(svgElement('text', { class: 'title', x, y: 14, 'text-anchor': 'middle' }, name));
      for (const [position, text] of scales[axis].ticks)
        svg.append(svgElement('text', { x: x + 7, y: down(position) + 4, 'paint-order': 'stroke', stroke: 'var(--card)', 'stroke-width': 4 }, text));
      const range = ranges.get(axis);
      if (range) svg.append(svgElement('rect', { class: 'range', x: x - 9, width: 18, y: down(range[1]) - 3, height: down(range[0]) - down(range[1]) + 6 }));
      const hit = svgElement('rect', { class: 'hit', x: x - 16, y: top - 6, width: 32, height: height - top - foot + 12 });
      hit.addEventListener('pointerdown', (event) => brush(event, axis, svg, (clientY) => {
        const box = svg.getBoundingClientRect();
        const y = ((clientY - box.top) / box.height) * height;
        return Math.max(0, Math.min(1, (height - foot - y) / (height - top - foot)));
      }));
      svg.append(hit);
    }
    holder.replaceChildren(svg);
  };

  const brush = (event, axis, svg, positionOf) => {
    event.preventDefault();
    const start = positionOf(event.clientY);
    let end = start;
    const move = (later) => { end = positionOf(later.clientY); };
    const stop = () => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', stop);
      const [low, high] = [Math.min(start, end), Math.max(start, end)];
      // A mere click lets the axis go again.
      if (high - low < 0.01) ranges.delete(axis);
      else ranges.set(axis, [low, high]);
      draw();
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop);
  };

  const drawTable = () => {
    const order = [...part.rows.keys()].filter((index) => within(part.rows[index]));
    if (sorted.axis >= 0) {
      const value = (index) => part.rows[index].values[sorted.axis][0] ?? Infinity;
      order.sort((a, b) => (sorted.up ? 1 : -1) * (value(a) - value(b)) || a - b);
    }
    at('count').textContent = order.length + ' of ' + part.rows.length + ' points; choose a heading to sort by it.';
    const anyMet = part.rows.some((row) => row.met !== null);
    const head = element('tr', {}, ...part.axes.map(({ name }, axis) => {
      const button = element('button', { type: 'button', textContent: name + (sorted.axis === axis ? (sorted.up ? ' ↑' : ' ↓') : '') });
      button.addEventListener('click', () => {
        sorted = { axis, up: sorted.axis === axis ? !sorted.up : true };
        drawTable();
      });
      const cell = element('th', { scope: 'col' }, button);
      cell.setAttribute('aria-sort', sorted.axis === axis ? (sorted.up ? 'ascending' : 'descending') : 'none');
      return cell;
    }), ...(anyMet ? [element('th', { scope: 'col', textContent: 'met' })] : []));
    const body = order.map((index) => {
      const row = part.rows[index];
      const cells = row.values.map(([, text], axis) =>
        axis === 0 ? element('th', { scope: 'row', textContent: text }) : element('td', { textContent: text }));
      if (anyMet)
        cells.push(element('td', { className: row.met ? 'good' : 'bad', textContent: row.met ? 'yes' : row.saturated ? 'saturated' : 'no' }));
      const line = element('tr', { className: index === chosen ? 'chosen' : '' }, ...cells);
      line.addEventListener('click', () => choose(index));
      return line;
    });
    at('table').replaceChildren(element('thead', {}, head), element('tbody', {}, ...body));
  };

  const choose = (index) => {
    chosen = chosen === index ? -1 : index;
    draw();
  };

  const draw = () => {
    drawField();
    drawCoordinates();
    drawTable();
    const row = part.rows[chosen];
    at('chosen').replaceChildren(...(row === undefined ? [] : [element('code', { textContent: row.command })]));
  };

  const load = () => {
    scales = part.axes.map((_, axis) => scaleOf(axis));
    ranges = new Map();
    chosen = -1;
    for (const name of ['x', 'y'])
      at(name).replaceChildren(...part.axes.map((axis, index) => element('option', { value: index, textContent: axis.name })));
    const find = (name) => part.axes.findIndex((axis) => axis.name === name);
    const measured = part.axes.findIndex((axis) => !axis.varied);
    at('x').value = Math.max(0, [find('price'), find('reads p99'), measured].find((index) => index >= 0) ?? 0);
    at('y').value = Math.max(0, [find('writes p99'), measured].find((index) => index >= 0) ?? part.axes.length - 1);
    const modes = MODES.filter((mode) => part.rows.some((row) => row.mode === mode));
    at('legend').replaceChildren(...modes.map((mode) => {
      const line = element('i', {});
      line.style.background = colour(mode);
      return element('span', {}, line, mode);
    }));
    draw();
  };

  for (const name of ['x', 'y']) at(name).addEventListener('change', drawField);
  at('reset').addEventListener('click', () => { ranges = new Map(); draw(); });
  const workload = at('workload');
  if (workload !== null) workload.addEventListener('change', () => { part = data[Number(workload.value)]; load(); });
  addEventListener('resize', () => { drawField(); drawCoordinates(); });
  if (data.length > 0 && part.axes.length > 0 && part.rows.length > 0) load();
})();
`;
