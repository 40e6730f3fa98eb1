(() => {
  const EVERY = 3000; // milliseconds between two looks
  const parts = ["page.head", "page.main", "page.foot"];
  const get = (id) => document.getElementById(id);

  /** Folds by place: a node by its id, what is folded inside of it by its class. */
  function folds() {
    const found = new Map();
    for (const one of document.querySelectorAll("details")) found.set(key(one), one.open);
    return found;
  }

  function key(details) {
    if (details.id) return details.id;
    return `${details.closest("details.node").id} ${details.className}`;
  }

  function chosen() {
    return new Map([...document.querySelectorAll("form.tools :is(input, select)")].map((one) => [one.id || one.name, one.value]));
  }

  /** Where the keyboard is: the node whose line has it, or a tool. */
  function focused() {
    const one = document.activeElement;
    if (one?.matches("details.node > summary")) return one.parentElement.id;
    return one?.id ?? "";
  }

  function restore(open, values, focus, left) {
    for (const one of document.querySelectorAll("details")) if (open.has(key(one))) one.open = open.get(key(one));
    for (const one of document.querySelectorAll("form.tools :is(input, select)")) {
      const value = values.get(one.id || one.name) ?? "";
      if (one.matches("input") || [...one.options].some((option) => option.value === value)) one.value = value;
    }
    document.dispatchEvent(new Event("grove:fresh"));
    const target = focus && get(focus);
    if (target) (target.matches("details.node") ? target.firstElementChild : target).focus({ preventScroll: true });
    scrollTo({ left: 0, top: left, behavior: "instant" });
  }

  async function refresh(version) {
    const answer = await fetch("./", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [open, values, focus, top] = [folds(), chosen(), focused(), scrollY];
    for (const id of parts) get(id).replaceWith(document.adoptNode(fresh.getElementById(id)));
    document.title = fresh.title;
    document.body.dataset.version = version;
    restore(open, values, focus, top);
  }

  function complain(words) {
    let box = get("page.trouble");
    if (!words) return box?.remove();
    if (!box) {
      box = document.createElement("p");
      box.id = "page.trouble";
      box.setAttribute("role", "status");
      document.body.prepend(box);
    }
    if (box.textContent !== words) box.textContent = words;
  }

  async function look() {
    try {
      const answer = await fetch("version", { cache: "no-store" });
      const { version, trouble } = await answer.json();
      if (version !== document.body.dataset.version) await refresh(version);
      complain(trouble);
    } catch {
      complain("The server does not answer; this is what it last told.");
    }
    setTimeout(look, EVERY);
  }

  setTimeout(look, EVERY);
})();
