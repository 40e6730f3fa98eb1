"use strict";
(() => {
  const get = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const state = { texts: new WeakMap() };

  // ---- the tree -----------------------------------------------------------------------------------
  const nodes = () => all("details.node");
  const above = (node) => node.parentElement.closest("details.node");
  const setOpen = (nodes, open) => { for (const node of nodes) node.open = open; };

  function reveal(node) {
    for (let one = node; one; one = above(one)) one.open = true;
  }

  function follow() {
    const node = get(decodeURIComponent(location.hash.slice(1)));
    if (!node || !node.matches("details.node")) return;
    if (node.closest("[hidden]")) clear();
    reveal(node);
    node.scrollIntoView();
    node.firstElementChild.focus({ preventScroll: true });
  }

  const reachable = () => all("details.node > summary").filter((one) => one.checkVisibility());

  function steer(event) {
    const summary = event.target.closest("details.node > summary");
    if (!summary || event.target !== summary || event.altKey || event.ctrlKey || event.metaKey) return;
    const node = summary.parentElement;
    const list = reachable();
    const at = list.indexOf(summary);
    const goal = {
      ArrowDown: () => list[at + 1],
      ArrowUp: () => list[at - 1],
      Home: () => list[0],
      End: () => list[list.length - 1],
      ArrowRight: () => (node.open ? node.querySelector(":scope details.node > summary") : void (node.open = true)),
      ArrowLeft: () => (node.open ? void (node.open = false) : above(node)?.firstElementChild),
    }[event.key];
    if (!goal) return;
    event.preventDefault();
    goal()?.focus();
  }

  // ---- filters ------------------------------------------------------------------------------------
  const tools = () => document.querySelector("form.tools");

  /** What a node says, without what its children say. */
  function text(node) {
    if (!state.texts.has(node)) {
      const parts = [...node.children].filter((part) => !part.matches("ul.children"));
      state.texts.set(node, parts.map((part) => part.textContent).join(" ").toLowerCase());
    }
    return state.texts.get(node);
  }

  function fits(node, words, chosen) {
    const isFilteredGroup = node.matches(".group") && chosen.some(([name]) => name === "status" || name === "verdict");
    return !isFilteredGroup
      && chosen.every(([name, value]) => node.dataset[name] === value)
      && words.every((word) => text(node).includes(word));
  }

  function filter() {
    const words = get("page.search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = all("select", tools()).filter((one) => one.value).map((one) => [one.name, one.value]);
    const found = nodes().filter((node) => fits(node, words, chosen));
    const seen = new Set();
    for (const node of found) for (let one = node; one && !seen.has(one); one = above(one)) seen.add(one);
    for (const node of nodes()) node.parentElement.hidden = !seen.has(node);
    const questions = nodes().filter((node) => !node.matches(".group"));
    const shown = questions.filter((node) => found.includes(node)).length;
    const active = words.length > 0 || chosen.length > 0;
    if (active) for (const node of found) if (above(node)) reveal(above(node));
    get("page.found").textContent = active ? `${shown} of ${questions.length} questions` : "";
    get("page.none").hidden = seen.size > 0 || !active;
  }

  function clear() {
    tools().reset();
    filter();
  }

  // ---- words at the pointer -----------------------------------------------------------------------
  /** A value of a plot in words: its name, its row of the table, its seeds. */
  function numbers(value, title) {
    const table = value.closest(".body").querySelector("table.numbers");
    const row = table.tBodies[0].rows[all("g.value", value.parentElement).indexOf(value)];
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const cells = [...row.cells].map((cell) => cell.textContent.trim());
    const known = cells.map((cell, at) => (at && /[^\s–]/.test(cell) ? `${heads[at]} ${cell}` : ""));
    const [name, seeds] = [title.slice(0, title.lastIndexOf("; by seed ")), title.slice(title.lastIndexOf("; by seed ") + 2)];
    return title.includes("; by seed ") ? [name, ...known.filter(Boolean), seeds].join("; ") : title;
  }

  /** What assistive technology needs to be told, which would be heavy to write at every place. */
  function label() {
    for (const title of all("svg > title, g.value > title")) {
      const words = title.parentElement.matches("g") ? numbers(title.parentElement, title.textContent) : title.textContent;
      title.parentElement.setAttribute("aria-label", words); // as a title it would pop up over ours
      title.remove();
    }
    for (const commands of all(".commands")) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "copy", textContent: "Copy" });
      commands.querySelector("pre").before(button);
    }
    for (const run of all(".runs a:not([href])")) {
      const query = { showDrillDownRunModal: true, runIdToExpand: run.textContent, runIdStatus: run.dataset.status ?? "COMPLETED" };
      run.href = `${get("page.omniboard").getAttribute("href")}?${new URLSearchParams(query)}`;
      run.rel = "noreferrer";
    }
    for (const glyph of all("i, svg.key")) glyph.setAttribute("aria-hidden", "true");
    for (const value of all("g.value")) {
      value.setAttribute("role", "img");
      value.tabIndex = 0;
    }
    for (const box of all(".scroll, pre")) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${box.dataset.is ?? "Table"} of ${box.closest("details.node").id}`);
    }
  }

  function tell(event) {
    const value = event.target.closest?.("g.value");
    if (!value) return hush();
    const tip = get("page.tip");
    tip.replaceChildren(...value.getAttribute("aria-label").split("; ").map((words, at) => {
      const line = document.createElement(at ? "span" : "b");
      line.textContent = words;
      return line;
    }));
    tip.hidden = false;
    const box = value.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    const aside = box.right + own.width + 16 <= wide;
    const left = aside ? box.right + 8 : Math.min(Math.max(8, box.left), wide - own.width - 8);
    const top = aside ? box.top : box.bottom + 6;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${top + scrollY}px`;
  }

  function hush() {
    get("page.tip").hidden = true;
  }

  // ---- copying, printing --------------------------------------------------------------------------
  async function copy(button) {
    const commands = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(commands.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(commands); // where the clipboard is closed to pages, the keys still work
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  let folded = [];
  function unfoldForPrint() {
    folded = all("details:not([open])");
    setOpen(folded, true);
  }

  // ---- what the user does -------------------------------------------------------------------------
  function press(event) {
    if (event.key === "Escape") return escape(event);
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      get("page.search").focus();
      return;
    }
    if (!typing) steer(event);
  }

  function escape(event) {
    if (!get("page.tip").hidden) return hush();
    if (event.target.closest("form.tools")) {
      clear();
      get("page.search").blur();
    }
  }

  function click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "page.expand") setOpen(nodes(), true);
    if (button.id === "page.collapse") setOpen(nodes(), false);
    if (button.id === "page.clear") clear();
    if (button.matches(".copy")) copy(button);
  }

  function prepare() {
    tools().hidden = false;
    label();
    filter();
  }

  document.addEventListener("click", click);
  document.addEventListener("keydown", press);
  document.addEventListener("input", (event) => { if (event.target.closest("form.tools")) filter(); });
  document.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("pointerover", tell);
  document.addEventListener("focusin", tell);
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", unfoldForPrint);
  addEventListener("afterprint", () => setOpen(folded, false));
  document.addEventListener("grove:fresh", prepare);
  addEventListener("load", () => requestAnimationFrame(follow)); // after the browser's own jump to the fragment
  prepare();
})();
