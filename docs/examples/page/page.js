// Shows the articles of a blog, one of them whole with its comments and a form to write to the
// clinic: a page of its own, at another address than the blog's.
//
//   BLOG_ALLOWED_ORIGINS=http://127.0.0.1:9000 make run
//   python3 -m http.server 9000 --bind 127.0.0.1 --directory docs/examples/page

const API = "http://127.0.0.1:8000/api/v1";

const at = (id) => document.getElementById(id);
// A day is the day that it was where the blog is written.
let timeZone;
const day = (text) => new Date(text).toLocaleDateString(document.documentElement.lang, { dateStyle: "long", timeZone });

async function ask(address) {
  const answer = await fetch(address, { credentials: "omit" });
  const said = await answer.json();
  // What is wrong is told in a sentence for people.
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

function make(tag, given, ...children) {
  const node = Object.assign(document.createElement(tag), given);
  node.append(...children);
  return node;
}

// The address of what follows; null when all is shown.
let next = `${API}/articles?limit=10&fields=id,title,summary,published_at`;

async function showMore() {
  const { data, links } = await ask(next);
  next = links.next;
  at("more").hidden = !next;
  at("articles").append(...data.map(({ id, title, summary, published_at }) => make("li", {},
    make("h2", {}, make("a", { href: `#${id}` }, title)),
    make("p", {}, summary, " ", make("time", { dateTime: published_at }, day(published_at))))));
}

async function showArticle(id) {
  const { data } = await ask(`${API}/articles/${encodeURIComponent(id)}`);
  const { title, authors, published_at, reading_minutes, cover, html } = data;
  at("title").textContent = document.title = title;
  at("about").textContent = `${authors.map(({ name }) => name).join(", ")} · ${day(published_at)} · ${reading_minutes} min`;
  at("cover").hidden = !cover;
  if (cover) Object.assign(at("cover"), { src: cover.url, alt: cover.alt });
  // The blog has cleaned it, and the policy of this page lets nothing run that stands in it.
  at("text").innerHTML = html;
  for (const name of ["blog-comments", "blog-contact"]) {
    const element = document.querySelector(name) ?? make(name, {});
    // With another article the element begins anew.
    element.setAttribute("article", id);
    at("reading").append(element);
  }
}

// What stands behind the # is the article to be read; nothing is the list.
async function show() {
  const id = decodeURIComponent(location.hash.slice(1));
  at("trouble").textContent = "";
  try {
    timeZone ??= (await ask(`${API}/settings`)).data.time_zone;
    if (id) await showArticle(id);
    else if (!at("articles").children.length) await showMore();
    at("list").hidden = Boolean(id);
    at("reading").hidden = !id;
    if (id) at("title").focus();
  } catch (error) {
    at("trouble").textContent = error instanceof TypeError ? "The blog can’t be reached at this moment." : error.message;
  }
}

at("more").onclick = () => showMore().catch((error) => { at("trouble").textContent = error.message; });
addEventListener("hashchange", show);
show();
