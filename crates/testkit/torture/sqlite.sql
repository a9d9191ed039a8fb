-- =====================================================================================
-- TORTURE SCHEMA for SQLite 3.37+               (files: torture.db, torture_utf16.db)
--
-- Load : sqlite3 -bail torture.db < sqlite.sql       (in a folder without either file; FTS5 and R-tree built in)
-- Expected outcomes per column and row: expected/sqlite.toml, expected/sqlite_utf16.toml.
-- Ground truth for a test: typeof(col), quote(col) and ieee754_to_blob(col) of the command line client.
--
-- SQLite stores any value in any column: the declared type is a wish. One table c_… for each declared type
-- holds a value of each storage class, then what is special about that type; `why` says what each row is.
-- =====================================================================================
PRAGMA encoding = 'UTF-8';

-- ------------------------------------------------------------------ 1. STORAGE CLASSES BY DECLARED TYPE
-- PRESERVE: 64 bits, whatever the declared width; a REAL, TEXT or BLOB is no integer
CREATE TABLE c_integer (id INTEGER PRIMARY KEY, v INTEGER, why TEXT);
INSERT INTO c_integer VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,-9223372036854775808,'minimum'),(7,9223372036854775807,'maximum'),(8,9223372036854775808,'one more: SQLite makes a REAL of it'),
 (9,9007199254740993,'2^53+1: no double'),(10,'12','digits become a number'),(11,3.0,'a whole REAL becomes a number'),(12,'0x10','no number'),(13,'','empty TEXT');
CREATE TABLE c_tinyint (id INTEGER PRIMARY KEY, t TINYINT, s SMALLINT(3), u BIGINT UNSIGNED, n INT(11), why TEXT);
INSERT INTO c_tinyint VALUES (1,300,99999,-1,9223372036854775807,'SQLite keeps no width and no sign'),(2,NULL,NULL,NULL,NULL,'NULLs'),(3,-129,0,0,-9223372036854775808,'below');

-- PRESERVE: 0 and 1; anything else is no boolean
CREATE TABLE c_boolean (id INTEGER PRIMARY KEY, v BOOLEAN, why TEXT);
INSERT INTO c_boolean VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,0,'false'),(7,TRUE,'the keyword is 1'),(8,2,'neither'),(9,-1,'neither'),(10,'true','the word'),(11,1.0,'becomes 1');

-- PRESERVE: the decimal that was written, though SQLite keeps a fraction as a double; never rounded
CREATE TABLE c_decimal (id INTEGER PRIMARY KEY, v DECIMAL(15,2), why TEXT);
INSERT INTO c_decimal VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,1.10,'display scale'),(7,0.1,'no double is 0.1'),(8,9999999999999.99,'15 digits'),(9,-9999999999999.99,'the same below'),(10,1.005,'three places'),
 (11,12345678901234.56,'16 digits: which decimal was meant cannot be told'),(12,9223372036854775807,'too many digits'),(13,9e999,'infinity'),
 (14,-0.0,'negative zero becomes 0'),(15,'1.10','digits in TEXT become a REAL'),(16,1e-3,'a small one'),(17,1e15,'16 digits before the point'),(18,'1,5','comma');
CREATE TABLE c_decimal38 (id INTEGER PRIMARY KEY, v DECIMAL(38,10), w NUMERIC(5), why TEXT);
INSERT INTO c_decimal38 VALUES (1,9223372036854775807,99999,'maxima'),(2,0.0000000001,-99999,'smallest step'),(3,1e27,0,'28 digits in a REAL of one digit'),(4,NULL,NULL,'NULLs'),(5,1e28,1,'29 digits before the point');

-- PRESERVE: every bit
CREATE TABLE c_real (id INTEGER PRIMARY KEY, v REAL, why TEXT);
INSERT INTO c_real VALUES (1,NULL,'NULL'),(2,1,'INTEGER becomes 1.0'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,9e999,'infinity'),(7,-9e999,'-infinity'),(8,-0.0,'negative zero, as far as SQLite keeps it'),(9,1.7976931348623157e308,'maximum'),(10,5e-324,'smallest denormal'),
 (11,0.1,'0.1'),(12,9007199254740993,'2^53+1, rounded at the source already'),(13,'1.5','digits become a REAL'),(14,9e999-9e999,'NaN: SQLite makes NULL of it'),(15,123456789012345680.0,'17 digits');

