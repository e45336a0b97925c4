/* Put before every document, in every frame: notes what is executed, keeps the page where it is,
 * and does with a page what a reader could do.
 */
(() => {
  "use strict";
  const wait = window.setTimeout.bind(window);
  const seen = { executed: [], stopped: 0 };

  /** Note a call in this frame and in those around it; a frame of another origin can't reach them. */
  function note(name) {
    for (let frame = window; ; frame = frame.parent) {
      try {
        frame.hostile.seen.executed.push(name);
      } catch {
        return;
      }
      if (frame === frame.parent) {
        return;
      }
    }
  }

  for (const name of ["alert", "confirm", "prompt", "print", "open", "eval", "Function"]) {
    window[name] = function () {
      note(name);
      return null;
    };
  }
  for (const name of ["setTimeout", "setInterval"]) {
    const real = window[name].bind(window);
    window[name] = (act, ...more) => (typeof act === "string" ? note(name) : real(act, ...more));
  }
  document.addEventListener("securitypolicyviolation", () => {
    seen.stopped += 1;
  });
  // An address that is code leads nowhere and tells nothing here; any other would end the page.
  window.navigation.addEventListener("navigate", (event) => {
    if (event.cancelable) {
      event.preventDefault();
    }
  });

  const EVENTS = [
    "load", "error", "focus", "mouseover", "mouseenter", "pointerover", "toggle", "animationend",
  ];

  /** Point at, focus and click all there is, as patiently as nobody would. */
  async function use(root) {
    for (const part of [root, ...root.querySelectorAll("*")]) {
      for (const name of EVENTS) {
        part.dispatchEvent(new Event(name));
      }
      part.focus?.();
      part.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    }
    await new Promise((resolve) => wait(resolve, 20));
  }

  /** Put a page's text into an element, as a script that fetched it might. */
  async function within(address) {
    const text = await (await fetch(address)).text();
    const holder = document.createElement("div");
    document.documentElement.append(holder);
    holder.innerHTML = text;
    return holder;
  }

  function schemeOf(address) {
    try {
      return new URL(address).protocol;
    } catch {
      return "";
    }
  }

  /** List what of a comment's nodes isn't allowed. */
  function outside(root, allowed, schemes) {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === Node.TEXT_NODE) {
        continue;
      }
      const names = node.namespaceURI === root.namespaceURI && allowed[node.localName];
      if (!names) {
        found.push(node.nodeName);
        continue;
      }
      found.push(...[...node.attributes].map((each) => each.name).filter((name) => !names.includes(name)));
      if (node.href !== undefined && !schemes.includes(schemeOf(node.href))) {
        found.push(node.href);
      }
    }
    return found;
  }

  function faults(root, allowed, schemes) {
    return [...root.querySelectorAll(".said")].flatMap((said) => outside(said, allowed, schemes));
  }

  /** Look at this page and use it, first as it came, then put into an element. */
  async function look(allowed, schemes) {
    const found = { comments: document.querySelectorAll(".said").length };
    found.outside = faults(document, allowed, schemes);
    await use(document.documentElement);
    found.asDocument = seen.executed.splice(0).length;
    const holder = await within(location.href);
    found.outside.push(...faults(holder, allowed, schemes));
    await use(holder);
    found.asElement = seen.executed.splice(0).length;
    found.stopped = seen.stopped;
    return found;
  }

  /** Use the pages in this page's frames likewise; tells of which something was executed. */
  async function live() {
    const used = [...document.querySelectorAll("iframe")].map(async (frame) => {
      const { hostile, document: inner } = frame.contentWindow;
      await hostile.use(inner.documentElement);
      await hostile.use(await hostile.within(frame.src));
      return hostile.seen.executed.length > 0;
    });
    return Promise.all(used);
  }

  window.hostile = { seen, use, within, look, live };
})();
