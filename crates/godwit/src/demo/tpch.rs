//! The eight tables of TPC-H, generated straight into SQLite.
#![allow(
    clippy::needless_pass_by_value,
    reason = "the generators hand out rows, and each function takes the ones of its table"
)]

use rusqlite::{Connection, Result, Statement, params};
use tpchgen::decimal::TPCHDecimal;
use tpchgen::generators::{
    Customer, CustomerGenerator, LineItem, LineItemGenerator, NationGenerator, Order,
    OrderGenerator, Part, PartGenerator, PartSuppGenerator, RegionGenerator, Supplier,
    SupplierGenerator,
};

const TABLES: &str = "
CREATE TABLE region (
    r_regionkey INTEGER PRIMARY KEY, r_name CHAR(25) NOT NULL, r_comment VARCHAR(152));
CREATE TABLE nation (
    n_nationkey INTEGER PRIMARY KEY, n_name CHAR(25) NOT NULL,
    n_regionkey INTEGER NOT NULL REFERENCES region, n_comment VARCHAR(152));
CREATE TABLE supplier (
    s_suppkey INTEGER PRIMARY KEY, s_name CHAR(25) NOT NULL, s_address VARCHAR(40) NOT NULL,
    s_nationkey INTEGER NOT NULL REFERENCES nation, s_phone CHAR(15) NOT NULL,
    s_acctbal DECIMAL(15,2) NOT NULL, s_comment VARCHAR(101) NOT NULL);
CREATE TABLE customer (
    c_custkey INTEGER PRIMARY KEY, c_name VARCHAR(25) NOT NULL, c_address VARCHAR(40) NOT NULL,
    c_nationkey INTEGER NOT NULL REFERENCES nation, c_phone CHAR(15) NOT NULL,
    c_acctbal DECIMAL(15,2) NOT NULL, c_mktsegment CHAR(10) NOT NULL,
    c_comment VARCHAR(117) NOT NULL);
CREATE TABLE part (
    p_partkey INTEGER PRIMARY KEY, p_name VARCHAR(55) NOT NULL, p_mfgr CHAR(25) NOT NULL,
    p_brand CHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, p_size INTEGER NOT NULL,
    p_container CHAR(10) NOT NULL, p_retailprice DECIMAL(15,2) NOT NULL,
    p_comment VARCHAR(23) NOT NULL);
