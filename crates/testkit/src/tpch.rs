//! TPC-H as CSV files, for loading into test servers: `COPY … (FORMAT csv)`, `LOAD DATA … FIELDS
//! TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'`. No header line, lines end with `\n`, no nulls.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use tpchgen::csv::{
    CustomerCsv, LineItemCsv, NationCsv, OrderCsv, PartCsv, PartSuppCsv, RegionCsv, SupplierCsv,
};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

/// A table, and how many rows its file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenTable {
    /// `region`, `nation`, …; the file is `region.csv`.
    pub name: &'static str,
    /// Lines of the file.
    pub rows: u64,
}

/// Writes the eight tables at `scale` into `folder`, which is made if missing; parents come before
/// the tables that refer to them.
pub fn write_csv(scale: f64, folder: &Path) -> Result<Vec<WrittenTable>> {
    std::fs::create_dir_all(folder)?;
    let regions = RegionGenerator::new(scale, 1, 1);
    let nations = NationGenerator::new(scale, 1, 1);
    let suppliers = SupplierGenerator::new(scale, 1, 1);
    let customers = CustomerGenerator::new(scale, 1, 1);
    let parts = PartGenerator::new(scale, 1, 1);
    let supplies = PartSuppGenerator::new(scale, 1, 1);
    let orders = OrderGenerator::new(scale, 1, 1);
    let lines = LineItemGenerator::new(scale, 1, 1);
    Ok(vec![
        write(folder, "region", regions.iter().map(RegionCsv::new))?,
        write(folder, "nation", nations.iter().map(NationCsv::new))?,
        write(folder, "supplier", suppliers.iter().map(SupplierCsv::new))?,
        write(folder, "customer", customers.iter().map(CustomerCsv::new))?,
        write(folder, "part", parts.iter().map(PartCsv::new))?,
        write(folder, "partsupp", supplies.iter().map(PartSuppCsv::new))?,
        write(folder, "orders", orders.iter().map(OrderCsv::new))?,
        write(folder, "lineitem", lines.iter().map(LineItemCsv::new))?,
    ])
}

fn write(
    folder: &Path,
    name: &'static str,
    lines: impl Iterator<Item = impl Display>,
) -> Result<WrittenTable> {
    let mut file = BufWriter::new(File::create(folder.join(name).with_extension("csv"))?);
    let mut rows = 0;
    for line in lines {
        writeln!(file, "{line}")?;
        rows += 1;
    }
    file.flush()?;
    Ok(WrittenTable { name, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let tables = write_csv(0.001, folder.path()).unwrap();
        let rows: Vec<(&str, u64)> = tables
            .iter()
            .map(|table| (table.name, table.rows))
            .collect();
        assert_eq!(
            rows,
            [
                ("region", 5),
                ("nation", 25),
                ("supplier", 10),
                ("customer", 150),
                ("part", 200),
                ("partsupp", 800),
                ("orders", 1_500),
                ("lineitem", 6_005),
            ]
        );
        for table in tables {
            let path = folder.path().join(table.name).with_extension("csv");
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(text.lines().count() as u64, table.rows);
        }
    }
}
