"use strict";
// All text goes in by textContent or createTextNode, never as markup.
const LAYERS = ["accusations", "denials", "casualties", "locations"];
const LABELS = ["accusation", "denial", "casualty", "location"];
const KINDS = ["missing", "spurious", "incorrect", "partial"];
const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function draw(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const find = (id) => document.getElementById(id);
const parse = (id) => JSON.parse(find(id).textContent);
const documents = parse("data-documents");
const byId = new Map(documents.map((each) => [each.id, each]));
const runs = parse("data-runs");
const systemName = ({ name, trained_on: on }) => `${name}${on ? ` (${on})` : ""}`;
const runNames = runs.map((run) =>
  `${systemName(run)}: ${run.task}${run.mentions === "gold" ? ", given mentions" : ""}`);

// A system that finds records in several tasks can be shown with all its layers at once: each
// from the task that says most of it.
const SAYS_MOST = { accusations: ["links", "claims", "spans"], denials: ["links", "claims", "spans"],
  casualties: ["casualties", "spans"], locations: ["places", "spans"] };
const whole = [];
for (const name of new Set(runs.map(systemName))) {
  const own = [...runs.keys()].filter((i) => systemName(runs[i]) === name && runs[i].mentions !== "gold");
  const parts = LAYERS.map((layer) => [layer, SAYS_MOST[layer]
    .flatMap((task) => own.filter((i) => runs[i].task === task))[0]]).filter(([, i]) => i !== undefined);
  if (new Set(parts.map(([, i]) => i)).size > 1) whole.push({ value: `all-${parts[0][1]}`, name: `${name}: all layers`, parts });
}

function together(parts) {
  const answers = parts.map(([, i]) => answersOf(String(i)));
  const common = Object.keys(answers[0]).filter((id) => answers.every((each) => id in each));
  return Object.fromEntries(common.map((id) => {
    const made = { pairs: {}, wrong: {}, contested: { claims: [], disputes: [] } };
    parts.forEach(([layer], number) => {
      const from = answers[number][id];
      made[layer] = from[layer];
      made.pairs[layer] = from.pairs[layer];
      for (const [kind] of from.pairs[layer])
        if (kind !== "correct") made.wrong[kind] = (made.wrong[kind] ?? 0) + 1;
      if (layer === "accusations") made.contested.claims = from.contested?.claims ?? [];
      if (layer === "casualties") made.contested.disputes = from.contested?.disputes ?? [];
    });
    return [id, made];
  }));
}

// What a run predicts is read when it is first shown.
const held = new Map();
function answersOf(value) {
  const combined = whole.find((each) => each.value === value);
  if (!combined && !runs[value]) return null;
  if (!held.has(value)) held.set(value, combined ? together(combined.parts) : parse(`data-run-${value}`));
  return held.get(value);
}
const shownAs = (value) => whole.find((each) => each.value === value)?.name ?? runNames[value];

// ---- tables that sort ------------------------------------------------------------------
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => {
        const cell = row.cells[column];
        return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
      };
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      });
      table.tBodies[0].append(...(down ? rows.reverse() : rows));
    });
  });
}
document.querySelectorAll("table.sortable").forEach(sortable);

// ---- state: it stands in the address, so that any view can be linked to -----------------
const filters = find("filters");
const distinct = (key) => [...new Set(documents.map((each) => each[key]))].sort();
function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, label]) => make("option", { value }, label)));
}
options(filters.elements.run, [["", "gold alone"], ...whole.map(({ value, name }) => [value, name]),
  ...runNames.map((name, i) => [String(i), name])]);
options(filters.elements.corpus, [["", "all"], ...distinct("corpus").map((x) => [x, x])]);
options(filters.elements.conflict, [["", "all"], ...distinct("conflict").map((x) => [x, x])]);
options(filters.elements.kind, [["", "any or none"], ...KINDS.map((x) => [x, x])]);

function state() {
  const hash = location.hash.slice(1);
  return new URLSearchParams(hash.includes("=") ? hash : "");
}

function shownLayers() {
  return [...filters.elements.layers].filter((box) => box.checked).map((box) => box.value);
}

