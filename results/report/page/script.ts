/**
 * The page's own script, as text: it is part of the report's bytes, which must not depend on what compiled it.
 * It draws the figures of the inlined data with Chart.js, and keeps theme, legends and printing.
 */
export const PAGE_SCRIPT = String.raw`
'use strict';
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const root = document.documentElement;
  const DASHES = [[7, 4], [2, 3], [], [12, 3, 2, 3], [5, 2], [9, 3], [2, 2, 6, 2], [1, 3]];
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const charts = [];

  const significant = (value) => {
    if (value === 0) return '0';
    const size = Math.abs(value);
    const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  };
  const formatNs = (ns) => {
    if (ns < 999.5) return significant(ns) + ' ns';
    if (ns < 999.5e3) return significant(ns / 1e3) + ' µs';
    if (ns < 999.5e6) return significant(ns / 1e6) + ' ms';
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
        : significant(value) + (axis.suffix ? ' ' + axis.suffix : '');
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  const swatch = (style) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('class', 'swatch');
    svg.setAttribute('viewBox', '0 0 32 10');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [name, value] of [['x1', 0], ['y1', 5], ['x2', 32], ['y2', 5], ['stroke-dasharray', DASHES[style].join(' ')]]) line.setAttribute(name, value);
    line.style.stroke = 'var(--mode-' + style + ')';
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

  const scaleOf = (axis, values, isX) => {
    const scale = {
      type: axis.scale === 'log' ? 'logarithmic' : 'linear',
      title: { display: true, text: axis.title, color: colour('--muted') },
      grid: { color: colour('--grid') },
      border: { color: colour('--edge') },
      ticks: {
        color: colour('--muted'),
        maxRotation: 0,
        autoSkip: true,
        autoSkipPadding: 14,
        includeBounds: axis.scale === 'log',
        callback: (value) => (axis.format === 'number' ? significant(value) : axis.format === 'percentile' ? formatPercentile(value).replace(' %', '') : formatNs(value)),
      },
    };
    if (axis.scale === 'log') {
      const low = values.reduce((a, b) => Math.min(a, b), Infinity);
      const high = values.reduce((a, b) => Math.max(a, b), 0);
      scale.min = isX ? 1 : 10 ** (Math.floor(Math.log10(low) * 4) / 4);
      scale.max = isX ? high : 10 ** (Math.ceil(Math.log10(high) * 4 + 0.01) / 4);
      scale.afterBuildTicks = powers;
    } else {
      scale.beginAtZero = true;
      if (isX) scale.max = values.reduce((a, b) => Math.max(a, b), 0);
    }
    return scale;
  };

  const styleOf = (chart) => {
    for (const dataset of chart.data.datasets) {
      dataset.borderColor = dataset.backgroundColor = colour('--mode-' + dataset.mode);
    }
    for (const scale of Object.values(chart.options.scales)) {
      scale.title.color = scale.ticks.color = colour('--muted');
      scale.grid.color = colour('--grid');
      scale.border.color = colour('--edge');
    }
  };

  const draw = (figure, element) => {
    const alone = (points, i) => {
      const y = (k) => (k < 0 || k >= points.length ? NaN : points[k].y);
      return Number.isNaN(y(i - 1)) && Number.isNaN(y(i + 1));
    };
    const datasets = figure.series.map((series) => {
      const group = figure.groups.findIndex(({ name }) => name === series.group);
      const points = [];
      for (let i = 0; i < series.points.length; i += 2) {
        points.push({ x: series.points[i], y: series.points[i + 1] === null ? NaN : series.points[i + 1] });
      }
      return {
        label: figure.modes[series.mode].name + (figure.groups.length > 1 ? ', ' + series.group : ''),
        data: points,
        mode: figure.modes[series.mode].style,
        modeIndex: series.mode,
        group,
        borderDash: DASHES[figure.modes[series.mode].style],
        borderWidth: group === 0 ? 2.25 : 1.1,
        pointRadius: points.map((_, i) => (alone(points, i) ? 2 : 0)),
        pointHitRadius: 6,
        hidden: !figure.groups[group].shown,
      };
    });
    const all = (offset) => figure.series.flatMap(({ points }) => points.filter((value, i) => i % 2 === offset && value !== null));
    const canvas = element.querySelector('canvas');
    const chart = new Chart(canvas, {
      type: 'line',
      data: { datasets },
      options: {
        animation: false,
        parsing: false,
        normalized: true,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: 'nearest', axis: 'x', intersect: false },
        scales: { x: scaleOf(figure.x, all(0), true), y: scaleOf(figure.y, all(1), false) },
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              title: (items) => (items.length === 0 ? '' : formatted(figure.x, items[0].parsed.x)),
              label: (item) => item.dataset.label + ': ' + formatted(figure.y, item.parsed.y),
            },
          },
        },
      },
    });
    styleOf(chart);
    chart.update('none');
    charts.push(chart);

    const shownModes = figure.modes.map(() => true);
    const shownGroups = figure.groups.map(({ shown }) => shown);
    const legend = element.querySelector('.legend');
    const toggle = (text, shown, index, mark) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', String(shown[index]));
      if (mark) button.append(mark);
      button.append(text);
      button.addEventListener('click', () => {
        shown[index] = !shown[index];
        button.setAttribute('aria-pressed', String(shown[index]));
        datasets.forEach((dataset, i) => chart.setDatasetVisibility(i, shownModes[dataset.modeIndex] && shownGroups[dataset.group]));
        chart.update('none');
      });
      legend.append(button);
    };
    figure.modes.forEach(({ name, style }, i) => toggle(name, shownModes, i, swatch(style)));
    if (figure.groups.length > 1) {
      const gap = document.createElement('span');
      gap.className = 'gap';
      legend.append(gap);
      figure.groups.forEach(({ name }, i) => toggle(name, shownGroups, i));
    }
  };

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const element of document.querySelectorAll('figure[data-figure]')) draw(figures[Number(element.dataset.figure)], element);

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