-- PRESERVE: code points one by one; bytes that are no UTF-8 are rejected, never replaced; NUL stays
CREATE TABLE c_text (id INTEGER PRIMARY KEY, v TEXT, why TEXT);
INSERT INTO c_text VALUES (1,NULL,'NULL'),(2,1,'INTEGER becomes TEXT'),(3,1.5,'REAL becomes TEXT'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'','empty'),(7,'NULL','the word'),(8,'\N','backslash N'),(9,'a'||char(0)||'b','NUL inside'),(10,char(0),'NUL alone'),
 (11,char(1)||char(2)||char(3),'Hive delimiters'),(12,'l1'||char(10)||'l2'||char(13,10)||'l3'||char(13)||'end','line breaks'),(13,'a'||char(9)||'b|c,d;"e"','delimiters'),
 (14,char(128512),'emoji'),(15,char(128104,8205,128105,8205,128103),'ZWJ sequence'),(16,char(233)||'e'||char(769),'NFC and NFD'),(17,char(134047),'extension B'),
 (18,char(65279)||'a','BOM'),(19,char(8238)||'abc','RTL override'),(20,char(65533),'U+FFFD itself'),(21,char(65534,65535),'non-characters'),(22,char(133,8232,8233),'line separators'),
 (23,CAST(x'c4e3bac3' AS TEXT),'GBK bytes'),(24,CAST(x'61ff62' AS TEXT),'a byte that is in no UTF-8'),(25,CAST(x'eda080' AS TEXT),'a surrogate in UTF-8'),(26,CAST(x'c080' AS TEXT),'NUL, overlong'),(27,CAST(x'f4908080' AS TEXT),'beyond U+10FFFF'),(28,CAST(x'e4bd' AS TEXT),'cut within a character'),
 (29,'  x  ','blanks'),(30,'=1+1','spreadsheet formula'),(31,'<script>alert(1)</script>','HTML'),(32,'${bizdate}','a placeholder in DATA stays'),(33,'1e5','looks like a number'),
 (34,replace(hex(zeroblob(524288)),'00','xx'),'1 MiB'),(35,replace(hex(zeroblob(32768)),'00',char(128512)),'32768 emoji');
CREATE TABLE c_varchar (id INTEGER PRIMARY KEY, v VARCHAR(3), c CHARACTER(3), n NVARCHAR(3), k CLOB, why TEXT);
INSERT INTO c_varchar VALUES (1,'longer than three','x','日本語','clob','SQLite keeps to no length'),(2,NULL,NULL,NULL,NULL,'NULLs'),(3,'','','','','empty');

-- PRESERVE: bytes; TEXT is not bytes unless a person says so; empty is not NULL
CREATE TABLE c_blob (id INTEGER PRIMARY KEY, v BLOB, why TEXT);
INSERT INTO c_blob VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),(6,x'','empty'),
 (7,x'000102030405060708090a0b0c0d0e0f7f8081fdfeff','all kinds of bytes'),(8,zeroblob(1048576),'1 MiB');
CREATE TABLE c_bytes (id INTEGER PRIMARY KEY, v TEXT, why TEXT);
INSERT INTO c_bytes VALUES (1,NULL,'NULL'),(2,CAST(x'c4e3bac3' AS TEXT),'GBK bytes, read as binary'),(3,'','empty'),(4,x'00ff','BLOB');