function address(doc) {
  const given = new URLSearchParams();
  if (doc) given.set("doc", doc);
  for (const name of ["run", "corpus", "conflict", "kind", "search"]) {
    const value = filters.elements[name].value;
    if (value) given.set(name, value);
  }
  const layers = shownLayers();
  if (layers.length < LAYERS.length) given.set("layers", layers.join(","));
  return `#${given}`;
}

function wrongIn(doc, kind) {
  const wrong = answersOf(filters.elements.run.value)?.[doc.id]?.wrong ?? {};
  return kind ? wrong[kind] ?? 0 : Object.values(wrong).reduce((a, b) => a + b, 0);
}

function listed() {
  const { corpus, conflict, kind, search, run } = filters.elements;
  const words = search.value.toLowerCase();
  return documents
    .filter((doc) => !corpus.value || doc.corpus === corpus.value)
    .filter((doc) => !conflict.value || doc.conflict === conflict.value)
    .filter((doc) => !run.value || answersOf(run.value)[doc.id])
    .filter((doc) => !kind.value || wrongIn(doc, kind.value))
    .filter((doc) => `${doc.id} ${doc.title ?? ""}`.toLowerCase().includes(words))
    .map((doc) => ({ doc, wrong: wrongIn(doc, kind.value) }))
    .sort((a, b) => b.wrong - a.wrong || (a.doc.id < b.doc.id ? -1 : 1));
}

function fillList(current) {
  const rows = listed();
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  find("count").textContent = plural(rows.length, "document");
  find("list").replaceChildren(
    ...rows.map(({ doc, wrong }) => {
      const link = make("a", { href: address(doc.id) }, doc.title ?? doc.id);
      link.append(make("br"), make("small", {}, `${doc.id}${wrong ? `, ${plural(wrong, "error")}` : ""}`));
      if (doc.id === current) link.setAttribute("aria-current", "true");
      return make("li", {}, link);
    }),
  );
  return rows;
}

// ---- a text with its layers ---------------------------------------------------------------
const anchors = {
  accusations: (r) => [r.content],
  denials: (r) => [r.cue, r.content],
  casualties: (r) => [r.mention],
  locations: (r) => [r.mention],
};

function spansOf(side, layers) {
  return layers.flatMap((layer) =>
    (side[layer] ?? []).flatMap((record, index) =>
      anchors[layer](record)
        .filter(Boolean)
        .map(([start, end]) => ({ start, end, layer, index, id: record.id, wrong: side.wrong?.[layer]?.[index] })),
    ),
  );
}

function chips(labels, other, layers) {
  return labels
    .filter((label) => layers.includes(LAYERS[LABELS.indexOf(label)]))
    .map((label) => {
      const wrong = other && !other.includes(label);
      const chip = make("span", { class: `chip ${LAYERS[LABELS.indexOf(label)]}${wrong ? " wrong" : ""}` }, label);
      if (wrong) chip.title = "the other side has no such label here";
      return chip;
    });
}

function paint(doc, side, layers) {
  const body = make("div", { class: "text" });
  const spans = spansOf(side, layers).sort((a, b) => a.start - b.start || b.end - a.end);
  const ends = side.labels ? doc.sentences.map(([, end]) => end) : [];
  const cuts = [...new Set([0, doc.text.length, ...ends, ...spans.flatMap((s) => [s.start, s.end])])];
  cuts.sort((a, b) => a - b);
  for (let i = 0; i + 1 < cuts.length; i += 1) {
    const [start, end] = [cuts[i], cuts[i + 1]];
    let piece = document.createTextNode(doc.text.slice(start, end));
    const around = spans.filter((s) => s.start <= start && end <= s.end);
    for (const span of around.reverse()) {
      const mark = make("mark", { class: span.layer + (span.wrong ? " wrong" : "") }, piece);
      mark.dataset.record = `${span.layer}-${span.id ?? span.index}`;
      mark.title = `${LABELS[LAYERS.indexOf(span.layer)]}${span.wrong ? `: ${span.wrong}` : ""}`;
      piece = mark;
    }
    body.append(piece);
    const number = ends.indexOf(end);
    if (number >= 0) body.append(...chips(side.labels[number], side.otherLabels?.[number], layers));
  }
  return body;
}

