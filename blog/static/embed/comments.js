// <blog-comments article="…">: the comments of an article and the form for the next, on any page.
// Asks no server but the blog's, and keeps nothing in the browser before somebody posts.
const STYLE = `
:host { display: block; overflow-wrap: anywhere; color: var(--blog-ink, inherit); font-family: var(--blog-font, inherit);
  --_q: var(--blog-quiet, color-mix(in srgb, currentcolor 76%, transparent));
  --_l: var(--blog-line, color-mix(in srgb, currentcolor 20%, transparent));
  --_a: var(--blog-accent, light-dark(#0c5956, #7fd1c7));
  --_w: var(--blog-warn, light-dark(#94300f, #fdba74)) }
:host([hidden]), :empty:is(p, div, span) { display: none }
* { box-sizing: border-box; margin: 0 }
[part=list], ol ol { list-style: none; padding: 0 }
ol ol { padding-inline-start: 1rem; border-inline-start: 2px solid var(--_l) }
article { padding-block: 1rem .5rem }
header, footer, [part=hint] { font-size: .875em }
a, [part=badge], [part=action] { color: var(--_a) }
header a, footer a, [part=hint] { color: var(--_q) }
[part=waiting], [part=error], [part=problem] a { color: var(--_w) }
label, [part=title], [part=badge], [part=waiting], [part=error], [part~=button] { font-weight: 600 }
[part=text] > * { margin-block: .4em }
[part=text] :is(ol, ul) { list-style: revert; padding-inline-start: 1.5rem }
pre { white-space: pre-wrap }
blockquote { padding-inline-start: 1rem; border-inline-start: 3px solid var(--_l) }
footer, [part=row] { display: flex; flex-wrap: wrap; align-items: center; gap: 0 1rem }
form, [part=problem] { margin-block: 1rem; padding: 1rem; border: 1px solid var(--_l) }
label { display: block; padding-block: 1rem .25rem }
[part=hint] { font-weight: 400 }
button, [part=field] { min-block-size: 44px; padding: .6rem .75rem; font: inherit; color: inherit; background: none; border: 1px solid var(--_q) }
form, button, [part=field], [part=problem] { border-radius: var(--blog-radius, 8px) }
[part=field] { display: block; inline-size: 100% }
option { color: CanvasText; background: Canvas }
textarea[part] { min-block-size: 8rem }
[part=check] { display: flex; flex-flow: row-reverse wrap; gap: 0 .75rem }
[part=check] label { flex: 1; font-weight: 400; padding-block: .6rem }
[part=check] p { inline-size: 100% }
[type=checkbox] { inline-size: 1.5rem; block-size: 1.5rem; margin: .6rem 0; accent-color: var(--_a) }
[part=row] { gap: .75rem; margin-block-start: 1rem }
button { cursor: pointer }
[part~=button] { color: var(--_a); border-color: currentcolor }
[part=button] { color: var(--blog-on-accent, Canvas); background: var(--_a) }
[part=problem], [aria-invalid] { border-color: var(--_w) }
[part=action] { padding: 0; border: 0; text-decoration: underline }
footer a { padding-block: .7rem }
`;
const WORDS = {
  count: "Comments ({n})",
  none: "No comments yet",
  author: "Author",
  pinned: "Pinned",
  edited: "edited",
  answers: "in answer to {name}",
  removed: "This comment was removed.",
  withdrawn: "This comment was withdrawn by its writer.",
  pending: "Waiting for review. Only you can see this.",
  unsaved: "Your edit waits for review. Others see what stood before.",
  reply: "Reply",
  replyTo: "Reply to {name}",
  report: "Report",
  more: "More replies ({n})",
  newest: "Older comments",
  oldest: "Later comments",
  write: "Write a comment",
  name: "Your name",
  email: "Email",
  optional: "optional, never shown",
  body: "Comment",
  follow: "Tell me about replies by email",
  post: "Post comment",
  cancel: "Cancel",
  edit: "Edit",
  save: "Save",
  withdraw: "Withdraw",
  sure: "Really withdraw?",
  until: "until {time}",
  problem: "There is a problem",
  away: "The site can’t be reached at this moment.",
  foreign: "The site takes nothing from this page.",
  page: "Go to the site’s own page.",
};
const LEVELS = 3;
// What the server's cleaning leaves in a comment: a second wall, should the first ever break.
const ALLOWED = "A BLOCKQUOTE BR CODE EM LI OL P PRE STRONG UL".split(" ");

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
const policy = globalThis.trustedTypes?.createPolicy("blog-comments", { createHTML: (html) => html });