-- PRESERVE: days that exist, of the years 0001 to 9999, written in full
CREATE TABLE c_date (id INTEGER PRIMARY KEY, v DATE, why TEXT);
INSERT INTO c_date VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,2460310.5,'REAL: a Julian day'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'2024-02-29','leap day'),(7,'0001-01-01','first day'),(8,'9999-12-31','last day'),(9,'1582-10-10','gap of the Gregorian switch'),(10,'1969-12-31','before the epoch'),
 (11,'2023-02-29','no such day'),(12,'0000-00-00','zero date'),(13,'10000-01-01','5-digit year'),(14,'2024-1-1','not in full'),(15,'2024-01-01 00:00:00','more than a day'),
 (16,'20240101','becomes an INTEGER'),(17,1704067200,'seconds since 1970'),(18,'','empty TEXT'),(19,'0000-01-01','year 0'),(20,'-4712-01-01','before year 0'),(21,'now','what SQLite would take for today');

-- PRESERVE: wall clock, microseconds; never a guess about a zone
CREATE TABLE c_datetime (id INTEGER PRIMARY KEY, v DATETIME, why TEXT);
INSERT INTO c_datetime VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,2460310.5,'REAL: a Julian day'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'2024-03-10 02:30:00.123456','gap in New York'),(7,'2024-03-10T02:30:00','T'),(8,'2024-03-10 02:30','no seconds'),(9,'1969-12-31 23:59:59.999999','fraction before the epoch'),
 (10,'0001-01-01 00:00:00','first'),(11,'9999-12-31 23:59:59.999999','last'),(12,'2024-01-01 00:00:00.1234567','7 places'),(13,'2024-01-01 00:00:00.1234560','7 places, the last a zero'),
 (14,'2024-01-01 00:00:00Z','UTC said'),(15,'2024-01-01 00:00:00+08:00','offset said'),(16,'2024-01-01 24:00:00','24:00'),(17,'2024-01-01 23:59:60','leap second'),(18,'2024-01-01','day alone'),(19,'2262-04-11 23:47:16.854776','edge of int64 nanoseconds');

-- PRESERVE: the instant, whatever offset it is written in
CREATE TABLE c_timestamptz (id INTEGER PRIMARY KEY, v TIMESTAMP WITH TIME ZONE, why TEXT);
INSERT INTO c_timestamptz VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'2024-11-03 01:30:00-04:00','first 01:30 in New York'),(7,'2024-11-03 01:30:00-05:00','second 01:30'),(8,'1988-07-01T00:00:00+09:00','Asia/Shanghai DST'),(9,'1970-01-01 00:00:00Z','epoch'),(10,'1969-12-31 23:59:59.999999z','fraction before the epoch'),
 (11,'2024-01-01 00:00:00','no zone'),(12,'0001-01-01 00:00:00+08:00','in year 0 of UTC'),(13,'9999-12-31 23:59:59-01:00','in year 10000 of UTC'),(14,'2024-01-01 00:00:00 +05:30','a blank before the offset'),(15,'2024-01-01 00:00:00+15:00','no such offset');

-- PRESERVE: times of a day; 24:00:00 is none
CREATE TABLE c_time (id INTEGER PRIMARY KEY, v TIME, why TEXT);
INSERT INTO c_time VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'00:00:00','zero'),(7,'23:59:59.999999','last'),(8,'12:00','no seconds'),(9,'24:00:00','24:00'),(10,'-00:00:01','negative'),(11,'838:59:59','a duration'),(12,'00:00:00.0000001','7 places'),(13,'2024-01-01 00:00:00','with a day');

-- PRESERVE: canonical text, from text of any case and from 16 bytes
CREATE TABLE c_uuid (id INTEGER PRIMARY KEY, v UUID, why TEXT);
INSERT INTO c_uuid VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),
 (6,'123E4567-e89b-12d3-a456-426614174000','mixed case'),(7,x'00000000000000000000000000000000','16 bytes'),(8,x'ffffffffffffffffffffffffffffffff','16 bytes'),(9,'{123e4567-e89b-12d3-a456-426614174000}','braces'),(10,'123e4567e89b12d3a456426614174000','no groups');

