// Lists the newest articles of a site, as a front end written for Ghost asks for them.
//
//   npm install
//   node list.js http://127.0.0.1:8000

import GhostContentAPI from '@tryghost/content-api';

const api = new GhostContentAPI({
  url: process.argv[2] ?? 'http://127.0.0.1:8000',
  // The client wants 26 hexadecimal digits; the site takes any.
  key: '0123456789abcdef0123456789',
  version: 'v6.0',
});

const settings = await api.settings.browse();
console.log(settings.title);

let page = 1;
while (page) {
  const posts = await api.posts.browse({ page, limit: 10, include: 'authors,tags' });
  for (const post of posts) {
    // Sweden writes 2026-03-10, and the day is the one it was where the site is written.
    const day = new Date(post.published_at).toLocaleDateString('sv', { timeZone: settings.timezone });
    const writers = post.authors.map((author) => author.name).join(', ');
    const tag = post.primary_tag?.name ?? 'no tag';
    console.log(`${day}  ${post.title} (${writers}; ${tag})\n            ${post.url}`);
  }
  page = posts.meta.pagination.next;
}
