(() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push(`overflow: ${root.scrollWidth} > ${root.clientWidth}`);
  const channels = (colour) => {
    const canvas = (window.probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((each, i) => each * a + [R, G, B][i] * (1 - a));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(channels(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((each) => (each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
  const drawing = document.getElementById("drawing"); // a picture that is out of date is pale on purpose
  for (const node of document.querySelectorAll("body *")) {
    const written = [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    if (!written || !visible(node) || drawing.contains(node) || node.closest("[aria-hidden=true], .pair, script, option")) continue;
    const style = getComputedStyle(node);
    const below = ground(node);
    const [a, b] = [light(over(channels(style.color), below)), light(below)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5 && !node.disabled) faults.push(`contrast: ${contrast.toFixed(2)} ${node.tagName} ${node.className} ${node.textContent.slice(0, 30)}`);
    if (parseFloat(style.fontSize) < 11) faults.push(`small: ${style.fontSize} ${node.textContent.slice(0, 30)}`);
  }
  for (const node of document.querySelectorAll("button, a[href], input, select, textarea, summary, [role=button], [role=tab], [role=img], [role=tabpanel], [contenteditable=true]")) {
    if (!visible(node)) continue;
    const referred = (node.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    const label = [...(node.labels ?? [])].map((each) => each.textContent).join(" ");
    const own = /^(BUTTON|A|SUMMARY|svg|g|rect|path)$/.test(node.tagName) ? node.textContent : "";
    if (![node.getAttribute("aria-label"), referred, label, own].some((each) => each?.trim())) faults.push(`name: ${node.outerHTML.slice(0, 80)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of new Set(ids)) if (ids.filter((each) => each === id).length > 1) faults.push(`twice: #${id}`);
  return JSON.stringify(faults);
})()