-- PRESERVE: the text as it stands: blanks, order, doubled keys, digits; JSON null is not NULL
CREATE TABLE c_json (id INTEGER PRIMARY KEY, v JSON, why TEXT);
INSERT INTO c_json VALUES (1,NULL,'NULL'),(2,1,'INTEGER is JSON'),(3,1.5,'REAL is JSON'),(4,'text','TEXT that is no JSON'),(5,x'00ff','BLOB'),
 (6,'{ "z":1, "a":2, "a":3 }','doubled keys'),(7,'null','JSON null'),(8,'{"n":12345678901234567890123,"e":1e400}','numbers over 64 bits'),(9,'"\u0000"','an escaped NUL'),(10,'','empty TEXT'),(11,'[1,]','a comma too many'),
 (12,'"\ud83d\ude00"','escaped surrogates'),(13,9e999,'infinity is no JSON'),(14,replace(hex(zeroblob(100)),'00','[')||replace(hex(zeroblob(100)),'00',']'),'nested 100 deep');

-- PRESERVE: nothing is guessed: refused until a person says what to read them as
CREATE TABLE c_none (id INTEGER PRIMARY KEY, v, why TEXT);
INSERT INTO c_none VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),(6,9223372036854775807,'maximum'),(7,0.1,'shortest digits'),(8,9e999,'infinity'),(9,'1','the digit as TEXT'),(10,5e-324,'denormal'),(11,1e300,'large');
CREATE TABLE c_double (id INTEGER PRIMARY KEY, v, why TEXT);
INSERT INTO c_double VALUES (1,NULL,'NULL'),(2,1,'INTEGER'),(3,1.5,'REAL'),(4,'text','TEXT'),(5,x'00ff','BLOB'),(6,9007199254740992,'2^53'),(7,9007199254740993,'2^53+1: no double'),(8,-0.0,'negative zero');
CREATE TABLE c_numeric (id INTEGER PRIMARY KEY, v NUMERIC, w DECIMAL(40,2), why TEXT);
INSERT INTO c_numeric VALUES (1,NULL,NULL,'NULL'),(2,1,1,'INTEGER'),(3,1.5,1.5,'REAL'),(4,'text','text','TEXT'),(5,x'00ff',NULL,'BLOB');
CREATE TABLE c_unknown (id INTEGER PRIMARY KEY, v WEIRD(3), p POINT, f FLOATING, b BLOBBY, why TEXT);
INSERT INTO c_unknown VALUES (1,NULL,NULL,NULL,NULL,'NULL'),(2,1,2,3,x'01','INTEGER'),(3,1.5,4,2.5,x'','REAL'),(4,'text','5',1e300,x'00ff','TEXT'),(5,x'00ff',6,0,x'ff','BLOB');

-- ------------------------------------------------------------------ 2. KINDS OF TABLES
-- PRESERVE: STRICT tables hold what they declare; ANY takes all and keeps '007' a text
CREATE TABLE t_strict (id INTEGER PRIMARY KEY, i INT, n INTEGER, r REAL, t TEXT, b BLOB, a ANY, why TEXT) STRICT;
INSERT INTO t_strict VALUES (1,1,-9223372036854775808,1,'x',x'00','007','all'),(2,NULL,NULL,NULL,NULL,NULL,NULL,'NULLs'),(3,2,9223372036854775807,0.1,'',x'',7,'INTEGER in ANY'),(4,3,0,-1.5,'中文',x'ff',x'07','BLOB in ANY');
-- PRESERVE: computed columns are values like others, stored or not
CREATE TABLE t_generated (id INTEGER PRIMARY KEY, a INTEGER, v INTEGER GENERATED ALWAYS AS (a*2) VIRTUAL, s TEXT GENERATED ALWAYS AS ('<'||a||'>') STORED, d DECIMAL(9,2) AS (a/4.0));
INSERT INTO t_generated(id,a) VALUES (1,21),(2,NULL),(3,-1);
ALTER TABLE t_generated ADD COLUMN late INTEGER DEFAULT 42;
ALTER TABLE t_generated ADD COLUMN gone TEXT; ALTER TABLE t_generated DROP COLUMN gone; ALTER TABLE t_generated ADD COLUMN why TEXT DEFAULT 'added later';
CREATE TABLE t_auto (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT); -- makes sqlite_sequence
INSERT INTO t_auto(v) VALUES ('a'),('b');
CREATE TABLE e_empty (id INTEGER PRIMARY KEY, v TEXT);
-- PRESERVE: 2000 columns in order, as many as SQLite takes
.once torture_wide.sql
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1999)
SELECT 'CREATE TABLE t_wide (id INTEGER PRIMARY KEY,' || group_concat('c'||i||' INT') || '); INSERT INTO t_wide VALUES (1,' || group_concat(i%100) || ');' FROM n;
.read torture_wide.sql

