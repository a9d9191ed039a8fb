//! Writes TPC-H's two largest tables by both encoders in turns, and prints processor time, size and
//! memory as ratios: `cargo run --release -p formats --example against_arrow_writer -- 0.5 3 snappy all`
//! for scale 0.5, in three turns, for each column, too. With `memory_of=ours` or `theirs` it prints what
//! one of them really takes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for us alone"
)]

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch};
use formats::parquet::Codec;

#[allow(dead_code, unreachable_pub, reason = "shared with the benches")]
#[path = "../benches/support/mod.rs"]
mod support;

/// Nanoseconds that this thread has run.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next();
    let scale: f64 = next().map_or(0.1, |text| text.parse().unwrap());
    let turns: usize = next().map_or(3, |text| text.parse().unwrap());
    if let Ok(writer) = std::env::var("memory_of") {
        return print_memory(&writer, scale);
    }
    let codec = match next().as_deref() {
        Some("none") => Codec::None,
        Some("zstd") => Codec::ZSTD,
        _ => Codec::Snappy,
    };
    // No column, all of them, or those whose names begin so.
    let columns = next().unwrap_or_else(|| "none".to_owned());
    let folder = next().unwrap_or_else(|| "/tmp/against_arrow_writer".to_owned());
    std::fs::create_dir_all(&folder).unwrap();
    let tables = [
        ("lineitem", support::lineitem(scale, usize::MAX)),
        ("orders", support::orders(scale, usize::MAX)),
    ];
    for (name, batches) in &tables {
        let names = batches[0].schema();
        let names = names.fields().iter().map(|field| field.name().clone());
        for (position, column) in names.enumerate() {
            if columns == "all" || column.starts_with(&columns) {
                let of_column: Vec<RecordBatch> = batches
                    .iter()
                    .map(|batch| batch.project(&[position]).unwrap())
                    .collect();
                compare(&column, &of_column, (codec, turns), Path::new(&folder));
            }
        }
        if columns == "none" || columns == "all" {
            compare(name, batches, (codec, turns), Path::new(&folder));
        }
    }
}

/// By how much the process grows while one of the two writes, for which it has to be alone. Below zero,
/// the scale is that of one value, in MiB.
fn print_memory(writer: &str, scale: f64) {
    let batches = if scale < 0.0 {
        let bytes = (0..(-scale as u64) << 20).map(|at| (at.wrapping_mul(at) >> 13) as u8);
        let array = BinaryArray::from_iter_values([bytes.collect::<Vec<u8>>()]);
        support::column("huge", std::iter::once(Arc::new(array) as ArrayRef))
    } else {
        support::lineitem(scale, usize::MAX)
    };
    let kilobytes = |name: &str| -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let before = kilobytes("VmRSS:");
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let path = Path::new("/tmp/memory_of.parquet");
    let (_, said) = match writer {
        "ours" => support::ours(path, &batches, Codec::Snappy),
        _ => support::theirs(path, &batches, Codec::Snappy),
    };
    let grown = kilobytes("VmHWM:") - before;
    println!("{writer}: {} MiB, said {} MiB", grown >> 10, said >> 20);
}

fn compare(name: &str, batches: &[RecordBatch], (codec, turns): (Codec, usize), folder: &Path) {
    let (ours, theirs) = (
        folder.join(format!("{name}.ours.parquet")),
        folder.join(format!("{name}.theirs.parquet")),
    );
    let (mut our_time, mut their_time) = (u64::MAX, u64::MAX);
    let (mut our_memory, mut their_memory) = (0, 0);
    for _ in 0..turns {
        let start = processor_time();
        (_, their_memory) = support::theirs(&theirs, batches, codec);
        let between = processor_time();
        (_, our_memory) = support::ours(&ours, batches, codec);
        their_time = their_time.min(between - start);
        our_time = our_time.min(processor_time() - between);
    }
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() as f64;
    println!(
        "{name:16} faster {:5.2}  (ours {:7.1} ms, {:7.0} MB/s)  size {:6.3}  memory {:6.3} of {} MiB",
        their_time as f64 / our_time as f64,
        our_time as f64 / 1e6,
        support::bytes(batches) as f64 / our_time as f64 * 1e3,
        size(&ours) / size(&theirs),
        our_memory as f64 / their_memory.max(1) as f64,
        their_memory >> 20,
    );
}
