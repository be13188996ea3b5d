CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER);
CREATE TABLE lines (
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  article TEXT NOT NULL,
  PRIMARY KEY (order_id, number)
);