-- ------------------------------------------------------------------ 3. KEYS AND SPLITTING
CREATE TABLE k_nopk (a INT, b TEXT); INSERT INTO k_nopk VALUES (1,'x'),(1,'x'),(1,'x'),(NULL,NULL);
-- PRESERVE: 20000 rows, 99 % in one tenant; no rowid to cut by
CREATE TABLE k_composite (tenant INT, id INT, v TEXT, PRIMARY KEY(tenant,id)) WITHOUT ROWID;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 19999)
INSERT INTO k_composite SELECT CASE WHEN i%100=0 THEN 2 WHEN i=7 THEN 3 ELSE 1 END, i, 'v'||i FROM n;
-- PRESERVE: rowids at both ends of 64 bits, and a gap wider than 63 bits between them
CREATE TABLE k_sparse (id INTEGER PRIMARY KEY, v INT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000) INSERT INTO k_sparse SELECT i, i%7 FROM n;
INSERT INTO k_sparse VALUES (-9223372036854775808,1),(9223372036854775807,2),(1541815603606036480,3),(-5,4);
CREATE TABLE k_blob (id BLOB PRIMARY KEY, v INT) WITHOUT ROWID; INSERT INTO k_blob VALUES (x'',0),(x'00',1),(x'ff',2),(x'ff00',3);
-- PRESERVE: a key of TEXT may be NULL in SQLite, several times; NOCASE compares, it does not change
CREATE TABLE k_text (id TEXT PRIMARY KEY COLLATE NOCASE, v INT); INSERT INTO k_text VALUES ('a',0),('B',1),('Ä',2),('ä',3),('',4),(NULL,5),(NULL,6),('中',7);
-- PRESERVE: keys of any length; elsewhere they have a limit (MySQL: 3072 bytes, so 768 characters)
CREATE TABLE k_long (id TEXT NOT NULL PRIMARY KEY, v INT);
INSERT INTO k_long VALUES (replace(hex(zeroblob(384)), '0', char(128512)), 0), (replace(hex(zeroblob(384)), '0', char(128512)) || 'x', 1), ('', 2);
-- PRESERVE: any column may be called like the row number
CREATE TABLE k_rowid_taken (rowid TEXT, _rowid_ TEXT, oid TEXT); INSERT INTO k_rowid_taken VALUES ('r','_r_','o'),('r2','_r2_','o2');
CREATE TABLE k_rowid_half (rowid TEXT, v INT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) INSERT INTO k_rowid_half SELECT 'r'||i, i FROM n;
CREATE TABLE bank (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) INSERT INTO bank SELECT i, 1000 FROM n;
CREATE TABLE orders (id INTEGER PRIMARY KEY, n_items INTEGER NOT NULL); CREATE TABLE order_items (order_id INTEGER REFERENCES orders, line INTEGER, PRIMARY KEY(order_id,line));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100) INSERT INTO orders SELECT i, 3 FROM n;
INSERT INTO order_items SELECT id, line FROM orders, (SELECT 1 AS line UNION ALL SELECT 2 UNION ALL SELECT 3);

-- ------------------------------------------------------------------ 4. VIEWS, VIRTUAL TABLES
CREATE VIEW v_ok AS SELECT id, v FROM c_integer WHERE id IN (1,2,6,7,9,10,11);
CREATE VIEW v_untyped AS SELECT id, v*2 AS doubled, 'n'||id AS named FROM c_tinyint JOIN (SELECT 4 AS v) ;
CREATE TABLE soon_gone (id INTEGER); CREATE VIEW v_broken AS SELECT id FROM soon_gone; 
CREATE VIEW v_fails AS SELECT id, v FROM c_integer WHERE id IN (2,6,7) AND abs(v) > 0; -- overflows on row 6
CREATE VIRTUAL TABLE x_fts USING fts5(title, body); INSERT INTO x_fts VALUES ('one','first text'),('two','zweiter Text');
CREATE VIRTUAL TABLE x_rtree USING rtree(id, x0, x1); INSERT INTO x_rtree VALUES (1,0.5,1.5),(2,-1,1);
PRAGMA legacy_alter_table = ON; DROP TABLE soon_gone;