function arrows(body, side) {
  body.querySelector("svg")?.remove();
  const links = (side.denials ?? []).flatMap((d) => (d.answers ?? []).map((key) => [d.id, key]));
  const box = body.getBoundingClientRect();
  const svg = draw("svg", { "aria-hidden": "true" });
  const marker = draw("marker", { id: "head", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
    orient: "auto" });
  marker.append(draw("path", { d: "M0,0L8,4L0,8z" }));
  svg.append(marker);
  for (const [denial, accusation] of links) {
    const [from, to] = [`denials-${denial}`, `accusations-${accusation}`].map((name) =>
      body.querySelector(`mark[data-record="${CSS.escape(name)}"]`)?.getClientRects()[0]);
    if (!from || !to) continue;
    const [x1, y1] = [from.left - box.left + 6, from.top - box.top];
    const [x2, y2] = [to.left - box.left + 6, to.bottom - box.top];
    const bend = Math.max(-12, Math.min(x1, x2) - 40);
    svg.append(draw("path", { class: "link", d: `M${x1},${y1}C${bend},${y1} ${bend},${y2} ${x2},${y2}`,
      "marker-end": "url(#head)" }));
  }
  if (svg.childElementCount > 1) body.append(svg);
}

// ---- tables under a text ------------------------------------------------------------------
function table(caption, head, rows, side) {
  const made = make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((x) => make("th", { scope: "col" }, x)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((x) => make("td", {}, x ?? "–"))))));
  return make("div", { class: "scroll", tabindex: "0", role: "region",
    "aria-label": side ? `${caption}, ${side}` : caption }, made);
}

const number = (n) => n.toLocaleString("en");
function bounds(low, high) {
  if (low === undefined && high === undefined) return "–";
  if (low === high) return number(low);
  if (high === undefined || high === null) return `at least ${number(low)}`;
  return low === undefined || low === null ? `at most ${number(high)}` : `${number(low)} to ${number(high)}`;
}

function tablesOf(doc, side, name) {
  const made = [];
  const contested = side.contested;
  if (contested?.claims.length) {
    made.push(table("Contested claims", ["who accuses", "whom", "of what", "status", "who denies"],
      contested.claims.map((c) => [c.source, c.target, `${c.act}: ${c.words ?? ""}`, c.status,
        c.answers.map((a) => `${a.source ?? "–"}: ${a.words ?? ""}`).join("; ")]), name));
  }
  if (side.casualties?.length) {
    made.push(table("Casualties", ["who is hurt", "number", "group", "side", "by whom", "incident", "words"],
      side.casualties.map((r) => [r.outcome, bounds(r.low, r.high), r.group, r.side, r.source_actor, r.incident,
        doc.text.slice(...r.mention)]), name));
  }
  if (contested?.disputes.length) {
    made.push(table("Figures that disagree", ["of", "by", "number", "words"],
      contested.disputes.flatMap((d) => d.figures.map((f) => [d.outcome, f.source, bounds(f.low, f.high), f.words])), name));
  }
  return made;
}

function errorsOf(doc, answer) {
  const words = (records, index, layer) => {
    const span = index === null ? null : anchors[layer](records[index]).findLast(Boolean);
    return span ? doc.text.slice(...span) : "–";
  };
  const rows = Object.entries(answer.pairs ?? {}).flatMap(([layer, pairs]) =>
    pairs
      .filter(([kind]) => kind !== "correct")
      .map(([kind, gold, own]) => [kind, LABELS[LAYERS.indexOf(layer)], words(doc[layer], gold, layer),
        words(answer[layer], own, layer)]));
  return rows.length ? [table("Errors", ["kind", "label", "gold", "system"], rows)] : [];
}

