-- Systems that share their site: none, its unique key sees to that. No rows of two columns.
SELECT vendor_site_id, id FROM systems WHERE false