-- ------------------------------------------------------------------ 5. NAMES
CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "user" TEXT, "order" INT, "group" INT, "table" INT); INSERT INTO "select" VALUES (1,'u',1,1,1);
CREATE TABLE "MixedCase" ("Id" INTEGER PRIMARY KEY, "UserName" TEXT); INSERT INTO "MixedCase" VALUES (1,'x');
CREATE TABLE "my table" ("a b" INTEGER PRIMARY KEY, "a-b" INT, "a_b" INT, "a.b" INT, "a/b" INT, "1st" INT, "100%" INT, "a""b" INT, "a'b" INT, "a`b" INT, "a[b]" INT, "a\b" INT, " trail " INT, "?" INT, "?1" INT, ":x" INT, "@x" INT, "$x" INT);
INSERT INTO "my table" VALUES (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18);
CREATE TABLE "列表" ("编号" INTEGER PRIMARY KEY, "名称" TEXT, "é" INT, "é" INT, "İ" INT, "😀" INT); INSERT INTO "列表" VALUES (1,'张三',1,2,3,4);
CREATE TABLE "t_150_chars_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1" (id INTEGER PRIMARY KEY); INSERT INTO "t_150_chars_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1" VALUES (1);
CREATE TABLE "t_150_chars_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2" (id INTEGER PRIMARY KEY); INSERT INTO "t_150_chars_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2" VALUES (2);
CREATE TABLE n_partition_clash (id INTEGER PRIMARY KEY, ds TEXT, dt DATE, _row INT); INSERT INTO n_partition_clash VALUES (1,'20240101','2024-01-01',1);
CREATE TABLE "x'; DROP TABLE c_integer; -- " ("c); DROP TABLE c_integer; --" INT); INSERT INTO "x'; DROP TABLE c_integer; -- " VALUES (1);
CREATE TABLE "../../outside/evil" (id INTEGER PRIMARY KEY); INSERT INTO "../../outside/evil" VALUES (1);
CREATE TABLE "<script>alert(1)</script>" ("<img src=x onerror=alert(1)>" INT); INSERT INTO "<script>alert(1)</script>" VALUES (1);
CREATE TABLE "${bizdate}" ("${source_table_name}" INT); INSERT INTO "${bizdate}" VALUES (1);
CREATE TABLE "CON" ("NUL" INT); INSERT INTO "CON" VALUES (1);
CREATE TABLE "n
ws" ("line
break" INT, "tab	tab" INT); INSERT INTO "n
ws" VALUES (1,2);
CREATE TABLE "a.b" ("c.d" INT); INSERT INTO "a.b" VALUES (1);


-- ------------------------------------------------------------------ 6. A FILE IN UTF-16
.open torture_utf16.db
PRAGMA encoding = 'UTF-16le';
-- PRESERVE: code points; SQLite itself makes other characters of a surrogate that stands alone (row 7 reads as U+90061)
CREATE TABLE c_text (id INTEGER PRIMARY KEY, v TEXT, why TEXT);
INSERT INTO c_text VALUES (1,NULL,'NULL'),(2,'plain','ASCII'),(3,'','empty'),(4,char(128512),'emoji'),(5,char(20320,22909),'Chinese'),(6,CAST(x'3dd8' AS TEXT),'a surrogate alone'),(7,CAST(x'00de6100' AS TEXT),'the other one first'),(8,char(65533),'U+FFFD itself'),(9,'a'||char(0)||'b','NUL inside');
CREATE TABLE "列表" ("编号" INTEGER PRIMARY KEY, "名称" TEXT); INSERT INTO "列表" VALUES (1,'张三');