// Make an element, named as "tag:part".
export function make(name, given = {}, ...children) {
  const [tag, part] = name.split(":");
  const node = document.createElement(tag);
  if (part) node.setAttribute("part", part);
  for (const [key, value] of Object.entries(given)) {
    if (key === "onclick") node.onclick = value;
    else if (value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);

const parsed = (html) => new DOMParser().parseFromString(policy?.createHTML(html) ?? html, "text/html").body;

const cleaned = (nodes) => [...nodes].map((node) => {
  const { nodeName, href, childNodes } = node;
  if (!ALLOWED.includes(nodeName)) return node.textContent;
  return make(nodeName, /^(https?|mailto):/.test(href) ? { href, rel: "ugc nofollow" } : {}, ...cleaned(childNodes));
});

// What both elements have: words, a server, a form, and a sentence for when nothing goes.
export class BlogElement extends HTMLElement {
  static observedAttributes = ["article"];
  #ids = 0;

  connectedCallback() {
    // Moved in its page it keeps what was typed.
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.load();
  }

  attributeChangedCallback() {
    if (!this.shadowRoot) return;
    this.own = [];
    this.load();
  }

  // Begin anew, with the attributes and words of now.
  async load() {
    const { shadowRoot } = this;
    // What the page itself has in this place stays until there is more to see.
    shadowRoot.replaceChildren(make("slot"));
    const given = this.querySelector(":scope > script")?.textContent;
    this.words = { ...WORDS, ...this.constructor.words, ...(given && JSON.parse(given)), ...this.strings };
    this.server = new URL(this.getAttribute("server") ?? "..", import.meta.url).href.replace(/\/*$/, "/");
    const article = this.article = this.getAttribute("article");
    const content = await this.content().catch((problem) => [make("p:away", { role: "status" }, ...this.excuse(problem)), this.children[1] && make("slot")]);
    if (article === this.article) shadowRoot.replaceChildren(...content.filter(Boolean));
  }

  async ask(path, method = "GET", headers = {}, body) {
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.server}api/v1/${path}`, { method, headers, body: body && JSON.stringify(body), credentials: "omit" }).catch(async (gone) => {
      if (method !== "POST") throw gone;
      // A site that doesn't know this page won't even be asked, but is there.
      await this.ask(`${path}/token`);
      throw { isForeign: true };
    });
    const said = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok) throw said;
    return { ...said, etag: answer.headers.get("ETag") };
  }

  // Say what is wrong, with a way out where nothing can be done here.
  excuse(problem) {
    const { words } = this;
    const { detail, isForeign } = problem;
    // For who made the page.
    if (!detail) console.warn(problem);
    const href = this.querySelector("a")?.href ?? this.server + this.path;
    return detail ? [detail] : [isForeign ? words.foreign : words.away, " ", make("a", { href }, words.page)];
  }

  // Make a form of fields, each [name, label, tag, attributes, hint, options].
  form(title, button, fields, send, cancel) {
    const { words } = this;
    const summary = make("div:problem", { role: "alert", tabindex: -1 });
    const form = make("form:form", { "aria-label": title, novalidate: "" },
      make("p:title", {}, title), summary,
      ...fields.map((field) => this.#field(...field)),
      make("p:row", {},
        make("button:button", {}, button),
        cancel && make("button:button plain", { type: "button", onclick: cancel }, words.cancel)));
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (form.ariaBusy) return;
      form.ariaBusy = "true";
      summary.replaceChildren();
      const values = {};
      const errors = [];
      for (const control of form.querySelectorAll("[name]")) {
        const { name, type, checked, value, validationMessage } = control;
        control.ariaInvalid = null;
        control.nextSibling.textContent = "";
        values[name] = type === "checkbox" ? checked : value.trim();
        if (validationMessage) errors.push({ field: name, detail: validationMessage });
      }
      try {
        if (errors[0]) throw { errors };
        await send(values);
      } catch (problem) {
        const told = problem.errors?.map(({ field, detail }) => {
          const control = form.elements[field];
          if (!control) return make("p", {}, detail);
          control.ariaInvalid = "true";
          control.nextSibling.textContent = detail;
          const onclick = (click) => (click.preventDefault(), control.focus());
          return make("p", {}, make("a", { href: "#", onclick }, `${control.labels[0].firstChild.data}: ${detail}`));
        });
        summary.append(make("p:title", {}, words.problem), ...(told?.length ? told : this.excuse(problem)), ...(problem.ways ?? []));
        summary.focus();
      }
      form.ariaBusy = null;
    };
    return form;
  }

  #field(name, label, tag, given, hint, options = []) {
    const id = `field-${this.#ids++}`;
    const isBox = given.type === "checkbox";
    return make(isBox ? "div:check" : "div", {},
      make("label", { for: id }, label, hint && make("span:hint", {}, ` (${hint})`)),
      make(isBox ? tag : `${tag}:field`, { name, id, dir: "auto", "aria-describedby": `${id}-error`, ...given }, ...options.map((each) => make("option", {}, each))),
      make("p:error", { id: `${id}-error` }));
  }

  // Give a form what posts it: under a key that stays while the words do, so that trying again
  // makes no second one, and with a token that tells how long was written.
  poster(path, form) {
    let sent, key, token;
    form.addEventListener("focusin", () => (token ??= this.ask(`${path}/token`).catch(() => {})));
    return async (values) => {
      const body = { ...values, token: (await token)?.data.token };
      const text = JSON.stringify(body);
      if (text !== sent) [sent, key] = [text, crypto.getRandomValues(new Uint32Array(4)).join("-")];
      const { data } = await this.ask(path, "POST", { "Idempotency-Key": key }, body).catch((problem) => {
        // An old one may be what is wrong.
        if (problem.errors) token = null;
        throw problem;
      });
      return data;
    };
  }
}

class BlogComments extends BlogElement {
  #writer = {};
  #items;
  #forms;
  #list;
  #isOpen;

  async content() {
    const { article, words } = this;
    const path = this.path = `articles/${encodeURIComponent(article)}`;
    const order = this.getAttribute("order") === "newest" ? "newest" : "oldest";
    const query = `order=${order}`;
    const [{ data, meta: { pagination: { total, next } } }, about] = await Promise.all([this.ask(`${path}/comments?${query}`), this.ask(`${path}?fields=comments`)]);
    if (article !== this.article) return [];
    const { is_open, closed_because } = about.data.comments;
    this.#items = new Map();
    this.#forms = new Map();
    this.#list = make("ol:list");
    this.#isOpen = is_open;
    for (const comment of data) this.#add(comment);
    this.own = this.#kept("") ?? this.own ?? [];
    for (const own of this.own) this.#recall(own);
    return [
      make(`h${this.getAttribute("level") ?? 2}:heading`, {}, total ? fill(words.count, { n: total }) : words.none),
      this.#list,
      next && this.#more(words[order], query, `&page=${next}`),
      is_open ? this.#form() : make("p:hint", {}, closed_because),
    ];
  }

  #kept(key) {
    try {
      return JSON.parse(sessionStorage.getItem(this.server + this.path + key));
    } catch {
      // Some browsers are told to keep none.
    }
  }

  #keep(key, value) {
    try {
      if (!this.hasAttribute("no-storage")) sessionStorage.setItem(this.server + this.path + key, JSON.stringify(value));
    } catch {}
  }

  // Put a comment below what it answers, or else what its branch begins with; once.
  #add(comment, branch) {
    const { id, parent_id, replies = [], more_replies } = comment;
    if (this.#items.has(id)) return;
    const parent = this.#items.get(parent_id);
    const above = parent ?? branch;
    const isFlat = above?.level === LEVELS;
    const list = isFlat ? above.list : above ? (above.below ??= above.li.appendChild(make("ol"))) : this.#list;
    const level = isFlat ? LEVELS : (above?.level ?? 0) + 1;
    const li = list.appendChild(make("li"));
    const item = { comment, li, list, level, answers: isFlat && parent?.comment.name };
    this.#items.set(id, item);
    this.#show(item);
    for (const reply of replies) this.#add(reply, item);
    if (more_replies) li.append(this.#more(fill(this.words.more, { n: more_replies }), `mode=flat&limit=100&thread_id=${id}`, "", item));
    return item;
  }

  #more(text, query, from, branch) {
    return this.#button(text, async (button) => {
      const { data, meta: { pagination: { next, cursor } } } = await this.ask(`${this.path}/comments?${query}${from}`);
      const added = data.map((each) => this.#add(each, branch)).find(Boolean);
      from = next ? `&page=${next}` : `&cursor=${cursor}`;
      added?.article.focus();
      if (!next && !cursor) button.remove();
    });
  }

  // Make a button whose failure is told beside it.
  #button(text, act, given) {
    const failure = make("span:error", { role: "alert" });
    const button = make("button:action", { type: "button", ...given }, text);
    button.onclick = async () => {
      button.after(failure);
      failure.textContent = "";
      await act(button).catch((problem) => failure.append(...this.excuse(problem)));
    };
    return button;
  }

  #show(item, own) {
    const { words } = this;
    const { comment, answers, isUnsaved } = item;
    const { name, url, state, created_at, html } = comment;
    const isPending = state === "pending";
    const isGone = !isPending && words[state];
    const canChange = own && new Date(own.edit_until) > Date.now();
    const article = make("article:comment", { tabindex: -1 }, ...(isGone ? [make("p:hint", {}, isGone)] : [
      make("header:meta", {},
        make("b:name", { dir: "auto" }, name), " ",
        comment.by_author && make("span:badge", {}, `${words.author} `),
        comment.is_pinned && make("span:badge", {}, `${words.pinned} `),
        make("a:date", { href: url }, make("time", { datetime: created_at }, this.#when(created_at, { dateStyle: "long" }))),
        answers && make("span:hint", {}, ` · ${fill(words.answers, { name: answers })}`),
        comment.edited_at && make("span:hint", {}, ` · ${words.edited}`)),
      make("div:text", { dir: "auto" }, ...cleaned(parsed(html).childNodes)),
      (isPending || isUnsaved) && make("p:waiting", {}, isPending ? words.pending : words.unsaved),
      make("footer:actions", {}, ...(own ? canChange ? [
        this.#button(words.edit, () => this.#edit(item, own)),
        this.#button(words.withdraw, (button) => this.#withdraw(item, own, button)),
        fill(words.until, { time: this.#when(own.edit_until, { timeStyle: "short" }) }),
      ] : [] : [
        this.#isOpen && this.#button(words.reply, () => this.#reply(item), { "aria-label": fill(words.replyTo, comment) }),
        make("a", { href: `${url}/report`, rel: "nofollow" }, words.report),
      ])),
    ]));
    item.article?.remove();
    item.li.prepend(item.article = article);
  }

  #when(moment, style) {
    const at = new Date(moment);
    try {
      return at.toLocaleString(this.closest("[lang]")?.lang || [], style);
    } catch {
      return at.toLocaleString([], style);
    }
  }

  #form(parent) {
    const { words, path } = this;
    const key = parent?.id ?? "new";
    const form = this.form(parent ? fill(words.replyTo, parent) : words.write, words.post, [
      ["name", words.name, "input", { autocomplete: "name", required: "" }],
      ["email", words.email, "input", { type: "email", autocomplete: "email", dir: "ltr" }, words.optional],
      ["body", words.body, "textarea", { required: "" }],
      ["follow", words.follow, "input", { type: "checkbox" }],
    ], async (values) => {
      const { name, body } = this.#writer = values;
      // She has posted, so from here on her words outlive a reload, should this go wrong.
      this.#keep(key, [name, body]);
      const parent_id = parent?.id;
      const taken = await post({ ...values, parent_id });
      this.#keep(key, null);
      this.#forms.delete(key);
      form.replaceWith(parent ? "" : this.#form());
      this.#posted({ ...taken, name, parent_id });
    }, parent && (() => (form.remove(), this.#items.get(key).article.focus())));
    const post = this.poster(`${path}/comments`, form);
    const { name, email, body } = form.elements;
    [name.value, body.value] = this.#kept(key) ?? [this.#writer.name ?? "", ""];
    email.value = this.#writer.email ?? "";
    return form;
  }

  async #reply({ article, comment }) {
    const { id } = comment;
    const form = this.#forms.get(id) ?? this.#form(comment);
    this.#forms.set(id, form);
    article.after(form);
    const { name, body } = form.elements;
    (name.value ? body : name).focus();
  }

  #posted(comment) {
    const { id, state, edit_token, edit_until, name, parent_id } = comment;
    const own = { id, edit_token, edit_until, name, parent_id };
    this.own.push(own);
    const event = new CustomEvent("blog-comment", { bubbles: true, cancelable: true, detail: { ...own, state } });
    if (this.dispatchEvent(event)) this.#keep("", this.own);
    const item = this.#items.get(id) ?? this.#add(comment);
    this.#show(item, own);
    item.article.focus();
  }

  // Show again what she wrote before, wherever the thread has it, and let her change it in time.
  async #recall(own) {
    const { data } = await this.#mine(own).catch(() => ({}));
    if (!data || data.state === "withdrawn") return;
    const item = this.#items.get(own.id) ?? this.#add({ ...own, ...data });
    this.#show(item, own);
  }

  #mine({ id, edit_token }, method, headers, body) {
    return this.ask(`comments/${id}`, method, { Authorization: `Bearer ${edit_token}`, ...headers }, body);
  }

  async #edit(item, own) {
    const { words } = this;
    const { data, etag } = await this.#mine(own);
    const back = () => {
      form.remove();
      this.#show(item, own);
      item.article.focus();
    };
    const form = this.form(words.edit, words.save, [["body", words.body, "textarea", { required: "" }]], async (values) => {
      const changed = await this.#mine(own, "PATCH", { "If-Match": etag }, values);
      const { state, html } = changed.data;
      item.isUnsaved = state === "published" && html === item.comment.html;
      Object.assign(item.comment, { state, html });
      back();
    }, back);
    item.article.replaceWith(form);
    form.elements.body.value = data.body;
    form.elements.body.focus();
  }

  async #withdraw(item, own, button) {
    const { sure } = this.words;
    if (button.textContent !== sure) return void (button.textContent = sure);
    await this.#mine(own, "DELETE");
    item.comment.state = "withdrawn";
    this.#show(item);
    item.article.focus();
  }
}

customElements.define("blog-comments", BlogComments);