// ---- one document -------------------------------------------------------------------------
let painted = [];
function show(doc, focus) {
  const answer = answersOf(filters.elements.run.value)?.[doc.id];
  const layers = shownLayers();
  const gold = { ...doc, wrong: {}, labels: answer?.labels ? doc.labels : undefined, otherLabels: answer?.labels };
  const sides = [["Gold", gold]];
  if (answer) {
    const own = { ...answer, wrong: {}, otherLabels: doc.labels };
    for (const [layer, pairs] of Object.entries(answer.pairs ?? {})) {
      [gold.wrong[layer], own.wrong[layer]] = [{}, {}];
      for (const [kind, mine, other] of pairs) {
        if (kind === "correct") continue;
        if (mine !== null) gold.wrong[layer][mine] = kind;
        if (other !== null) own.wrong[layer][other] = kind;
      }
    }
    sides.push([shownAs(filters.elements.run.value), own]);
  }
  const title = make("h3", { tabindex: "-1", id: "document-title" }, doc.title ?? doc.id);
  const about = [doc.id, doc.corpus, doc.conflict, doc.genre, doc.date].filter(Boolean).join(" · ");
  const panes = make("div", { class: answer ? "panes" : "" });
  painted = sides.map(([name, side]) => {
    const body = paint(doc, side, layers);
    panes.append(make("section", { class: "pane", "aria-label": name }, make("h4", {}, name), body, ...tablesOf(doc, side, name)));
    return [body, layers.includes("denials") && layers.includes("accusations") ? side : {}];
  });
  find("document").replaceChildren(title, make("p", {}, make("small", {}, about)),
    panes, ...(answer ? errorsOf(doc, answer) : []));
  painted.forEach(([body, side]) => arrows(body, side));
  document.title = `${doc.title ?? doc.id} – Counterclaim report`;
  if (focus) title.focus();
}
new ResizeObserver(() => painted.forEach(([body, side]) => arrows(body, side))).observe(find("document"));

function route(event) {
  const given = state();
  for (const name of ["run", "corpus", "conflict", "kind", "search"]) {
    if (event || given.has(name)) filters.elements[name].value = given.get(name) ?? "";
    if (filters.elements[name].selectedIndex === -1) filters.elements[name].value = "";
  }
  const layers = given.has("layers") ? given.get("layers").split(",") : LAYERS;
  for (const box of filters.elements.layers) box.checked = layers.includes(box.value);
  const rows = fillList(given.get("doc"));
  const doc = byId.get(given.get("doc")) ?? rows[0]?.doc;
  if (doc) show(doc, Boolean(event) && given.has("doc"));
  else find("document").replaceChildren();
  if (!event && given.has("doc")) find("documents").scrollIntoView();
}
window.addEventListener("hashchange", (event) => {
  if (location.hash.includes("=")) route(event);
});
filters.addEventListener("input", () => {
  history.replaceState(null, "", address(state().get("doc")));
  const rows = fillList(state().get("doc"));
  const doc = byId.get(state().get("doc")) ?? rows[0]?.doc;
  if (doc) show(doc, false);
});
filters.addEventListener("submit", (event) => event.preventDefault());
if (!state().has("run")) {
  // At first one that has most layers to show beside gold.
  const best = runs.reduce((a, run, i) => (run.layers.length > runs[a].layers.length ? i : a), 0);
  filters.elements.run.value = whole[0]?.value ?? String(best);
}
route(null);

// ---- map ----------------------------------------------------------------------------------
const world = find("world");
const placed = [...runs.keys()].filter((i) => runs[i].task === "places");
options(find("map-run"), [...placed.map((i) => [String(i), runNames[i]]), ["", "gold alone"]]);
options(find("map-conflict"), [["", "all"], ...distinct("conflict").map((x) => [x, x])]);
let view = [-1800, -900, 3600, 1500];

function look(next) {
  view = next;
  world.setAttribute("viewBox", view.join(" "));
  const size = view[2] / 250;
  for (const circle of world.querySelectorAll("circle")) circle.setAttribute("r", size);
  for (const cross of world.querySelectorAll(".cross")) {
    const [x, y] = [Number(cross.dataset.x), Number(cross.dataset.y)];
    cross.setAttribute("d", `M${x - size},${y - size}l${2 * size},${2 * size}M${x - size},${y + size}l${2 * size},${-2 * size}`);
  }
}

