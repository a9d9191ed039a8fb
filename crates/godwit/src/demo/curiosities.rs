//! Tables with the names and values that real databases have and examples leave out: reserved
//! words, blanks and other scripts in names, no key, no rows, no type, both ends of 64 bits.

use rusqlite::{Connection, Result};

const SQL: &str = "
-- A reserved word as a name, as a column's name, too.
CREATE TABLE `order` (
    id INTEGER PRIMARY KEY, `group` TEXT, `select` BOOLEAN NOT NULL, placed_at DATETIME,
    deliver_at TIME, total DECIMAL(12,2));
INSERT INTO `order` VALUES
    (1, 'retail', TRUE, '2024-02-29 23:59:59.999999', '08:30:00', 19.99),
    (2, 'wholesale', FALSE, '1969-12-31 23:59:59', '23:59:59.5', 9999999999.99),
    (3, NULL, TRUE, NULL, NULL, NULL),
    (-4, '', FALSE, '9999-12-31 00:00:00', '00:00:00', -0.01);

-- Names that are not letters, digits and underscores.
CREATE TABLE `Mixed Case` (
    `Customer No.` INTEGER PRIMARY KEY, `Full Name` TEXT, `E-Mail` TEXT, `1st visit` DATE);
INSERT INTO `Mixed Case` VALUES
    (1, 'Renée O''Connor', 'renee@example.org', '2001-01-01'),
    (2, '  blanks before and behind  ', NULL, '0001-01-01'),
    (3, '', '', NULL);

CREATE TABLE 评论 (编号 INTEGER PRIMARY KEY, 内容 TEXT NOT NULL, 星级 INTEGER);
INSERT INTO 评论 VALUES
    (1, '质量很好，下次再来', 5),
    (2, 'great 🐦‍⬛, would migrate again', 4),
    (3, 'two lines' || char(10) || 'and a' || char(9) || 'tab, \"quotes\", a comma', 3),
    (4, 'é (composed) and ' || char(101, 769) || ' (decomposed) are two texts', NULL),
    (5, '${bizdate} <script>alert(1)</script>', 1);

CREATE TABLE empty_table (id INTEGER PRIMARY KEY, note TEXT);

CREATE TABLE attachments (id INTEGER PRIMARY KEY, token UUID, content BLOB);
INSERT INTO attachments VALUES
    (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', x'89504e470d0a1a0a'),
    (2, '6ecd8c99-4036-403d-bf84-cf8400f67836', x''),
    (3, NULL, NULL),
    (4, '00000000-0000-0000-0000-000000000000', zeroblob(100000));

-- No key, and a row that stands there twice.
CREATE TABLE events (
    happened_at TIMESTAMP WITH TIME ZONE, payload JSON, counter BIGINT, ratio DOUBLE, ok BOOLEAN);
INSERT INTO events VALUES
    ('2024-03-31 02:30:00+01:00', '{ \"z\": 1, \"a\": [null, 2.50] }', 9223372036854775807, 0.1, TRUE),
    ('2024-03-31T01:30:00Z', '\"text\"', -9223372036854775808, 1e300, FALSE),
    ('1970-01-01 00:00:00Z', 'null', 0, -0.0, NULL),
    ('2024-01-01 08:00:00+08:00', '[]', 9007199254740993, 5e-324, TRUE),
    ('2024-01-01 08:00:00+08:00', '[]', 9007199254740993, 5e-324, TRUE),
    (NULL, NULL, NULL, NULL, NULL);

CREATE TABLE settings (key TEXT PRIMARY KEY, value JSON) WITHOUT ROWID;
INSERT INTO settings VALUES
    ('currency', '\"EUR\"'), ('limits', '{\"per_day\": 100}'), ('', 'true'), ('Currency', NULL);

-- The last column has no type: the migration file says what to read it as.
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, extra);
INSERT INTO notes VALUES
    (1, 'a number', 42), (2, 'a text', 'forty-two'), (3, 'a fraction', 0.1), (4, NULL, NULL);

CREATE VIEW open_orders AS
    SELECT o_orderkey, o_custkey, o_totalprice FROM orders WHERE o_orderstatus = 'O';
";

/// Makes and fills the tables.
pub(super) fn fill(connection: &Connection) -> Result<()> {
    connection.execute_batch(SQL)
}