CREATE TABLE partsupp (
    ps_partkey INTEGER NOT NULL REFERENCES part, ps_suppkey INTEGER NOT NULL REFERENCES supplier,
    ps_availqty INTEGER NOT NULL, ps_supplycost DECIMAL(15,2) NOT NULL,
    ps_comment VARCHAR(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE orders (
    o_orderkey INTEGER PRIMARY KEY, o_custkey INTEGER NOT NULL REFERENCES customer,
    o_orderstatus CHAR(1) NOT NULL, o_totalprice DECIMAL(15,2) NOT NULL,
    o_orderdate DATE NOT NULL, o_orderpriority CHAR(15) NOT NULL, o_clerk CHAR(15) NOT NULL,
    o_shippriority INTEGER NOT NULL, o_comment VARCHAR(79) NOT NULL);
CREATE TABLE lineitem (
    l_orderkey INTEGER NOT NULL REFERENCES orders, l_partkey INTEGER NOT NULL REFERENCES part,
    l_suppkey INTEGER NOT NULL REFERENCES supplier, l_linenumber INTEGER NOT NULL,
    l_quantity DECIMAL(15,2) NOT NULL, l_extendedprice DECIMAL(15,2) NOT NULL,
    l_discount DECIMAL(15,2) NOT NULL, l_tax DECIMAL(15,2) NOT NULL,
    l_returnflag CHAR(1) NOT NULL, l_linestatus CHAR(1) NOT NULL, l_shipdate DATE NOT NULL,
    l_commitdate DATE NOT NULL, l_receiptdate DATE NOT NULL, l_shipinstruct CHAR(25) NOT NULL,
    l_shipmode CHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL,
    PRIMARY KEY (l_orderkey, l_linenumber));";

/// Makes and fills the tables.
pub(super) fn fill(connection: &Connection, scale: f64) -> Result<()> {
    connection.execute_batch(TABLES)?;
    let regions = RegionGenerator::new(scale, 1, 1);
    insert(
        connection,
        "INTO region",
        3,
        regions.iter(),
        |statement, row| statement.execute(params![row.r_regionkey, row.r_name, row.r_comment]),
    )?;
    let nations = NationGenerator::new(scale, 1, 1);
    insert(
        connection,
        "INTO nation",
        4,
        nations.iter(),
        |statement, row| {
            statement.execute(params![
                row.n_nationkey,
                row.n_name,
                row.n_regionkey,
                row.n_comment
            ])
        },
    )?;
    let suppliers = SupplierGenerator::new(scale, 1, 1);
    insert(connection, "INTO supplier", 7, suppliers.iter(), supplier)?;
    let customers = CustomerGenerator::new(scale, 1, 1);
    insert(connection, "INTO customer", 8, customers.iter(), customer)?;
    let parts = PartGenerator::new(scale, 1, 1);
    insert(connection, "INTO part", 9, parts.iter(), part)?;
    // With few suppliers TPC-H names some pairs twice.
    let supplies = PartSuppGenerator::new(scale, 1, 1);
    insert(
        connection,
        "OR IGNORE INTO partsupp",
        5,
        supplies.iter(),
        |statement, row| {
            statement.execute(params![
                row.ps_partkey,
                row.ps_suppkey,
                row.ps_availqty,
                money(row.ps_supplycost),
                row.ps_comment
            ])
        },
    )?;
    let orders = OrderGenerator::new(scale, 1, 1);
    insert(connection, "INTO orders", 9, orders.iter(), order)?;
    let lines = LineItemGenerator::new(scale, 1, 1);
    insert(connection, "INTO lineitem", 16, lines.iter(), line)
}

fn insert<R>(
    connection: &Connection,
    into: &str,
    columns: usize,
    rows: impl Iterator<Item = R>,
    mut bind: impl FnMut(&mut Statement<'_>, &R) -> Result<usize>,
) -> Result<()> {
    let places = vec!["?"; columns].join(", ");
    let mut statement = connection.prepare(&format!("INSERT {into} VALUES ({places})"))?;
    for row in rows {
        bind(&mut statement, &row)?;
    }
    Ok(())
}

/// The double nearest to so many cents: its shortest digits are the cents again.
#[allow(
    clippy::cast_precision_loss,
    reason = "cents of TPC-H are far below 2^53"
)]
fn money(amount: TPCHDecimal) -> f64 {
    amount.into_inner() as f64 / 100.0
}

fn supplier(statement: &mut Statement<'_>, row: &Supplier) -> Result<usize> {
    statement.execute(params![
        row.s_suppkey,
        row.s_name.to_string(),
        row.s_address.to_string(),
        row.s_nationkey,
        row.s_phone.to_string(),
        money(row.s_acctbal),
        row.s_comment
    ])
}

fn customer(statement: &mut Statement<'_>, row: &Customer<'_>) -> Result<usize> {
    statement.execute(params![
        row.c_custkey,
        row.c_name.to_string(),
        row.c_address.to_string(),
        row.c_nationkey,
        row.c_phone.to_string(),
        money(row.c_acctbal),
        row.c_mktsegment,
        row.c_comment
    ])
}

fn part(statement: &mut Statement<'_>, row: &Part<'_>) -> Result<usize> {
    statement.execute(params![
        row.p_partkey,
        row.p_name.to_string(),
        row.p_mfgr.to_string(),
        row.p_brand.to_string(),
        row.p_type,
        row.p_size,
        row.p_container,
        money(row.p_retailprice),
        row.p_comment
    ])
}

fn order(statement: &mut Statement<'_>, row: &Order<'_>) -> Result<usize> {
    statement.execute(params![
        row.o_orderkey,
        row.o_custkey,
        row.o_orderstatus.as_str(),
        money(row.o_totalprice),
        row.o_orderdate.to_string(),
        row.o_orderpriority,
        row.o_clerk.to_string(),
        row.o_shippriority,
        row.o_comment
    ])
}

fn line(statement: &mut Statement<'_>, row: &LineItem<'_>) -> Result<usize> {
    statement.execute(params![
        row.l_orderkey,
        row.l_partkey,
        row.l_suppkey,
        row.l_linenumber,
        row.l_quantity,
        money(row.l_extendedprice),
        money(row.l_discount),
        money(row.l_tax),
        row.l_returnflag,
        row.l_linestatus,
        row.l_shipdate.to_string(),
        row.l_commitdate.to_string(),
        row.l_receiptdate.to_string(),
        row.l_shipinstruct,
        row.l_shipmode,
        row.l_comment
    ])
}
