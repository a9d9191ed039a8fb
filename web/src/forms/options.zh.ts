/**
 * The Chinese of titles and descriptions of options, by their English; line breaks count as blanks. What is missing
 * is shown as the definition has it; `options.zh.test.ts` tells of it.
 */
const TEXTS: Record<string, string> = {
  // Connectors
  PostgreSQL: 'PostgreSQL',
  MySQL: 'MySQL',
  SQLite: 'SQLite',
  'Lake (Apache Iceberg)': '数据湖（Apache Iceberg）',
  'Parquet files': 'Parquet 文件',
  'PostgreSQL from version 10 on; parallel splits from version 14 on.':
    'PostgreSQL 10 及以上版本；14 及以上版本支持并行切分。',
  'MySQL 5.7 and 8, MariaDB 10 and later': 'MySQL 5.7 和 8，MariaDB 10 及以上版本',
  'a database file of SQLite 3': 'SQLite 3 数据库文件',
  'an embedded Apache Iceberg v2 warehouse in a local folder, with its catalog in SQLite':
    '本地目录中的内嵌 Apache Iceberg v2 数仓，元数据目录存于 SQLite',
  'Parquet in a folder on the local disk, one folder per table.':
    '本地磁盘目录中的 Parquet，每张表一个目录。',

  // Connections
  'PostgreSQL connection': 'PostgreSQL 连接',
  'MySQL connection': 'MySQL 连接',
  Connection: '连接',
  FilesConnection: '连接',
  'Where the server is and who we are there.': '服务器位置和登录身份。',
  'Where the server is and who we are.': '服务器位置和登录身份。',
  'A database file.': '数据库文件。',
  'Where the lake is.': '数据湖的位置。',
  'Where the tables are.': '表所在的位置。',
  Host: '主机',
  'Name or address of the server, or the folder of its socket.': '服务器的主机名或地址，或其套接字所在目录。',
  'Name or address of the server.': '服务器的主机名或地址。',
  Port: '端口',
  'TCP port of the server.': '服务器的 TCP 端口。',
  Socket: '套接字',
  "Path of the server's Unix socket; where set, host and port are not used.":
    '服务器 Unix 套接字的路径；设置后不再使用主机和端口。',
  Database: '数据库',
  'The database that names without one mean; a database is a schema here.':
    '未写明数据库的表名所指的数据库；此处数据库即 schema。',
  User: '用户',
  'Who we are there.': '登录用户。',
  Password: '密码',
  'Unset where the server asks for none.': '服务器不要求时留空。',
  File: '文件',
  "The database file; a relative path starts at the migration file's folder.":
    '数据库文件；相对路径从迁移文件所在目录开始。',
  Folder: '目录',
  "The warehouse's folder, relative to the migration file. It holds `catalog.db` and one folder per namespace, and must not be moved: the paths inside are absolute.":
    '数仓目录，相对于迁移文件。其中有 `catalog.db` 和每个命名空间的目录；内部路径为绝对路径，不可移动。',
  'The folder that holds one folder per table. Relative to the migration file. Made when the first table is loaded.':
    '其下每张表一个目录。相对于迁移文件。首次加载表时创建。',
  'Connect timeout': '连接超时',
  'Seconds until a server that does not answer counts as unreachable.': '服务器无响应多少秒后视为不可达。',
  'Seconds to wait until the server has let us in.': '等待服务器允许登录的秒数。',
  Connections: '连接数',
  'How many sessions may be open at once: readers, the holder of the snapshot, and a spare one.':
    '最多同时打开的会话数：读取会话、持有快照的会话和一个备用会话。',
  'How many connections may be open at once: readers, the one that holds the snapshot, and a spare one for metadata and cancelling.':
    '最多同时打开的连接数：读取连接、持有快照的连接，以及一个用于元数据和取消的备用连接。',
  'Search path': '搜索路径',
  "The schemas in which filters look for names; the user's own at the server where empty.":
    '过滤条件中查找名称的 schema；留空则使用该用户在服务器上的设置。',
  'Wait for locks': '等待锁',
  'How many seconds to wait while somebody else has locked the file.': '文件被他人锁定时等待的秒数。',

  // TLS
  TLS: 'TLS 加密',
  'How the connection is encrypted.': '连接的加密方式。',
  Mode: '模式',
  'Unset means `verify-full`, and `disable` for servers on this machine.':
    '留空为 `verify-full`；本机上的服务器为 `disable`。',
  'What is encrypted and what is checked.': '加密什么，校验什么。',
  'Clear text.': '明文。',
  'Encrypted; the server may be anybody.': '加密；不校验服务器身份。',
  "Encrypted; the server's certificate is signed by an authority that we trust.":
    '加密；服务器证书由受信任的机构签发。',
  'Encrypted; the certificate is signed, and names the host.': '加密；证书已签发，且与主机名一致。',
  'Certificate authority': '证书颁发机构',
  "A PEM file with the authorities to trust; the system's where unset.":
    '受信任机构的 PEM 文件；留空则使用系统的。',

  // Reading
  Read: '读取',
  'How to read.': '读取方式。',
  'How tables are read.': '表的读取方式。',
  'Reading from PostgreSQL': '从 PostgreSQL 读取',
  'Reading from MySQL': '从 MySQL 读取',
  NoOptions: '没有选项',
  'Nothing to choose.': '没有可选项。',
  'CHAR padding': 'CHAR 填充',
  'What to do with the blanks that fill `char(n)` up to its length.': '如何处理 `char(n)` 末尾填充的空格。',
  'Batch read count': '批量读取条数',
  'How many records are read and handed on at a time, at most; large ones go on earlier.':
    '每次最多读取并传递的记录数；记录较大时提前传递。',
  'They stay, as the server sends them.': '保留，与服务器返回的一致。',
  'They go: the server itself takes no notice of them when it compares.': '去除：服务器比较时本就忽略它们。',
  'Inherited rows': '继承表的行',
  'Whether a table is read with the rows of the tables that inherit from it. Partitions always belong to their table.':
    '读取表时是否包含继承自它的表的行。分区始终属于其所在的表。',
  'Whether a table is read with the rows of the tables that inherit from it.':
    '读取表时是否包含继承自它的表的行。',
  'With them, as the server shows the table.': '包含，与服务器显示的一致。',
  'Without them: each table has its own rows alone.': '不包含：每张表只有自己的行。',
  'Row security': '行级安全',
  'What to do with a table whose policies hide rows from this user.':
    '表的策略对该用户隐藏部分行时如何处理。',
  'The table is refused.': '拒绝该表。',
  'The rows that the user may see are read, and the plan says so.': '读取该用户可见的行，并在计划中说明。',
  'Hidden columns': '隐藏字段',
  'What to do with a table of which the user may read some columns only: the server does not show the others.':
    '用户只能读取部分字段时如何处理：服务器不显示其余字段。',
  'What to do with a table of which the user may read some columns only.': '用户只能读取部分字段时如何处理。',
  'The table is read without them.': '读取该表，不含这些字段。',
  Snapshot: '快照',
  'The id of the snapshot to read, where it is not the newest. Only tables that have it can be read.':
    '要读取的快照 ID，留空为最新快照。只能读取具有该快照的表。',

  // Writing
  Write: '写入',
  FilesWrite: '写入',
  'How to write.': '写入方式。',
  'How files are made.': '文件的生成方式。',
  'How tables are written.': '表的写入方式。',
  'How rows are written into a PostgreSQL database.': '行写入 PostgreSQL 数据库的方式。',
  'PostgreSQL as a destination': '写入 PostgreSQL',
  'Writing to MySQL': '写入 MySQL',
  'Lock timeout': '锁超时',
  'Seconds that a commit waits for a table that somebody holds, and meanwhile others wait behind it; or for transactions that look at an older moment.':
    '提交时等待被占用的表（期间其他会话在其后等待），或等待仍在查看较早时刻的事务的秒数。',
  'Commit wait': '提交等待',
  "Seconds that a commit tries for its table's lock while others read the table. It asks for a few seconds at a time, for whoever comes meanwhile waits behind it.":
    '他人读取表时，提交尝试获取表锁的总秒数。每次只请求几秒，因为期间到来的会话会在其后等待。',
  'Rebuild below': '重建阈值',
  'A new or exchanged table whose load is smaller than so many mebibytes is rebuilt before it appears: a reader whose snapshot began while it was loaded then gets an error, and not some of its rows. 0: never.':
    '加载量小于该值（MiB）的新表或交换表会在可见前重建：加载期间开始快照的读取方会得到错误，而不是部分行。0 表示从不。',
  Compression: '压缩',
  'How data files are compressed.': '数据文件的压缩方式。',
  'How pages of the files are compressed.': '文件页的压缩方式。',
  'How pages are compressed.': '页的压缩方式。',
  'Fast, and read by everything.': '快，所有工具都能读取。',
  'Smaller, slower.': '更小，更慢。',
  'Smaller at good speed.': '更小，速度良好。',
  'Small and fast; readers need to be newer.': '小而快；需要较新的读取工具。',
  'File size': '文件大小',
  'In MiB: a data file that has grown to this size is closed and another one begun.':
    '单位 MiB：数据文件达到该大小后关闭并开始新文件。',
  'In bytes: a new file begins when one has reached this.': '单位字节：文件达到该大小后开始新文件。',
  'Snapshots kept': '保留快照数',
  'How many snapshots of a table stay readable, the newest included; older ones are removed with their files after each load.':
    '表保留多少个可读快照（含最新快照）；更早的快照及其文件在每次加载后删除。',
  Grace: '宽限期',
  'In minutes: so long the files of an overwritten table stay for readers that hold them open.':
    '单位分钟：被覆盖的表的文件为仍在读取的程序保留的时间。',
  'Row group size': '行组大小',
  'In bytes: a row group ends when its encoded size reaches this.': '单位字节：行组编码后达到该大小即结束。',
};

/** The Chinese of a text of an option's definition, where there is one. */
export function inChinese(text: string): string | undefined {
  return Object.hasOwn(TEXTS, text) ? TEXTS[text] : undefined;
}
