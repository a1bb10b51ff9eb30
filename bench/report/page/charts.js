// SPDX-License-Identifier: Apache-2.0
// The one entry of the bundle: the page calls moatCharts(element, specification).
import embed from 'vega-embed';

window.moatCharts = (element, specification, config) =>
  embed(element, specification, {actions: false, renderer: 'svg', config});
