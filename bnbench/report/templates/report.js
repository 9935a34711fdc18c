// A click on a column's name sorts by it, another one the other way round.
const number = text => parseFloat(text.replaceAll(",", "").replace("−", "-").replace(/^[^\d.-]+/, ""));
const order = sign => (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (isNaN(x) && isNaN(y)) return sign * a.localeCompare(b, "en");
  return isNaN(x) - isNaN(y) || sign * (x - y);
};
for (const table of document.querySelectorAll("table")) {
  if (table.tBodies[0]?.rows.length < 2) continue;
  const heads = table.querySelectorAll("thead th");
  heads.forEach((th, column) => {
    const button = document.createElement("button");
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const sign = th.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const key = row => row.cells[column].textContent.trim(), compare = order(sign);
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
    });
  });
}

// Claims can be chosen by verdict and by article.
const claims = [...document.querySelectorAll(".claim")].map(claim => ({
  claim,
  verdict: claim.querySelector(".badge").textContent,
  article: claim.querySelector("summary").lastChild.textContent.trim().split(/[.:]/)[0],
}));
if (claims.length > 1) {
  const filter = document.createElement("div");
  filter.className = "filter";
  const chosen = {};
  for (const name of ["verdict", "article"]) {
    const label = document.createElement("label"), select = document.createElement("select");
    select.append(new Option("all", ""));
    for (const value of new Set(claims.map(one => one[name]))) select.append(new Option(value));
    label.append(`${name} `, select);
    filter.append(label);
    chosen[name] = select;
    select.addEventListener("change", () => {
      for (const one of claims)
        one.claim.hidden = Object.entries(chosen).some(([key, { value }]) => value && value !== one[key]);
    });
  }
  claims[0].claim.before(filter);
}

// On a phone a figure's panels stand below each other, its legend last, in one column. A wide panel
// becomes narrow, but its letters and marks keep their size, so that they can be read.
const phone = matchMedia("(max-width: 40rem)");
const NARROW = 300, LEAST = 150, MARK = 12;  // units: a panel, what is within its axes, a mark
const figures = [...document.querySelectorAll("figure svg")].map(svg => {
  const parts = [...svg.querySelectorAll("[data-part]")];
  const leaves = parts.flatMap(part => part.dataset.part === "axes" ? drawn(part) : [...part.children]);
  const looks = [...parts, ...leaves].map(one => [one, one.getAttribute("transform")]);
  return { svg, whole: svg.getAttribute("viewBox"), parts, looks };
});
function drawn(axes) {  // in pieces that are moved as a whole
  return [...axes.querySelectorAll("path, use, image, text, g[transform]")].filter(
    one => !one.parentElement.closest("defs, clipPath, [data-part] g[transform]"));
}
const besideIt = axes => drawn(axes)[0].getBBox().x - axes.getBBox().x;  // names left of the paper
function narrow(svg, axes, margin) {
  const view = svg.getBoundingClientRect(), unit = svg.viewBox.baseVal.width / view.width;
  const ends = one => {
    const box = one.getBoundingClientRect();
    return [(box.left - view.left) * unit, (box.right - view.left) * unit];
  };
  const pieces = drawn(axes).map(one => [one, ...ends(one)]), high = ends(axes)[1];
  const [paper, left, right] = pieces[0];
  const share = Math.max(LEAST, NARROW - margin - (high - right)) / (right - left);
  if (share >= 1) return;
  const shift = x => (share - 1) * (Math.min(Math.max(x, left), right) - left);
  const names = {};  // of the ticks below, by the height at which they stand
  for (const [one, from, to] of pieces) {
    const before = one.getAttribute("transform") ?? "", look = getComputedStyle(one);
    const stretched = /path|image/.test(one.tagName) || one.tagName === "use" && to - from > MARK;
    const at = look.textAnchor === "start" && !before ? from : (from + to) / 2;
    one.setAttribute("transform", stretched
      ? `matrix(${share} 0 0 1 ${(1 - share) * left} 0) ${before}` : `translate(${shift(at)} 0) ${before}`);
    const y = Number(one.getAttribute("y")), box = paper.getBBox();
    if (one.tagName === "text" && !before && y > box.y + box.height) (names[y] ??= []).push(one);
  }
  for (let row of Object.values(names)) {  // where they would touch, every other one goes
    while (row.some((one, i) => i && ends(one)[0] < ends(row[i - 1])[1] + 2)) {
      row.forEach((one, i) => { if (i % 2) one.style.display = "none"; });
      row = row.filter((_, i) => i % 2 === 0);
    }
  }
}
function unfold(legend) {  // its second column goes below its first, words below words
  const entries = [...legend.children], boxes = entries.map(entry => entry.getBBox());
  const middle = box => box.y + box.height / 2;
  const textFrom = first => entries.findIndex((entry, i) => i >= first && entry.querySelector("text"));
  const text = textFrom(0);
  const second = boxes.findIndex(
    (box, i) => i > text && Math.abs(middle(box) - middle(boxes[text])) < 3);
  if (second < 0) return;
  const bottom = Math.max(...boxes.slice(0, second).map(box => box.y + box.height));
  const top = Math.min(...boxes.slice(second, second + 2).map(box => box.y));  // mark, or words
  const [x, y] = [boxes[text].x - boxes[textFrom(second)].x, bottom - top + 4];
  for (const entry of entries.slice(second)) entry.setAttribute("transform", `translate(${x} ${y})`);
}
function stack({ svg, parts }) {  // the papers below each other, whatever names are beside them
  const axes = parts.filter(part => part.dataset.part === "axes");
  const margin = Math.max(0, ...axes.map(besideIt));
  for (const part of parts) part.dataset.part === "legend" ? unfold(part) : narrow(svg, part, margin);
  const boxes = parts.map(part => part.getBBox());
  const shifts = parts.map(part => axes.includes(part) ? margin - besideIt(part) : 0);
  const width = Math.max(LEAST * 2, ...boxes.map((box, i) => axes.includes(parts[i]) ? shifts[i] + box.width + 8 : 0));
  let height = 0;
  parts.forEach((part, i) => {
    const box = boxes[i], scale = Math.min(1, width / box.width);
    const left = 4 + shifts[i] - box.x * scale;
    part.setAttribute("transform", `translate(${left} ${height - box.y * scale}) scale(${scale})`);
    height += box.height * scale + 12;
  });
  svg.setAttribute("viewBox", `0 0 ${width + 8} ${height}`);
}
function lay() {
  for (const { svg, whole, parts, looks } of figures) {
    for (const [one, transform] of looks) {
      one.style.display = "";
      transform === null ? one.removeAttribute("transform") : one.setAttribute("transform", transform);
    }
    svg.setAttribute("viewBox", whole);
    if (phone.matches && parts.length) stack({ svg, parts });
  }
}
phone.addEventListener("change", lay);
lay();