function zoom(factor, [x, y] = [view[0] + view[2] / 2, view[1] + view[3] / 2]) {
  const [width, height] = [Math.min(3600, view[2] * factor), Math.min(1500, view[3] * factor)];
  look([x - width / 2, y - height / 2, width, height]);
}

function fillMap() {
  const value = find("map-run").value;
  const answers = answersOf(value);
  const conflict = find("map-conflict").value;
  const rows = [];
  const at = (r) => (r?.lat === undefined ? null : [10 * r.lon, -10 * r.lat]);
  for (const doc of documents) {
    if (conflict && doc.conflict !== conflict) continue;
    const answer = answers?.[doc.id];
    if (answers && !answer) continue;
    const pairs = answer?.pairs.locations ?? doc.locations.map((_, i) => ["gold", i, null]);
    for (const [kind, gold, own, km] of pairs) {
      const [mine, other] = [doc.locations[gold], answer?.locations[own]];
      rows.push({ doc, kind, km: km ?? null, name: (mine ?? other).name, gold: at(mine), own: at(other) });
    }
  }
  rows.sort((a, b) => (b.km ?? -1) - (a.km ?? -1));
  const shapes = [];
  const body = rows.map((row) => {
    const group = draw("g");
    if (row.gold && row.own) group.append(draw("line", { x1: row.gold[0], y1: row.gold[1], x2: row.own[0], y2: row.own[1] }));
    if (row.gold) group.append(draw("circle", { cx: row.gold[0], cy: row.gold[1] }));
    if (row.own) {
      const cross = draw("path", { class: "cross" });
      [cross.dataset.x, cross.dataset.y] = row.own;
      group.append(cross);
    }
    const tip = draw("title");
    tip.textContent = row.km === null ? row.name : `${row.name}: ${number(row.km)} km off`;
    group.append(tip);
    shapes.push(group);
    const center = row.gold ?? row.own;
    const button = make("button", { type: "button" }, row.name);
    button.disabled = !center;
    button.addEventListener("click", () => {
      world.querySelectorAll(".chosen").forEach((each) => each.classList.remove("chosen"));
      group.querySelectorAll("line, circle, .cross").forEach((each) => each.classList.add("chosen"));
      const reach = row.gold && row.own
        ? Math.max(150, 2.4 * Math.abs(row.gold[0] - row.own[0]), 5.8 * Math.abs(row.gold[1] - row.own[1])) : 300;
      look([center[0] - reach / 2, center[1] - reach / 4.8, reach, reach / 2.4]);
    });
    const link = make("a", { href: `#${new URLSearchParams({ doc: row.doc.id, run: value })}` }, row.doc.id);
    return make("tr", {}, make("th", { scope: "row" }, button), make("td", {}, link), make("td", {}, row.kind),
      make("td", { class: "number" }, row.km === null ? "–" : number(row.km)));
  });
  find("places").replaceChildren(...shapes);
  find("distances").tBodies[0].replaceChildren(...body);
  look(view);
}
find("map-run").addEventListener("input", fillMap);
find("map-conflict").addEventListener("input", fillMap);
find("zoom-in").addEventListener("click", () => zoom(0.5));
find("zoom-out").addEventListener("click", () => zoom(2));
find("zoom-all").addEventListener("click", () => look([-1800, -900, 3600, 1500]));
const pan = (right, down) => look([view[0] + right * view[2], view[1] + down * view[3], view[2], view[3]]);
const KEYS = { ArrowLeft: () => pan(-0.1, 0), ArrowRight: () => pan(0.1, 0), ArrowUp: () => pan(0, -0.1),
  ArrowDown: () => pan(0, 0.1), "+": () => zoom(0.5), "-": () => zoom(2) };
world.addEventListener("keydown", (event) => {
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
world.addEventListener("pointerdown", (event) => world.setPointerCapture(event.pointerId));
world.addEventListener("pointermove", (event) => {
  if (!world.hasPointerCapture(event.pointerId)) return;
  const scale = 1 / world.getScreenCTM().a; // units of the map in a pixel
  pan(-event.movementX * scale / view[2], -event.movementY * scale / view[3]);
});
fillMap();
