// Asks a site by Ghost's own client, and prints what it was handed.

import GhostContentAPI from '@tryghost/content-api';

const api = new GhostContentAPI({
  url: process.argv[2],
  key: '0123456789abcdef0123456789',
  version: 'v5.0',
});
const told = {};

async function ask(name, asked) {
  try {
    const found = await asked;
    told[name] = Array.isArray(found) ? { items: [...found], meta: found.meta } : found;
  } catch (error) {
    const { message, name: type, id, context } = error;
    told[name] = { message, type, id, context };
  }
}

await ask('posts', api.posts.browse({
  include: ['tags', 'authors'], filter: 'tag:daily-care+featured:false', formats: ['plaintext'],
}));
await ask('second', api.posts.browse({
  limit: 1, page: 2, order: 'published_at DESC', fields: 'id,title,primary_tag',
}));
await ask('all', api.posts.browse({ limit: 'all' }));
await ask('by id', api.posts.read({ id: 'mesotherapy-or-microneedling' }, { include: 'tags' }));
await ask('by slug', api.posts.read({ slug: 'winter' }, { formats: ['html', 'plaintext'] }));
await ask('tags', api.tags.browse({
  limit: 'all', include: 'count.posts', order: 'count.posts DESC', filter: 'visibility:public',
}));
await ask('tag', api.tags.read({ slug: 'daily-care' }));
await ask('authors', api.authors.browse({ include: 'count.posts' }));
await ask('author', api.authors.read({ slug: 'sandra-de-beer' }));
await ask('pages', api.pages.browse({ fields: 'title,url' }));
await ask('page', api.pages.read({ slug: 'privacy' }));
await ask('settings', api.settings.browse());
const older = new GhostContentAPI({
  url: process.argv[2], key: '0123456789abcdef0123456789', version: 'v3',
});
await ask('older', older.posts.browse({ limit: 1, filter: 'tag:daily-care', fields: 'id' }));
await ask('people', api.authors.browse({ filter: 'visibility:public', fields: 'slug' }));
await ask('nothing', api.posts.read({ slug: 'nothing' }));
await ask('invalid', api.posts.browse({ page: 'first' }));
await ask('tiers', api.tiers.browse());

console.log(JSON.stringify(told));
