-- One row for every URL that was asked for and answered, or that failed for
-- good. A row is written in one transaction with the links of its page.
CREATE TABLE pages (
  url          TEXT PRIMARY KEY, -- absolute, normalised, without fragment
  status       INTEGER NOT NULL, -- HTTP status of the last answer; 0: there was none
  content_type TEXT NOT NULL,    -- as the server sent it
  size         INTEGER NOT NULL, -- bytes of the body after decompression
  title        TEXT NOT NULL,    -- of an HTML page
  depth        INTEGER NOT NULL, -- links from a start page, the shortest way
  time         TEXT NOT NULL,    -- when it was answered: RFC 3339, UTC, microseconds
  latency_us   INTEGER NOT NULL, -- last attempt, from the request to the last byte
  attempts     INTEGER NOT NULL, -- 1: no retry; 0: not asked for
  error        TEXT NOT NULL,    -- what is wrong with it, on one line; '': nothing
  error_kind   TEXT NOT NULL,    -- '', http, timeout, dns, connection, tls, redirect,
                                 -- size, content, url, robots
  redirect     TEXT NOT NULL,    -- where a redirect points, normalised; '': it is none
  external     INTEGER NOT NULL  -- 1: off the crawled sites, checked but not read
);

-- One row for every page and URL it refers to, with the text of the first link.
CREATE TABLE links (
  "from" TEXT NOT NULL,
  "to"   TEXT NOT NULL,          -- normalised; as written if it is not a URL
  text   TEXT NOT NULL           -- what a reader sees, or the element's name
);

-- Each broken URL with every page that refers to it; "from" is NULL for a start
-- page that nothing refers to. What robots.txt disallows is not broken.
CREATE VIEW broken_links AS
  SELECT p.url AS "to", p.status, p.error_kind, p.error, l."from", l.text
  FROM pages p LEFT JOIN links l ON l."to" = p.url
  WHERE p.error_kind NOT IN ('', 'robots');

-- What is known and how far it is. Within a host, id is the order of the crawl.
CREATE TABLE frontier (
  host       TEXT NOT NULL,
  id         INTEGER NOT NULL,
  url        TEXT NOT NULL UNIQUE,
  depth      INTEGER NOT NULL,
  hops       INTEGER NOT NULL,   -- redirects since the last link
  external   INTEGER NOT NULL,
  done       INTEGER NOT NULL,   -- 1: its row in pages is written
  first_link INTEGER NOT NULL,   -- rowids of its links, which lie together
  last_link  INTEGER NOT NULL,
  PRIMARY KEY (host, id)
) WITHOUT ROWID;

-- What the crawl was started with.
CREATE TABLE crawl (key TEXT PRIMARY KEY, value TEXT NOT NULL);
