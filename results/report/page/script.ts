/**
 * The page's own script, as text: it is part of the report's bytes, which must not depend on what compiled it.
 * It draws the figures of the inlined data with Chart.js, offers their figures as tables and files, and keeps theme,
 * legends and printing.
 */
export const PAGE_SCRIPT = String.raw`
'use strict';
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const root = document.documentElement;
  const COLOURS = 8;
  const DASHES = [[7, 4], [2, 3], [], [12, 3, 2, 3], [5, 2], [9, 3], [2, 2, 6, 2], [1, 3], [], [14, 4], [3, 6], [8, 2, 2, 2]];
  const WINDOW_NAMES = { fault: 'faults', throttle: 'throttled', checkpoint: 'checkpoints' };
  const WINDOW_SHOWN = { fault: true, throttle: true, checkpoint: false };
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const charts = [];

  const significant = (value) => {
    if (value === 0) return '0';
    const size = Math.abs(value);
    const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text.replace(/\B(?=(\d{3})+$)/g, ',');
  };
  const formatNs = (ns) => {
    if (Math.abs(ns) < 999.5) return significant(ns) + ' ns';
    if (Math.abs(ns) < 999.5e3) return significant(ns / 1e3) + ' µs';
    if (Math.abs(ns) < 999.5e6) return significant(ns / 1e6) + ' ms';
    return significant(ns / 1e9) + ' s';
  };
  const formatPercentile = (x) => {
    const share = 100 * (1 - 1 / x);
    const decimals = Math.max(1, Math.ceil(Math.log10(x) - 1e-9) - 1);
    return share.toFixed(decimals).replace(/\.?0+$/, '') + ' %';
  };
  const formatted = (axis, value) =>
    axis.format === 'ns' ? formatNs(value)
      : axis.format === 'percentile' ? formatPercentile(value)
        : axis.format === 'category' ? (axis.categories[value] || '')
          : significant(value) + (axis.suffix ? ' ' + axis.suffix : '');
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const modeColour = (style) => colour('--mode-' + (style % COLOURS));
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const swatch = (style, bar) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', 'swatch');
    svg.setAttribute('viewBox', '0 0 32 10');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [name, value] of [['x1', 0], ['y1', 5], ['x2', 32], ['y2', 5], ['stroke-dasharray', bar ? '' : DASHES[style].join(' ')]]) line.setAttribute(name, value);
    line.style.stroke = 'var(--mode-' + (style % COLOURS) + ')';
    if (bar) line.style.strokeWidth = '10';
    svg.append(line);
    return svg;
  };
  for (const place of document.querySelectorAll('[data-swatch]')) place.prepend(swatch(Number(place.dataset.swatch)));

  const powers = (axis) => {
    const low = Math.floor(Math.log10(axis.min) + 1e-9);
    const high = Math.ceil(Math.log10(axis.max) - 1e-9);
    const steps = high - low <= 2 ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = low; power <= high; power++) {
      for (const step of steps) {
        const value = step * 10 ** power;
        if (value >= axis.min * 0.999 && value <= axis.max * 1.001) ticks.push({ value });
      }
    }
    if (ticks.length > 1) axis.ticks = ticks;
  };

  const scaleOf = (axis, values, isX, small) => {
    const category = axis.format === 'category';
    const scale = {
      type: category ? 'category' : axis.scale === 'log' ? 'logarithmic' : 'linear',
      title: { display: !category && !(small && isX), text: axis.title, color: colour('--muted') },
      grid: { color: colour('--grid'), display: !category },
      border: { color: colour('--edge') },
      ticks: {
        color: colour('--muted'),
        maxRotation: category ? 40 : 0,
        autoSkip: !category,
        autoSkipPadding: 14,
        includeBounds: axis.scale === 'log',
      },
    };
    if (category) return scale;
    scale.ticks.callback = (value) => (axis.format === 'number' ? significant(value) : axis.format === 'percentile' ? formatPercentile(value).replace(' %', '') : formatNs(value));
    if (axis.scale === 'log') {
      const low = values.reduce((a, b) => Math.min(a, b), Infinity);
      const high = values.reduce((a, b) => Math.max(a, b), 0);
      // A flat line at the lowest or highest value does not lie on the frame.
      scale.min = isX ? low : 10 ** (Math.floor(Math.log10(low) * 4 - 0.2) / 4);
      scale.max = isX ? high : 10 ** (Math.ceil(Math.log10(high) * 4 + 0.2) / 4);
      scale.afterBuildTicks = powers;
    } else {
      scale.beginAtZero = true;
      if (isX) scale.max = values.reduce((a, b) => Math.max(a, b), 0);
    }
    return scale;
  };

  const styleOf = (chart) => {
    for (const dataset of chart.data.datasets) {
      dataset.borderColor = dataset.backgroundColor = modeColour(dataset.mode);
    }
    for (const scale of Object.values(chart.options.scales)) {
      scale.title.color = scale.ticks.color = colour('--muted');
      scale.grid.color = colour('--grid');
      scale.border.color = colour('--edge');
    }
  };

  // Spans of the x axis, shaded behind the lines; a strip at the foot carries the line's colour. Labels of faults stand
  // in rows, so that none covers another.
  const shading = (figure, isShown) => ({
    id: 'windows',
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      const shown = figure.windows.filter(isShown);
      // The more lines have windows of their own, the fainter each, or they would add up to a wall.
      const owners = [...new Set(shown.map(({ mode }) => mode).filter((mode) => mode >= 0))];
      for (const span of shown) {
        const from = Math.max(chartArea.left, scales.x.getPixelForValue(span.from));
        const until = Math.min(chartArea.right, scales.x.getPixelForValue(span.until));
        const width = Math.max(1, until - from);
        const row = Math.max(0, owners.indexOf(span.mode));
        ctx.save();
        ctx.fillStyle = span.mode >= 0 ? modeColour(figure.modes[span.mode].style) : colour('--bad');
        ctx.globalAlpha = (span.kind === 'fault' ? 0.16 : 0.09) / (span.mode >= 0 ? owners.length : 1);
        ctx.fillRect(from, chartArea.top, width, chartArea.bottom - chartArea.top);
        ctx.globalAlpha = 0.9;
        ctx.fillRect(from, chartArea.bottom - 3 * (row + 1), width, 3);
        ctx.restore();
      }
    },
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      const ends = [];
      const said = new Set();
      ctx.save();
      ctx.font = '11px ' + Chart.defaults.font.family;
      ctx.textBaseline = 'top';
      for (const span of figure.windows) {
        if (span.kind !== 'fault' || !isShown(span)) continue;
        const room = chartArea.right - chartArea.left;
        const width = Math.min(room, ctx.measureText(span.label).width + 8);
        const begin = Math.max(chartArea.left, scales.x.getPixelForValue(span.from));
        const from = Math.min(begin, chartArea.right - width);
        // What happened to several lines at once is said once.
        const once = span.label + '@' + Math.floor(begin / 4);
        if (said.has(once)) continue;
        said.add(once);
        let row = ends.findIndex((end) => end <= from);
        if (row < 0) row = ends.length;
        if (row > 5) continue;
        ends[row] = from + width;
        ctx.globalAlpha = 0.8;
        ctx.fillStyle = colour('--card');
        ctx.fillRect(from, chartArea.top + 1 + row * 16, width, 15);
        ctx.globalAlpha = 1;
        ctx.fillStyle = colour('--text');
        ctx.fillText(span.label, from + 4, chartArea.top + 3 + row * 16, width - 8);
      }
      ctx.restore();
    },
  });

  const linesOf = (figure) => figure.series.map((series) => {
    const { group } = series;
    const points = [];
    for (let i = 0; i < series.points.length; i += 2) {
      points.push({ x: series.points[i], y: series.points[i + 1] === null ? NaN : series.points[i + 1] });
    }
    const style = figure.modes[series.mode].style;
    const shared = {
      label: figure.modes[series.mode].name + (figure.groups.length > 1 ? ', ' + figure.groups[group].name : ''),
      data: points,
      mode: style,
      modeIndex: series.mode,
      group,
      hidden: !figure.groups[group].shown,
      borderColor: modeColour(style),
      backgroundColor: modeColour(style),
    };
    if (figure.kind === 'bars') return { ...shared, data: points.map(({ y }) => y), stack: 'all' };
    const alone = (i) => {
      const y = (k) => (k < 0 || k >= points.length ? NaN : points[k].y);
      return Number.isNaN(y(i - 1)) && Number.isNaN(y(i + 1));
    };
    return {
      ...shared,
      borderDash: DASHES[style],
      // Solid lines lie below the others, which would be hidden by them.
      order: DASHES[style].length === 0 ? 1 : 0,
      borderWidth: group === 0 || figure.choice ? 2.25 : 1.1,
      pointRadius: points.map((_, i) => (alone(i) ? 2 : 0)),
      pointHitRadius: 6,
    };
  });

  // The figure's numbers as rows: x, then a column for each line.
  const rowsOf = (figure) => {
    const names = figure.series.map(({ mode, group }) => figure.modes[mode].name + (figure.groups.length > 1 ? ', ' + figure.groups[group].name : ''));
    const byX = new Map();
    figure.series.forEach(({ points }, column) => {
      for (let i = 0; i < points.length; i += 2) {
        if (!byX.has(points[i])) byX.set(points[i], new Array(names.length).fill(null));
        byX.get(points[i])[column] = points[i + 1];
      }
    });
    const xs = [...byX.keys()].sort((a, b) => a - b);
    return { names, rows: xs.map((x) => [x, ...byX.get(x)]) };
  };
  const xValue = (axis, x) => (axis.format === 'percentile' ? 100 * (1 - 1 / x) : axis.format === 'category' ? axis.categories[x] : x);
  const quoted = (value) => {
    const text = value === null ? '' : String(value);
    // A cell that begins like a formula is none.
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const yTitle = (figure) => figure.y.title + (figure.y.format === 'ns' ? ', in ns' : '');
  const csvOf = (figure) => {
    const { names, rows } = rowsOf(figure);
    return [[figure.x.title, ...names].map(quoted).join(','), ...rows.map(([x, ...ys]) => [xValue(figure.x, x), ...ys].map(quoted).join(','))].join('\r\n') + '\r\n';
  };
  const jsonOf = (figure) => JSON.stringify({
    title: figure.title,
    x: figure.x.title,
    y: yTitle(figure),
    lines: figure.series.map(({ mode, group, points }) => ({
      mode: figure.modes[mode].name,
      group: figure.groups[group].name,
      points: points.reduce((pairs, value, i) => (i % 2 ? pairs[pairs.length - 1].push(value) : pairs.push([xValue(figure.x, value)]), pairs), []),
    })),
  }, null, 1) + '\n';

  const save = (name, href) => {
    const link = element('a', { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  };
  const saveText = (name, type, text) => {
    const href = URL.createObjectURL(new Blob([text], { type }));
    save(name, href);
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  };
  const stemOf = (figure) => figure.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60) || 'chart';
  const pngOf = (canvas) => {
    const painted = element('canvas', { width: canvas.width, height: canvas.height });
    const context = painted.getContext('2d');
    context.fillStyle = colour('--card');
    context.fillRect(0, 0, painted.width, painted.height);
    context.drawImage(canvas, 0, 0);
    return painted.toDataURL('image/png');
  };

  const dataPart = (figure, place, canvas, drawn) => {
    const details = element('details', { className: 'data' }, element('summary', { textContent: 'Table and downloads' }));
    details.addEventListener('toggle', () => {
      if (details.childElementCount > 1) return;
      const buttons = element('div', { className: 'downloads' });
      const add = (text, action) => {
        const button = element('button', { type: 'button', textContent: text });
        button.setAttribute('aria-label', 'Download ' + figure.title + ' as ' + text);
        button.addEventListener('click', action);
        buttons.append(button);
      };
      add('CSV', () => saveText(stemOf(figure) + '.csv', 'text/csv', csvOf(figure)));
      add('JSON', () => saveText(stemOf(figure) + '.json', 'application/json', jsonOf(figure)));
      for (const { name, text, from } of figure.files) {
        const given = () => (text === undefined ? figures[from].files.find((file) => file.name === name).text : text);
        add(name, () => saveText(name, 'text/plain', given()));
      }
      add('PNG', () => { drawn(); save(stemOf(figure) + '.png', pngOf(canvas)); });
      const { names, rows } = rowsOf(figure);
      const body = rows.map(([x, ...ys]) => element('tr', {},
        element('th', { scope: 'row', textContent: formatted(figure.x, x) }),
        ...ys.map((y) => element('td', { textContent: y === null ? '' : formatted(figure.y, y) }))));
      const table = element('table', {},
        element('caption', { textContent: figure.title + ': ' + figure.y.title.replace(', log scale', '') }),
        element('thead', {}, element('tr', {}, ...[figure.x.title, ...names].map((name) => element('th', { scope: 'col', textContent: name })))),
        element('tbody', {}, ...body));
      const scroll = element('div', { className: 'scroll', tabIndex: 0 }, table);
      scroll.setAttribute('role', 'region');
      scroll.setAttribute('aria-label', 'Table of ' + figure.title);
      details.append(buttons, scroll);
    });
    place.append(details);
  };

  const prepare = (figure, place) => {
    const bars = figure.kind === 'bars';
    const small = place.classList.contains('small');
    const canvas = place.querySelector('canvas');
    const shownModes = figure.modes.map(() => true);
    const shownGroups = figure.groups.map(({ shown }) => shown);
    const shownWindows = { ...WINDOW_SHOWN };
    const isShown = ({ kind, mode, group }) =>
      shownWindows[kind] && (mode < 0 || shownModes[mode]) && (group < 0 || shownGroups[group]);
    let chart;
    const show = () => {
      if (!chart) return;
      chart.data.datasets.forEach((dataset, i) => chart.setDatasetVisibility(i, shownModes[dataset.modeIndex] && shownGroups[dataset.group]));
      chart.update('none');
    };
    const draw = () => {
      if (chart) return;
      const all = (offset) => figure.series.flatMap(({ points }) => points.filter((value, i) => i % 2 === offset && value !== null));
      const scales = { x: scaleOf(figure.x, all(0), true, small), y: scaleOf(figure.y, all(1), false, small) };
      if (bars) scales.x.stacked = scales.y.stacked = true;
      chart = new Chart(canvas, {
        type: bars ? 'bar' : 'line',
        data: bars ? { labels: figure.x.categories, datasets: linesOf(figure) } : { datasets: linesOf(figure) },
        options: {
          animation: false,
          parsing: bars ? undefined : false,
          normalized: true,
          responsive: true,
          maintainAspectRatio: false,
          interaction: bars ? { mode: 'index', intersect: false } : { mode: 'nearest', axis: 'x', intersect: false },
          scales,
          plugins: {
            legend: { display: false },
            colors: { enabled: false },
            tooltip: {
              callbacks: {
                title: (items) => (items.length === 0 ? '' : bars ? items[0].label : formatted(figure.x, items[0].parsed.x)),
                label: (item) => item.dataset.label + ': ' + formatted(figure.y, item.parsed.y),
              },
            },
          },
        },
        plugins: figure.windows.length > 0 ? [shading(figure, isShown)] : [],
      });
      charts.push(chart);
    };

    const legend = place.querySelector('.legend');
    const toggle = (text, shown, index, mark, others) => {
      const button = element('button', { type: 'button' });
      button.setAttribute('aria-pressed', String(shown[index]));
      if (mark) button.append(mark);
      button.append(text);
      if (others) { button.className = 'choice'; others.push(button); }
      button.addEventListener('click', () => {
        if (others) others.forEach((other, i) => { shown[i] = i === index; other.setAttribute('aria-pressed', String(i === index)); });
        else {
          shown[index] = !shown[index];
          button.setAttribute('aria-pressed', String(shown[index]));
        }
        draw();
        show();
      });
      legend.append(button);
    };
    figure.modes.forEach(({ name, style }, i) => toggle(name, shownModes, i, swatch(style, bars)));
    const kinds = [...new Set(figure.windows.map(({ kind }) => kind))];
    if (figure.groups.length > 1 || kinds.length > 0) legend.append(element('span', { className: 'gap' }));
    const alternatives = figure.choice ? [] : undefined;
    if (figure.groups.length > 1) figure.groups.forEach(({ name }, i) => toggle(name, shownGroups, i, undefined, alternatives));
    for (const kind of kinds) toggle(WINDOW_NAMES[kind], shownWindows, kind);
    dataPart(figure, place, canvas, draw);
    return draw;
  };

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  // What can be seen is drawn at once, the rest when there is time.
  const waiting = [...document.querySelectorAll('figure[data-figure]')].map((place) => prepare(figures[Number(place.dataset.figure)], place));
  const drawSome = () => {
    for (const started = performance.now(); waiting.length > 0 && performance.now() - started < 30;) waiting.shift()();
    if (waiting.length > 0) setTimeout(drawSome, 0);
    else root.dataset.drawn = 'true';
  };
  const drawAll = () => {
    while (waiting.length > 0) waiting.shift()();
    root.dataset.drawn = 'true';
  };
  drawSome();
  // For fvp bench report --png: the pictures of all charts, where the program finds them.
  if (location.hash === '#pictures') {
    drawAll();
    for (const chart of charts) { chart.resize(); chart.update('none'); }
    const pictures = charts.map((chart) => ({
      name: stemOf(figures[Number(chart.canvas.closest('figure').dataset.figure)]),
      base64: pngOf(chart.canvas).split(',')[1],
    }));
    document.body.append(element('script', { type: 'text/plain', id: 'pictures', textContent: JSON.stringify(pictures) }));
  }

  const restyle = () => {
    for (const chart of charts) {
      styleOf(chart);
      chart.update('none');
    }
  };
  const button = document.querySelector('.theme');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches);
  const nameButton = () => { button.textContent = isDark() ? 'Light theme' : 'Dark theme'; };
  button.hidden = false;
  nameButton();
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    nameButton();
    restyle();
  });
  systemDark.addEventListener('change', () => { nameButton(); restyle(); });

  let themeBeforePrint;
  addEventListener('beforeprint', () => {
    drawAll();
    themeBeforePrint = root.dataset.theme;
    root.dataset.theme = 'light';
    restyle();
    for (const chart of charts) chart.resize();
  });
  addEventListener('afterprint', () => {
    if (themeBeforePrint === undefined) delete root.dataset.theme;
    else root.dataset.theme = themeBeforePrint;
    restyle();
    for (const chart of charts) chart.resize();
  });
})();
`;
