// Texts that lie on one another, that are cut off, or that reach beyond the screen, in words. Runs inside a page.

() => {
  const SLACK_PX = 1.5;
  const dialog = document.querySelector("dialog[open]");
  const root = dialog ?? document.body;
  for (const node of root.querySelectorAll("*")) if (getComputedStyle(node).contentVisibility === "auto") node.style.contentVisibility = "visible";

  /** For screen readers alone. */
  const isHeard = (node) => node !== null && (getComputedStyle(node).clipPath === "inset(50%)" || isHeard(node.parentElement));
  const isSeen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !node.closest(".skip, noscript, script, select, option") && !isHeard(node);
  const name = (node, text) => `${node.closest("[id]")?.id ?? ""} ${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""} "${text.trim().slice(0, 40)}"`;

  /** What of a box is seen: cut where its ancestors cut; `lost` says that one cuts what nobody can scroll to. */
  const cut = (box, node) => {
    let [left, right, top, bottom, lost] = [box.left, box.right, box.top, box.bottom, false];
    for (let above = node; above && above !== document.body; above = above.parentElement) {
      const { overflowX, overflowY, display } = getComputedStyle(above);
      if (overflowX === "visible" || display === "inline" || (above instanceof SVGElement && above.ownerSVGElement)) continue;
      const edge = above.getBoundingClientRect();
      if (overflowX === "hidden" || overflowX === "clip") lost ||= left < edge.left - SLACK_PX || right > edge.right + SLACK_PX;
      if (overflowY === "hidden" || overflowY === "clip") lost ||= top < edge.top - SLACK_PX - 3 || bottom > edge.bottom + SLACK_PX + 3;
      [left, right, top, bottom] = [Math.max(left, edge.left), Math.min(right, edge.right), Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
    }
    return { left, right, top, bottom, lost };
  };

  const found = [];
  const boxes = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || !isSeen(node)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const rect of range.getClientRects()) {
      const box = cut(rect, node);
      if (box.lost) found.push(`cut off: ${name(node, text.data)}`);
      const inset = (box.bottom - box.top) * 0.18;
      if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
      if (box.left < -SLACK_PX || box.right > document.documentElement.clientWidth + SLACK_PX) found.push(`beyond the screen: ${name(node, text.data)}`);
      boxes.push({ ...box, top: box.top + inset, bottom: box.bottom - inset, node, said: name(node, text.data) });
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  boxes.forEach((one, index) => {
    for (let next = index + 1; next < boxes.length && boxes[next].top < one.bottom - SLACK_PX; next += 1) {
      const other = boxes[next];
      if (other.node === one.node) continue;
      if (Math.min(one.right, other.right) - Math.max(one.left, other.left) > SLACK_PX) found.push(`on one another: ${one.said} and ${other.said}`);
    }
  });
  return [...new Set(found)];
}
