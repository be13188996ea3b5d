-- Size of a page in bytes, pages in the file, pages free for re-use.
SELECT p.page_size, c.page_count, f.freelist_count
FROM pragma_page_size() AS p, pragma_page_count() AS c, pragma_freelist_count() AS f
